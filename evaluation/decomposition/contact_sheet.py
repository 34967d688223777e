"""A decomposition in, a picture for people out: true layers over predicted ones, matched pairs in columns.

The first column holds the two composites. Layers are those after regrouping, matched before the first merge, so that a
layer with two partners stands in two columns. Transparency shows as a checkerboard; a pair's cost stands below it.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from data_pipeline.compose import compose
from evaluation.decomposition.cut import Cut, uncut
from evaluation.decomposition.metric import Decomposition
from schemas.stack import Stack

TILE_PX = (240, 160)  # the most of a layer's width and height
MOST_COLUMNS = 12
_GAP_PX, _TEXT_PX = 6, 14
_SQUARE_PX = 8
_LIGHT, _DARK, _PAPER, _INK = 255, 204, (255, 255, 255), (40, 40, 40)


def contact_sheet(pred: Stack, truth: Stack, scored: Decomposition) -> np.ndarray:
    """uint8 RGB [height, width, 3]; of more pairs than MOST_COLUMNS, the costliest."""
    pairs = scored.path
    if len(pairs) > MOST_COLUMNS:
        costliest = sorted(pairs, key=lambda pair: -scored.comparisons[pair[0]][pair[1]].cost)[:MOST_COLUMNS]
        pairs = [pair for pair in pairs if pair in costliest]
    size = (truth.width, truth.height)
    true_tiles = {j: tile(_whole(scored.truth[j], size)) for _, j in pairs}
    pred_tiles = {i: tile(_whole(scored.pred[i], size)) for i, _ in pairs}
    columns = [("composite", tile(compose(truth)), tile(compose(pred)))]
    for i, j in pairs:
        columns.append((f"{scored.comparisons[i][j].cost:.3f}", true_tiles[j], pred_tiles[i]))
    return np.asarray(_drawn(columns))


def _whole(cut: Cut, size: tuple[int, int]) -> np.ndarray:
    return uncut(cut, *size)


def tile(rgba: np.ndarray) -> Image.Image:
    """Of uint8 straight RGBA, scaled into TILE_PX and laid onto a checkerboard. Resizing weighs colours by alpha."""
    height, width = rgba.shape[:2]
    scale = min(1.0, TILE_PX[0] / width, TILE_PX[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    layer = Image.fromarray(rgba).convert("RGBa").resize(size, Image.Resampling.BOX).convert("RGBA")
    y, x = np.mgrid[: size[1], : size[0]] // _SQUARE_PX
    board = Image.fromarray(np.where((x + y) % 2, _DARK, _LIGHT).astype(np.uint8)).convert("RGBA")
    return Image.alpha_composite(board, layer).convert("RGB")


def _drawn(columns: Sequence[tuple[str, Image.Image, Image.Image]]) -> Image.Image:
    width, height = columns[0][1].size
    step = max(width, 4 * _TEXT_PX) + _GAP_PX
    sheet = Image.new("RGB", (step * len(columns) + _GAP_PX, 2 * (height + _GAP_PX) + _GAP_PX + _TEXT_PX), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, (label, above, below) in enumerate(columns):
        left = _GAP_PX + number * step
        sheet.paste(above, (left, _GAP_PX))
        sheet.paste(below, (left, 2 * _GAP_PX + height))
        pen.text((left, 3 * _GAP_PX + 2 * height - 2), label, fill=_INK)
    return sheet
