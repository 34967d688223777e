"""A row of the Crello dataset -> the design that it describes: a canvas, and elements with a picture and a place."""

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_pipeline.document import Refusal, canvas_refusal
from data_pipeline.imported.crello_columns import PLACES, Columns
from data_pipeline.imported.placing import Place
from schemas.options import CurateOptions
from schemas.reasons import Reason, Stage

_PER_ELEMENT = (*PLACES, "image", "angle", "opacity", "type", "text", "font")
_KINDS = {
    "svgelement": "shape",
    "textelement": "type",
    "imageelement": "pixel",
    "coloredbackground": "solidcolorfill",
    "svgmaskelement": "shape",
    "maskelement": "shape",
}


@dataclass(frozen=True)
class Element:
    """`kind` as in the table `layers`; `picture` is an encoded image of it, untouched by place and opacity."""

    kind: str
    text: str | None
    font: str | None
    place: Place
    picture: bytes


@dataclass(frozen=True)
class Design:
    """Elements lie bottom to top; `preview` is an encoded image of the whole, None where there is none."""

    width: int
    height: int
    title: str | None
    elements: tuple[Element, ...]
    preview: bytes | None

    @property
    def picture_bytes(self) -> int:
        return sum(len(element.picture) for element in self.elements)


def design_of(row: Mapping[str, Any], columns: Columns, options: CurateOptions) -> Design | Refusal:
    """Nothing of it is decoded yet; a row that cannot be meant, or breaks a limit, is refused."""
    try:
        sides = [_side(columns.named(name, row[name]), name) for name in ("canvas_width", "canvas_height")]
    except ValueError as error:
        return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, str(error))
    refusal = canvas_refusal(sides[0], sides[1], options)
    if refusal is not None:
        return refusal
    lists = {name: row[name] or [] for name in _PER_ELEMENT if name in row}
    lengths = {name: len(values) for name, values in lists.items()}
    count = lengths["image"]
    if count == 0:
        return Refusal(Stage.OPEN, Reason.NO_LAYERS, "it has no elements")
    if count > options.max_nodes:
        return Refusal(Stage.OPEN, Reason.TOO_MANY_LAYERS, f"{count:,} elements; the limit is {options.max_nodes:,}")
    odd = next((name for name, length in lengths.items() if length != count), None)
    if odd is not None:
        text = f"it has {count} images, but {lengths[odd]} values of {odd}"
        return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, text)
    elements = []
    for index in range(count):
        values = {name: items[index] for name, items in lists.items()}
        try:
            elements.append(_element(values, columns, sides))
        except (ValueError, TypeError) as error:
            return Refusal(Stage.OPEN, Reason.DAMAGED_FILE, f"element {index}: {error}")
    preview = (row.get("preview") or {}).get("bytes")
    return Design(sides[0], sides[1], row.get("title"), tuple(elements), preview or None)


def _side(value: Any, name: str) -> int:
    """Of the canvas, in whole pixels."""
    try:
        side = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is {value!r}, no number of pixels") from error
    if not math.isfinite(side) or side < 1 or side != int(side):
        raise ValueError(f"{name} is {value!r}, no number of pixels")
    return int(side)


def _element(values: Mapping[str, Any], columns: Columns, sides: list[int]) -> Element:
    """Raises ValueError or TypeError for values that place nothing."""
    missing = next((name for name in (*PLACES, "angle", "opacity") if name in values and values[name] is None), None)
    if missing is not None:
        raise ValueError(f"{missing} is null")
    unit = sides if columns.is_relative else [1, 1]
    angle = values.get("angle", 0.0)
    place = Place(
        left=values["left"] * unit[0],
        top=values["top"] * unit[1],
        width=values["width"] * unit[0],
        height=values["height"] * unit[1],
        degrees=math.degrees(angle) if columns.is_relative else float(angle),
        opacity=float(values.get("opacity", 1.0)),
    )
    picture = (values["image"] or {}).get("bytes")
    if not picture:
        raise ValueError("it has no picture")
    text = html.unescape(values.get("text") or "").replace("\0", "") or None
    named = str(columns.named("type", values.get("type"))).lower()
    kind = _KINDS.get(named, "type" if text else "pixel")
    font = columns.named("font", values.get("font")) if kind == "type" else None
    return Element(kind, text if kind == "type" else None, font if isinstance(font, str) else None, place, picture)
