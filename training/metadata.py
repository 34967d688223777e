"""A decoded KEY.json in, whether all that training uses of it is as its schema says, at a tenth of what that costs."""

from typing import Any

from schemas.members import MAX_LAYERS, layer_name
from schemas.version import SCHEMA_VERSION


def is_sound(metadata: Any) -> bool:
    """Sizes, files, boxes within the canvas, captions and texts."""
    if not isinstance(metadata, dict) or metadata.get("schema_version") != SCHEMA_VERSION:
        return False
    width, height, layers = metadata.get("width"), metadata.get("height"), metadata.get("layers")
    if not (isinstance(width, int) and isinstance(height, int) and isinstance(layers, list)):
        return False
    captions, own = metadata.get("captions"), metadata.get("layer_captions")
    texts = metadata.get("psd_text")
    return (
        isinstance(metadata.get("key"), str)
        and 0 < len(layers) <= MAX_LAYERS
        and metadata.get("kind") == ("layered" if len(layers) > 1 else "single")
        and all(_is_layer(index, layer, width, height) for index, layer in enumerate(layers))
        and isinstance(captions, list)
        and all(map(_is_caption, captions))
        and isinstance(own, list)
        and len(own) == len(layers)
        and all(caption is None or _is_caption(caption) for caption in own)
        and isinstance(texts, list)
        and all(isinstance(text, str) for text in texts)
    )


def _is_layer(index: int, layer: Any, width: int, height: int) -> bool:
    box, file = (layer.get("box"), layer.get("file")) if isinstance(layer, dict) else (None, None)
    if not isinstance(box, list) or len(box) != 4 or any(type(edge) is not int for edge in box):
        return False
    left, top, right, bottom = box
    name, _, extension = str(file).rpartition(".")
    is_named = name == layer_name(index) and extension in ("png", "webp")
    return is_named and 0 <= left < right <= width and 0 <= top < bottom <= height


def _is_caption(caption: Any) -> bool:
    return (
        isinstance(caption, dict)
        and all(isinstance(caption.get(name), str) for name in ("text", "language", "length"))
        and isinstance(caption.get("flags"), list)
    )
