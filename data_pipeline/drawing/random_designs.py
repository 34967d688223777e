"""Random designs: a seed goes in, varied layer stacks come out, for benchmarks and property tests."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from psd_tools.constants import BlendMode

from data_pipeline.drawing.document import draw
from data_pipeline.drawing.layers import Group, Mask, Node, Pixels, Text

_SIDES_PX = (256, 384, 512, 640, 768)
_MODES = (BlendMode.MULTIPLY, BlendMode.SCREEN, BlendMode.OVERLAY, BlendMode.SOFT_LIGHT, BlendMode.DARKEN,
          BlendMode.LIGHTEN, BlendMode.LINEAR_DODGE, BlendMode.COLOR)  # fmt: skip
_WORDS = ("sale", "open", "menu", "new", "hello", "today", "studio", "spring", "north", "coffee", "live", "paper")


def draw_many(folder: Path, count: int, seed: int) -> Iterator[Path]:
    """Draws `design-00000.psd` ... into a folder; document k depends on (seed, k) alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = folder / f"design-{index:05d}.psd"
        width, height, layers = random_design(np.random.default_rng((seed, index)))
        draw(path, width, height, layers)
        yield path


def random_design(rng: np.random.Generator) -> tuple[int, int, list[Node]]:
    """Canvas width and height, and layers on an opaque ground: shapes, text marks, photos, groups."""
    width, height = (int(side) for side in rng.choice(_SIDES_PX, 2))
    layers: list[Node] = [_ground(rng, width, height)]
    layers.extend(_layer(rng, width, height) for _ in range(int(rng.integers(3, 16))))
    for _ in range(int(rng.integers(0, 3))):
        members = tuple(_layer(rng, width, height) for _ in range(int(rng.integers(2, 5))))
        mode = BlendMode.PASS_THROUGH if rng.random() < 0.6 else BlendMode.NORMAL
        opacity = 255 if rng.random() < 0.5 else int(rng.integers(90, 255))
        place = int(rng.integers(1, len(layers) + 1))
        layers.insert(place, Group(name="Group", blend_mode=mode, opacity=opacity, layers=members))
    return width, height, layers


def _ground(rng: np.random.Generator, width: int, height: int) -> Node:
    rgba = _gradient(rng, width, height) if rng.random() < 0.6 else _photo(rng, width, height)
    return Pixels(name="Background", rgba=rgba)


def _layer(rng: np.random.Generator, width: int, height: int) -> Node:
    columns, rows = int(rng.integers(24, width * 2 // 3)), int(rng.integers(24, height * 2 // 3))
    left = int(rng.integers(-columns // 4, width - columns // 2))
    top = int(rng.integers(-rows // 4, height - rows // 2))
    kind = rng.choice(["shape", "text", "photo", "gradient"], p=[0.45, 0.25, 0.15, 0.15])
    opacity = 255 if rng.random() < 0.7 else int(rng.integers(60, 255))
    mode = BlendMode.NORMAL if rng.random() < 0.8 else _MODES[int(rng.integers(len(_MODES)))]
    visible = bool(rng.random() > 0.07)
    if kind == "text":
        text = " ".join(rng.choice(_WORDS, int(rng.integers(1, 4))))
        rows = min(rows, max(24, columns // 4))
        rgba = _text_marks(rng, columns, rows)
        return Text(name=text, text=text, rgba=rgba, left=left, top=top, opacity=opacity, visible=visible)
    if kind == "shape":
        rgba = _shape(rng, columns, rows)
    else:
        rgba = (_photo if kind == "photo" else _gradient)(rng, columns, rows)
    mask = None
    if rng.random() < 0.2:
        ramp = np.linspace(0, 255, columns) if rng.random() < 0.5 else np.linspace(255, 0, columns)
        mask = Mask(np.broadcast_to(np.rint(ramp).astype(np.uint8), (rows, columns)), left, top)
    name = f"{str(kind).title()} {int(rng.integers(100))}"
    return Pixels(
        name=name, rgba=rgba, left=left, top=top, opacity=opacity, blend_mode=mode, visible=visible, mask=mask
    )


def _with_alpha(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    rgba = np.empty((*alpha.shape, 4), np.uint8)
    rgba[..., :3] = colour
    rgba[..., 3] = np.rint(np.clip(alpha, 0, 1) * 255)
    rgba[rgba[..., 3] == 0] = 0
    return rgba


def _colour(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, 3).astype(np.uint8)


def _shape(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A super-ellipse, from a diamond to nearly a box, with an edge of one to forty pixels."""
    y, x = np.ogrid[:height, :width]
    power = float(rng.choice([1.2, 2.0, 2.0, 4.0, 12.0]))
    across = np.abs((x + 0.5) / width * 2 - 1) ** power + np.abs((y + 0.5) / height * 2 - 1) ** power
    softness = float(rng.choice([1.5, 1.5, 3.0, 40.0]))
    return _with_alpha(_colour(rng), (1 - across ** (1 / power)) * min(width, height) / 2 / softness)


def _text_marks(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Upright strokes of letter-like widths with gaps between words."""
    alpha = np.zeros((height, width))
    x, pen = 0, max(2, height // 8)
    while x + pen < width:
        if rng.random() < 0.85:
            top = int(rng.integers(0, max(1, height // 3)))
            alpha[top:, x : x + pen] = 1
            bar = int(rng.integers(top, height))
            alpha[bar : bar + pen, x : x + 3 * pen] = 1
        x += pen * int(rng.integers(2, 5))
    alpha[:, 1:-1] = (alpha[:, :-2] + 2 * alpha[:, 1:-1] + alpha[:, 2:]) / 4
    return _with_alpha(_colour(rng), alpha)


def _gradient(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    y, x = np.ogrid[:height, :width]
    angle = rng.random() * 2 * np.pi
    t = (np.cos(angle) * x / width + np.sin(angle) * y / height) % 1.0
    colour = _colour(rng) * (1 - t[..., None]) + _colour(rng) * t[..., None]
    return _with_alpha(np.rint(colour), np.ones((height, width)))


def _photo(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Noise of several octaves, which compresses about as badly as a photograph."""
    total = np.zeros((height, width, 3))
    for octave in (64, 16, 4, 1):
        rows, columns = height // octave + 2, width // octave + 2
        coarse = rng.random((rows, columns, 3)) - 0.5
        fine = coarse.repeat(octave, axis=0)[:height].repeat(octave, axis=1)[:, :width]
        total += fine * octave**0.5
    total = (total - total.min()) / (total.max() - total.min())
    return _with_alpha(np.rint(total * 255), np.ones((height, width)))
