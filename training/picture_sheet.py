"""Rows of RGBA pictures in, one picture for people out: transparency as a checkerboard, a word above each column."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from evaluation.decomposition.contact_sheet import TILE_PX, tile

_GAP_PX, _TEXT_PX = 6, 14
_PAPER, _INK = (255, 255, 255), (40, 40, 40)

Row = Sequence[np.ndarray | str]  # uint8 straight RGBA [H, W, 4], all of one size; or a word in a place of its own


def sheet(words: Sequence[str], rows: Sequence[Row]) -> np.ndarray:
    """uint8 RGB. Small pictures are enlarged by a whole factor, so that their pixels can be told apart."""
    tiles = [[one if isinstance(one, str) else tile(_enlarged(one)) for one in row] for row in rows]
    width, height = next(one.size for row in tiles for one in row if not isinstance(one, str))
    across, down = max(width, 4 * _TEXT_PX) + _GAP_PX, height + _GAP_PX
    drawn = Image.new("RGB", (across * len(words) + _GAP_PX, down * len(rows) + _GAP_PX + _TEXT_PX), _PAPER)
    pen = ImageDraw.Draw(drawn)
    for column, word in enumerate(words):
        pen.text((_GAP_PX + column * across, 1), word, fill=_INK)
    for line, row in enumerate(tiles):
        for column, one in enumerate(row):
            place = (_GAP_PX + column * across, _TEXT_PX + _GAP_PX + line * down)
            if isinstance(one, str):
                pen.text(place, one, fill=_INK)
            else:
                drawn.paste(one, place)
    return np.asarray(drawn)


def _enlarged(rgba: np.ndarray) -> np.ndarray:
    height, width = rgba.shape[:2]
    factor = max(1, min(TILE_PX[0] // width, TILE_PX[1] // height))
    return rgba.repeat(factor, 0).repeat(factor, 1)
