"""Random numbers in, one small design out: a ground or none, things that stand on it, and things that stand on them."""

from collections.abc import Callable

import numpy as np

from data_pipeline.designs.things import Spot, coloured, photo, shadow, shape, slope, surface, texture, word
from data_pipeline.drawing import Node
from data_pipeline.examples.artwork import Canvas, Design, mixed, pixels

_SIDES_PX = (64, 80, 96, 112, 128)
_LONGEST = 1.5  # side over side
_TRIES = 30
_SPOTS = (0.16, 0.3)  # radii, of the shorter side


def small_design(rng: np.random.Generator) -> Design:
    """64 to 128 px a side, one to four layers above the ground; where there is no ground, two at least."""
    width, height = (int(side) for side in rng.choice(_SIDES_PX, 2))
    height = int(np.clip(height, width / _LONGEST, width * _LONGEST))
    canvas = Canvas(width, height)
    light = float(rng.choice((rng.uniform(0.05, 0.35), rng.uniform(0.65, 0.95))))
    ground = _ground(canvas, light, rng)
    layers: list[Node] = [] if ground is None else [ground]
    spots = _spots(canvas, int(rng.integers(1, 4)), rng)
    if rng.random() < 0.15:
        layers.append(shadow(canvas, spots[0], rng))
        spots = spots[:2]
    carries = ground is None or rng.random() < 0.55
    kinds = [surface if carries else _kind(rng), *(_kind(rng) for _ in spots[1:])]
    layers += [kind(canvas, spot, light, rng) for kind, spot in zip(kinds, spots, strict=True)]
    if carries:
        x, y, radius = spots[0]
        upper = word if rng.random() < 0.5 else shape
        layers.append(upper(canvas, (x, y, 0.6 * radius), 1.0 - light, rng))
    return Design(width, height, tuple(layers))


def _ground(canvas: Canvas, light: float, rng: np.random.Generator) -> Node | None:
    """One colour, two, or as busy as a photograph; none for one design of seven."""
    first = coloured(rng.random(), light, rng.uniform(0.1, 0.9))
    kind = str(rng.choice(("solid", "gradient", "texture", "none"), p=(0.3, 0.3, 0.26, 0.14)))
    if kind == "solid":
        return pixels("plain ground", canvas.full(), first)
    if kind == "gradient":
        second = coloured(rng.random(), light, rng.uniform(0.1, 0.9))
        return pixels("sky", canvas.full(), mixed((first, second), slope(canvas, rng)))
    if kind == "texture":
        return pixels("paper texture", canvas.full(), texture(canvas, 1 - light, rng))
    return None


def _kind(rng: np.random.Generator) -> Callable[[Canvas, Spot, float, np.random.Generator], Node]:
    kinds = (shape, photo, word)
    return kinds[int(rng.choice(3, p=(0.65, 0.2, 0.15)))]


def _spots(canvas: Canvas, count: int, rng: np.random.Generator) -> list[Spot]:
    """As many as find room, the largest first; they touch or overlap a little at the most."""
    shorter = min(canvas.width, canvas.height)
    found: list[Spot] = []
    for _ in range(_TRIES):
        radius = shorter * float(rng.uniform(*_SPOTS))
        x = float(rng.uniform(0.8 * radius, canvas.width - 0.8 * radius))
        y = float(rng.uniform(0.8 * radius, canvas.height - 0.8 * radius))
        if all(np.hypot(x - left, y - top) > 0.85 * (radius + other) for left, top, other in found):
            found.append((x, y, radius))
        if len(found) == count:
            break
    return sorted(found, key=lambda spot: -spot[2])
