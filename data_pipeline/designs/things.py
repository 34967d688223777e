"""A place on a small canvas in, one thing that stands there out: a shape, a picture, a word, a shadow.

Legend: a spot is (x, y, radius) in pixels. Things are named in plain words, of which captions are made.
"""

import colorsys
from collections.abc import Callable

import numpy as np

from data_pipeline.drawing import Node
from data_pipeline.examples.artwork import Canvas, blurred, mixed, pixels, turned, words

Spot = tuple[float, float, float]
_WORDS = (
    "SALE", "OPEN", "MENU", "NEW", "Hello", "Today", "Studio", "Spring", "North", "Coffee", "LIVE", "Paper", "50%",
    "Go", "JAZZ", "Yes", "2026", "Tea", "Music", "Mon",
)  # fmt: skip


def shape(canvas: Canvas, spot: Spot, below: float, rng: np.random.Generator) -> Node:
    """One of all shapes, in one colour or two, its edge sharp or soft. `below` is how light it is there, in [0, 1]."""
    return _shape(str(rng.choice(list(SHAPES))), canvas, spot, below, rng)


def surface(canvas: Canvas, spot: Spot, below: float, rng: np.random.Generator) -> Node:
    """A shape on which something else can stand."""
    return _shape(str(rng.choice(_SURFACES)), canvas, spot, below, rng)


def _shape(name: str, canvas: Canvas, spot: Spot, below: float, rng: np.random.Generator) -> Node:
    coverage = SHAPES[name](canvas, spot, rng)
    if rng.random() < 0.15:
        coverage = blurred(coverage, float(rng.uniform(1, 3)))
    first = paint_over(below, rng)
    paint: str | np.ndarray = first
    if rng.random() < 0.3:
        paint = mixed((first, paint_over(below, rng)), slope(canvas, rng))
    opacity = 255 if rng.random() < 0.85 else int(rng.integers(150, 230))
    return pixels(name, coverage, paint, opacity=opacity)


def photo(canvas: Canvas, spot: Spot, below: float, rng: np.random.Generator) -> Node:
    """A picture with a straight edge, or a round one."""
    coverage = (_card if rng.random() < 0.7 else _disc)(canvas, spot, rng)
    return pixels("photo", coverage, texture(canvas, below, rng))


def word(canvas: Canvas, spot: Spot, below: float, rng: np.random.Generator) -> Node:
    """As wide as its spot, or as high as it."""
    x, y, radius = spot
    text = str(rng.choice(_WORDS))
    size = min(2 * radius / (0.62 * len(text)), 1.4 * radius)
    coverage = canvas.letters(text, x, y, max(10.0, size), weight=float(rng.uniform(1, 2.5)), align=0.5)
    return words(text, coverage, paint_over(below, rng))


def shadow(canvas: Canvas, spot: Spot, rng: np.random.Generator) -> Node:
    """Dark and soft, a little lower than what throws it."""
    x, y, radius = spot
    lower = (x + 0.12 * radius, y + 0.22 * radius, 1.05 * radius)
    strength = float(rng.uniform(0.5, 0.75))
    return pixels("soft shadow", blurred(_card(canvas, lower, rng), radius / 5) * strength, "#0a0a12")


def _disc(canvas: Canvas, spot: Spot, rng: np.random.Generator) -> np.ndarray:
    x, y, radius = spot
    return canvas.disc(x, y, radius, radius * float(rng.uniform(0.75, 1)))


def _ring(canvas: Canvas, spot: Spot, rng: np.random.Generator) -> np.ndarray:
    x, y, radius = spot
    width = float(rng.uniform(0.35, 0.6)) * radius
    return canvas.ring(x, y, radius - width / 2, width)


def _card(canvas: Canvas, spot: Spot, rng: np.random.Generator) -> np.ndarray:
    x, y, radius = spot
    tall = radius * float(rng.uniform(0.65, 1))
    corner = radius * float(rng.choice((0, 0.2, 0.4)))
    return canvas.box(x - radius, y - tall, x + radius, y + tall, corner)


def _stripe(canvas: Canvas, spot: Spot, rng: np.random.Generator) -> np.ndarray:
    _, y, radius = spot
    bar = canvas.box(-canvas.width, y - radius / 2, 2 * canvas.width, y + radius / 2)
    return turned(bar, float(rng.uniform(-12, 12)), canvas.width / 2, y)


def _polygon(corners: int, inner: float) -> Callable[[Canvas, Spot, np.random.Generator], np.ndarray]:
    """Regular; with `inner` below 1 every second corner lies so much nearer to the middle."""

    def drawn(canvas: Canvas, spot: Spot, rng: np.random.Generator) -> np.ndarray:
        x, y, radius = spot
        start = rng.uniform(-0.3, 0.3) - np.pi / 2
        count = corners if inner == 1 else 2 * corners
        angles = start + np.arange(count) * 2 * np.pi / count
        reach = radius * np.where(np.arange(count) % 2, inner, 1.0)
        points = zip(x + reach * np.cos(angles), y + reach * np.sin(angles), strict=True)
        return canvas.polygon([(float(across), float(down)) for across, down in points])

    return drawn


SHAPES: dict[str, Callable[[Canvas, Spot, np.random.Generator], np.ndarray]] = {
    "circle": _disc,
    "ring": _ring,
    "card": _card,
    "stripe": _stripe,
    "triangle mark": _polygon(3, 1),
    "diamond": _polygon(4, 1),
    "star shape": _polygon(5, 0.5),
}
_SURFACES = ("circle", "card", "diamond")


def paint_over(below: float, rng: np.random.Generator) -> str:
    """A colour that stands out: much lighter than what is below, or much darker."""
    light = rng.uniform(0.72, 1) if below < 0.5 else rng.uniform(0.08, 0.35)
    return coloured(float(rng.random()), float(light), float(rng.uniform(0.3, 1)))


def coloured(hue: float, light: float, saturation: float) -> str:
    """`#rrggbb` of a colour with this brightness, by the weights of red, green and blue in it (Rec. 601)."""
    rgb = np.array(colorsys.hsv_to_rgb(hue, saturation, 1.0))
    own = float(rgb @ (0.299, 0.587, 0.114))
    rgb = rgb * (light / own) if light < own else 1 - (1 - rgb) * (1 - light) / (1 - own)
    return "#" + bytes(np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)).hex()


def slope(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """From 0 to 1 across the canvas, in any direction."""
    y, x = canvas.grid()
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * x / canvas.width + np.sin(angle) * y / canvas.height
    return (across - across.min()) / np.ptp(across)


def texture(canvas: Canvas, below: float, rng: np.random.Generator) -> np.ndarray:
    """As busy as a photograph: clouds in three colours that stand out together."""
    colours = [paint_over(below, rng) for _ in range(3)]
    return mixed(colours, canvas.clouds(float(rng.uniform(10, 28)), int(rng.integers(1 << 31))))
