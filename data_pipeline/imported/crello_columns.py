"""The columns of a Parquet file -> what they mean as rows of the Crello dataset (`cyberagent/crello` on the hub).

Versions 3 and 4 give the canvas as class labels, whose names are its sides in pixels, left, top, width and height as
shares of it, and angles in radians. Version 5 gives pixels and degrees, and a preview of the whole design. Boxes are
those before turning; angles are clockwise, about the box's centre. In every version `image` holds each element as it
was drawn, texts too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

PLACES = ("left", "top", "width", "height")
_NEEDED = ("id", "canvas_width", "canvas_height", *PLACES, "image")
_OPTIONAL = ("angle", "opacity", "type", "text", "font", "title", "preview")
_OF_VERSION_5 = ("preview", "text_color", "font_bold", "text_line")
_METADATA = b"huggingface"


@dataclass(frozen=True)
class Columns:
    """`names` are those that are read, of those that are there. `is_relative`: shares of the canvas and radians, as
    in versions 3 and 4. `labels` are the names of a column's classes, where it holds classes."""

    names: tuple[str, ...]
    is_relative: bool
    labels: Mapping[str, tuple[str, ...]]

    def named(self, column: str, value: Any) -> Any:
        """A value of a column, or the name of the class that it is; None where there is no such class."""
        if column not in self.labels:
            return value
        names = self.labels[column]
        return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def columns_of(schema: pa.Schema) -> Columns:
    """Raises ValueError where they are not those of the dataset."""
    missing = [name for name in _NEEDED if name not in schema.names]
    if missing:
        raise ValueError(f"no rows of the Crello dataset: it has no column {', '.join(missing)}")
    names = (*_NEEDED, *(name for name in _OPTIONAL if name in schema.names))
    for name in names:
        if len(schema.get_all_field_indices(name)) > 1:
            raise ValueError(f"two of its columns are called {name}")
        kind = schema.field(name).type
        if not _FITS[name](kind):
            raise ValueError(f"no rows of the Crello dataset: the column {name} is of type {str(kind)[:100]}")
    labels = _labels(schema)
    if "canvas_width" in labels and "canvas_height" in labels:
        return Columns(names, is_relative=True, labels=labels)
    if any(name in schema.names for name in _OF_VERSION_5):
        return Columns(names, is_relative=False, labels=labels)
    raise ValueError(
        "it is not said whether the canvas is pixels or class labels: keep the metadata that the file had on the hub"
    )


def _labels(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """The names of class labels, as `datasets` writes its features into the metadata of a file."""
    try:
        features = json.loads((schema.metadata or {}).get(_METADATA, b"{}"))["info"]["features"]
        found = {name: _names(feature) for name, feature in features.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: names for name, names in found.items() if names is not None}


def _names(feature: Any) -> tuple[str, ...] | None:
    """Of a class label, or of a sequence of them, however a version of `datasets` spells that."""
    while isinstance(feature, list | dict):
        if isinstance(feature, list):
            feature = feature[0] if feature else None
        elif feature.get("_type") == "ClassLabel":
            names = feature.get("names")
            return tuple(map(str, names)) if isinstance(names, list) else None
        else:
            feature = feature.get("feature")
    return None


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_class(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or _is_text(kind)


def _is_picture(kind: pa.DataType) -> bool:
    """`datasets` stores a picture as its encoded bytes and the path that it once had."""
    if not pa.types.is_struct(kind) or kind.get_field_index("bytes") < 0:
        return False
    data = kind.field("bytes").type
    return pa.types.is_binary(data) or pa.types.is_large_binary(data)


def _is_list_of(kind: pa.DataType, fits: Any) -> bool:
    return bool((pa.types.is_list(kind) or pa.types.is_large_list(kind)) and fits(kind.value_type))


_FITS = {
    "id": _is_text,
    "title": _is_text,
    "preview": _is_picture,
    "canvas_width": _is_number,
    "canvas_height": _is_number,
    "image": lambda kind: _is_list_of(kind, _is_picture),
    "text": lambda kind: _is_list_of(kind, _is_text),
    "type": lambda kind: _is_list_of(kind, _is_class),
    "font": lambda kind: _is_list_of(kind, _is_class),
    **{name: lambda kind: _is_list_of(kind, _is_number) for name in (*PLACES, "angle", "opacity")},
}
