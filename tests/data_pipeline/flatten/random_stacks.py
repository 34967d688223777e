"""A seed -> small documents of all that a stack can be made of: every effect, masks, groups, clipping, blend modes."""

from dataclasses import replace

import numpy as np
from psd_tools.constants import BlendMode, Tag

from data_pipeline.drawing import (
    Bevel,
    ColourOverlay,
    DropShadow,
    Gradient,
    GradientOverlay,
    Group,
    InnerGlow,
    InnerShadow,
    Invert,
    Mask,
    Node,
    OuterGlow,
    PatternOverlay,
    Pixels,
    Satin,
    Stroke,
    Tile,
)
from data_pipeline.drawing.layers import Effect
from data_pipeline.flatten.blend import MODES

SIDE = 40
_PLAIN_MODES = (
    BlendMode.MULTIPLY,
    BlendMode.SCREEN,
    BlendMode.DARKEN,
    BlendMode.LIGHTEN,
    BlendMode.LINEAR_DODGE,
    BlendMode.LINEAR_BURN,
    BlendMode.DIFFERENCE,
    BlendMode.EXCLUSION,
)
_SWITCHES = (
    Tag.LAYER_MASK_AS_GLOBAL_MASK,
    Tag.VECTOR_MASK_AS_GLOBAL_MASK,
    Tag.BLEND_INTERIOR_ELEMENTS,
    Tag.BLEND_CLIPPING_ELEMENTS,
)


def random_stack(rng: np.random.Generator) -> list[Node]:
    """Layers for a canvas of SIDE x SIDE, bottom to top; three in four have an opaque ground."""
    layers: list[Node] = []
    if rng.random() < 0.75:
        layers.append(_ground(rng))
    return layers + _siblings(rng, int(rng.integers(4, 12)), 2)


def plain_stack(rng: np.random.Generator) -> list[Node]:
    """The same of pixel layers and groups without effects, in modes that make no difference of the backdrop larger."""
    return [_ground(rng), *_plain_siblings(rng, int(rng.integers(2, 9)), 2)]


def _ground(rng: np.random.Generator) -> Pixels:
    rgba = rng.integers(0, 256, (SIDE, SIDE, 4)).astype(np.uint8)
    rgba[..., 3] = 255
    return Pixels(name="Ground", rgba=rgba)


def _plain_siblings(rng: np.random.Generator, count: int, depth: int) -> list[Node]:
    layers: list[Node] = []
    for index in range(count):
        mode = _PLAIN_MODES[int(rng.integers(len(_PLAIN_MODES)))] if rng.random() < 0.4 else BlendMode.NORMAL
        layer: Node = _pixels(rng)
        if depth and rng.random() < 0.25:
            layer = Group(layers=tuple(_plain_siblings(rng, int(rng.integers(1, 4)), depth - 1)))
            mode = BlendMode.PASS_THROUGH if rng.random() < 0.5 else mode
        is_based = index and layers[-1].blend_mode != BlendMode.PASS_THROUGH
        clipping = bool(is_based and isinstance(layer, Pixels) and rng.random() < 0.2)
        mask = _mask(rng) if rng.random() < 0.4 else None
        layers.append(replace(layer, blend_mode=mode, opacity=_byte(rng), clipping=clipping, mask=mask))
    return layers


def _siblings(rng: np.random.Generator, count: int, depth: int) -> list[Node]:
    layers: list[Node] = []
    for index in range(count):
        kind = rng.random()
        if depth and kind < 0.2:
            layer: Node = Group(layers=tuple(_siblings(rng, int(rng.integers(1, 4)), depth - 1)))
            mode = BlendMode.PASS_THROUGH if rng.random() < 0.5 else _mode(rng)
        elif index and kind < 0.25:
            layer, mode = Invert(), _mode(rng)
        else:
            layer, mode = _pixels(rng), _mode(rng)
        layers.append(
            replace(
                layer,
                blend_mode=mode,
                opacity=_byte(rng),
                fill=_byte(rng),
                clipping=bool(index and rng.random() < 0.2),
                mask=_mask(rng) if rng.random() < 0.4 else None,
                vector_mask=(_triangle(rng),) if rng.random() < 0.1 else (),
                knockout=int(rng.integers(1, 3)) if rng.random() < 0.05 else 0,
                effects=() if isinstance(layer, Invert) else _effects(rng),
                switches=tuple((tag, bool(rng.random() < 0.5)) for tag in _SWITCHES if rng.random() < 0.5),
            )
        )
    return layers


