"""Draws rows of the Crello dataset, and writes them as the hub has them: with `datasets`, class labels and all.

A design is painted with Pillow alone, so that its preview is a picture that nothing of ours has drawn.
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

TYPES = ("SvgElement", "TextElement", "ImageElement", "ColoredBackground", "SvgMaskElement")
SIDES = ("200", "160", "300", "120")
FONTS = ("", "Montserrat", "Roboto")


@dataclass(frozen=True)
class Drawn:
    """One element, in pixels and degrees, clockwise about its centre."""

    rgba: np.ndarray
    left: float
    top: float
    width: float
    height: float
    angle: float = 0.0
    opacity: float = 1.0
    kind: str = "ImageElement"
    text: str = ""
    font: str = ""


def disc(colour: tuple[int, int, int], side: int) -> np.ndarray:
    """A soft disc that fills its picture."""
    y, x = np.mgrid[:side, :side] + 0.5
    rgba = np.empty((side, side, 4), np.uint8)
    rgba[..., :3] = colour
    rgba[..., 3] = np.rint(np.clip(side / 2 - np.hypot(x - side / 2, y - side / 2), 0, 1) * 255)
    return rgba


def noise(seed: int, width: int, height: int) -> np.ndarray:
    """Opaque, of soft patches."""
    small = np.random.default_rng(seed).integers(0, 256, (max(2, height // 12), max(2, width // 12), 3), dtype=np.uint8)
    rgb = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def bars(seed: int, width: int, height: int) -> np.ndarray:
    """Something like a line of text: opaque bars on nothing."""
    rng = np.random.default_rng(seed)
    rgba = np.zeros((height, width, 4), np.uint8)
    for left in range(2, width - 6, 8):
        rgba[int(rng.integers(2, height // 3)) : height - 2, left : left + 5] = (*rng.integers(0, 80, 3).tolist(), 255)
    return rgba


def design(seed: int) -> list[Drawn]:
    """A ground, a turned photograph, a faded disc, a line of text; on a canvas of 200 x 160."""
    rng = np.random.default_rng(seed)
    ground = np.full((8, 8, 4), 255, np.uint8)
    ground[..., :3] = rng.integers(0, 256, 3)
    return [
        Drawn(ground, 0, 0, 200, 160, kind="ColoredBackground"),
        Drawn(noise(seed, 90, 60), 20, 30, 90, 60, angle=float(rng.integers(-60, 60))),
        Drawn(disc((230, 60, 40), 50), 120, 80, 50, 50, opacity=0.5, kind="SvgElement"),
        Drawn(bars(seed, 120, 24), 40, 8, 120, 24, kind="TextElement", text=f"number {seed} &amp; more", font="Roboto"),
    ]


def png(rgba: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgba).save(out, "PNG")
    return out.getvalue()


def rendered(elements: list[Drawn], width: int, height: int) -> np.ndarray:
    """The design as Pillow paints it, over white: of elements at whole pixels and at their own size."""
    canvas = Image.new("RGBA", (width, height), (255, 255, 255, 255))
    for one in elements:
        if one.width < 1 or one.height < 1:
            continue
        picture = Image.fromarray(one.rgba).resize((round(one.width), round(one.height)), Image.Resampling.BICUBIC)
        whole = Image.new("RGBA", (width, height))
        whole.paste(picture, (round(one.left), round(one.top)))
        centre = (one.left + one.width / 2, one.top + one.height / 2)
        turned = whole.rotate(-one.angle, Image.Resampling.BICUBIC, center=centre) if one.angle else whole
        faded = np.asarray(turned).copy()
        faded[..., 3] = np.rint(faded[..., 3] * one.opacity)
        canvas.alpha_composite(Image.fromarray(faded))
    return np.asarray(canvas)


def row(name: str, elements: list[Drawn], width: int = 200, height: int = 160, **more: Any) -> dict[str, Any]:
    """As version 5 has it."""
    values: dict[str, Any] = {
        "id": name,
        "length": len(elements),
        "canvas_width": width,
        "canvas_height": height,
        "title": f"Design {name}",
        "preview": {"bytes": png(rendered(elements, width, height)), "path": None},
        "type": [TYPES.index(one.kind) for one in elements],
        "image": [{"bytes": png(one.rgba), "path": None} for one in elements],
        "text": [one.text for one in elements],
        "font": [FONTS.index(one.font) for one in elements],
    }
    for attribute in ("left", "top", "width", "height", "angle", "opacity"):
        values[attribute] = [getattr(one, attribute) for one in elements]
    return values | more


def relative(values: dict[str, Any]) -> dict[str, Any]:
    """A row of version 5 as version 4 has it: the canvas as classes, shares of it, radians, and no preview."""
    width, height = values["canvas_width"], values["canvas_height"]
    old = {name: value for name, value in values.items() if name != "preview"}
    old |= {"canvas_width": SIDES.index(str(width)), "canvas_height": SIDES.index(str(height))}
    for name, unit in (("left", width), ("width", width), ("top", height), ("height", height)):
        old[name] = [value / unit for value in values[name]]
    return old | {"angle": [math.radians(value) for value in values["angle"]]}


def write(path: Path, rows: list[dict[str, Any]], *, version: int = 5) -> Path:
    """A file of the dataset, of the types that the hub's has."""
    import datasets

    numbers = datasets.Sequence(datasets.Value("float32"))
    side = datasets.Value("int64") if version == 5 else datasets.ClassLabel(names=list(SIDES))
    features = {
        "id": datasets.Value("string"),
        "length": datasets.Value("int64"),
        "canvas_width": side,
        "canvas_height": side,
        "title": datasets.Value("string"),
        "type": datasets.Sequence(datasets.ClassLabel(names=list(TYPES))),
        "image": datasets.Sequence(datasets.Image()),
        "text": datasets.Sequence(datasets.Value("string")),
        "font": datasets.Sequence(datasets.ClassLabel(names=list(FONTS))),
        **dict.fromkeys(("left", "top", "width", "height", "angle", "opacity"), numbers),
    }
    if version == 5:
        features["preview"] = datasets.Image()
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [one[name] for one in rows] for name in features}
    datasets.Dataset.from_dict(columns, datasets.Features(features)).to_parquet(path)
    return path
