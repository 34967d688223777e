"""A true stack in, the edits out that a prediction of it is tried with: a fixed grid, of shares of the canvas.

Every edit of the grid is done to every layer drawn. The seed draws layers alone, where a stack has more than are asked
for, and from its name, so that no other stack plays a part.
"""

import hashlib
from collections.abc import Callable

import numpy as np

from inference.apply_edits import frame_of
from inference.edits import Edit, Move, Opacity, Recolour, Remove, Reorder, Replace, Resize, Rotate
from schemas.stack import Stack

LAYERS = 4  # of a stack, at most
COLOUR = (200, 30, 120)

# From the index of a layer in a stack, which may be the true one or the predicted one.
Variant = Callable[[int, Stack], Edit]


def _moved(share: float) -> Variant:
    return lambda layer, stack: Move(layer, _rounded(share * stack.width), _rounded(share * stack.height))


def _rounded(value: float) -> int:
    return int(np.floor(value + 0.5))


def _picture() -> np.ndarray:
    """Opaque, 64 x 48 px: ramps of colour under a board of squares."""
    y, x = np.mgrid[:48, :64]
    board = (x // 8 + y // 8) % 2 * 60
    return np.dstack([x * 3 + board, y * 4 + board, 190 - x * 2 + board, np.full_like(x, 255)]).astype(np.uint8)


_PICTURE = _picture()

VARIANTS: dict[str, Variant] = {
    "move by 1/8 of the canvas, right and down": _moved(1 / 8),
    "move by 1/8 of the canvas, left and up": _moved(-1 / 8),
    "resize to a half": lambda layer, _: Resize(layer, (0.5, 0.5)),
    "resize to three halves": lambda layer, _: Resize(layer, (1.5, 1.5)),
    "rotate by 15 degrees": lambda layer, _: Rotate(layer, 15),
    "rotate by 90 degrees": lambda layer, _: Rotate(layer, 90),
    "recolour": lambda layer, _: Recolour(layer, COLOUR),
    "opacity of a half": lambda layer, _: Opacity(layer, 0.5),
    "remove": lambda layer, _: Remove(layer),
    "reorder to the top": lambda layer, stack: Reorder(layer, len(stack.layers) - 1),
    "reorder to the bottom": lambda layer, _: Reorder(layer, 0),
    "replace": lambda layer, _: Replace(layer, _PICTURE),
}


def drawn_layers(truth: Stack, name: str, seed: int, most: int = LAYERS) -> tuple[int, ...]:
    """The layers that the grid is tried on: those that show something, or `most` of them, bottom first."""
    shown = [index for index, layer in enumerate(truth.layers) if frame_of(layer) is not None]
    if len(shown) <= most:
        return tuple(shown)
    digest = hashlib.sha256(f"{seed} {name}".encode("utf-8", "surrogatepass")).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    return tuple(sorted(int(index) for index in rng.choice(shown, most, replace=False)))