def _mode(rng: np.random.Generator) -> BlendMode:
    return BlendMode.NORMAL if rng.random() < 0.6 else MODES[int(rng.integers(len(MODES)))]


def _byte(rng: np.random.Generator) -> int:
    return 255 if rng.random() < 0.4 else int(rng.integers(1, 255))


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in rng.choice([0, 255, *rng.integers(0, 256, 2)], 3))
    return red, green, blue


def _box(rng: np.random.Generator) -> tuple[int, int, int, int]:
    """(left, top, width, height)."""
    left, top = (int(at) for at in rng.integers(-8, SIDE // 2, 2))
    width, height = (int(side) for side in rng.integers(6, SIDE, 2))
    return left, top, width, height


def _plane(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Full, faint, a ramp or noise, with a hole or without; uint8 [height, width]."""
    kind = int(rng.integers(4))
    if kind < 2:
        plane = np.full((height, width), 255 if kind else rng.integers(1, 255), np.uint8)
    elif kind == 2:
        plane = np.tile(np.rint(np.linspace(*rng.uniform(0, 255, 2), width)).astype(np.uint8), (height, 1))
    else:
        plane = rng.integers(0, 256, (height, width)).astype(np.uint8)
    if rng.random() < 0.3:
        plane[height // 3 : height // 2, width // 3 : width // 2] = 0
    return plane


def _pixels(rng: np.random.Generator) -> Pixels:
    left, top, width, height = _box(rng)
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[..., :3] = _colour(rng) if rng.random() < 0.5 else rng.integers(0, 256, (height, width, 3))
    rgba[..., 3] = _plane(rng, width, height)
    rgba[rgba[..., 3] == 0] = 0
    return Pixels(rgba=rgba, left=left, top=top)


def _mask(rng: np.random.Generator) -> Mask:
    left, top, width, height = _box(rng)
    density = int(rng.integers(1, 255)) if rng.random() < 0.2 else None
    return Mask(_plane(rng, width, height), left, top, default=int(rng.choice([0, 255])), density=density)


def _triangle(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in rng.uniform(-5, SIDE + 5, (3, 2)))


def _gradient(rng: np.random.Generator) -> Gradient:
    return Gradient(
        ((0.0, _colour(rng), 1.0), (1.0, _colour(rng), float(rng.uniform(0.2, 1)))), angle=float(rng.uniform(0, 360))
    )


def _effects(rng: np.random.Generator) -> tuple[Effect, ...]:
    if rng.random() < 0.4:
        return ()
    return tuple(_effect(rng, int(kind)) for kind in rng.choice(10, int(rng.integers(1, 5)), replace=False))


def _effect(rng: np.random.Generator, kind: int) -> Effect:
    colour, tile = _colour(rng), Tile(rng.integers(0, 256, (5, 7, 3)).astype(np.uint8))
    angle, distance, size = float(rng.uniform(0, 360)), float(rng.uniform(0, 9)), float(rng.integers(0, 9))
    position = str(rng.choice(["outside", "inside", "centre"]))
    paints = (colour, _gradient(rng), tile)
    effect: Effect = (
        ColourOverlay(colour),
        GradientOverlay(_gradient(rng)),
        PatternOverlay(tile),
        Stroke(size + 1, paints[int(rng.integers(3))], position, overprint=bool(rng.random() < 0.3)),
        DropShadow(colour, angle, distance, size),
        InnerShadow(colour, angle, distance, size),
        Satin(colour, angle, distance, size, inverted=bool(rng.random() < 0.5)),
        OuterGlow(colour, size, str(rng.choice(["softer", "precise"]))),
        InnerGlow(_gradient(rng), size, source=str(rng.choice(["edge", "centre"]))),
        Bevel(size, str(rng.choice(["inner", "outer", "emboss", "pillow", "stroke"])), angle=angle),
    )[kind]
    return replace(effect, opacity=float(rng.choice([1.0, rng.uniform(0, 1)])), blend_mode=_mode(rng))
