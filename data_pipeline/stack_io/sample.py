"""Samples in, the members of a tar out (`KEY.composite.webp`, `KEY.layer_00.webp`, ..., KEY.json, KEY.txt); and back.

Layers are cropped to their boxes, and their RGB is 0 where alpha is 0. The same sample gives the same bytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from data_pipeline.stack_io.images import decode_image, encode_image
from schemas.captions import IN_SAMPLE, Caption
from schemas.members import CAPTION, COMPOSITE, METADATA, layer_name, member
from schemas.metadata import check_sample_json
from schemas.sample import Sample
from schemas.stack import PlainLayer, Stack
from schemas.version import SCHEMA_VERSION


@dataclass(frozen=True, eq=False)
class StoredSample:
    """A sample as read from a shard: `composite` is uint8 RGBA [height, width, 4], `metadata` its KEY.json."""

    key: str
    stack: Stack
    composite: np.ndarray = field(repr=False)
    caption: str
    metadata: dict[str, Any]


def image_members(sample: Sample, image_format: str) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the composite and of each layer, bottom to top."""
    yield member(sample.key, COMPOSITE, image_format), encode_image(sample.composite, image_format)
    for index, layer in enumerate(sample.stack.layers):
        yield member(sample.key, layer_name(index), image_format), encode_image(layer.rgba, image_format)


def text_members(metadata: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of KEY.json and of KEY.txt, the first caption; empty where there is none."""
    captions = metadata["captions"]
    text = captions[0]["text"] if captions else ""
    yield f"{metadata['key']}.{METADATA}", encode_json(metadata)
    yield f"{metadata['key']}.{CAPTION}", text.encode("utf-8", "backslashreplace")


def describe(sample: Sample, image_format: str) -> dict[str, Any]:
    """KEY.json; `split` and `family_id` are None until the corpus has decided them."""
    return {
        "schema_version": SCHEMA_VERSION,
        "key": sample.key,
        "kind": sample.kind,
        "width": sample.stack.width,
        "height": sample.stack.height,
        "layers": [
            {
                "file": f"{layer_name(index)}.{image_format}",
                "box": list(layer.box),
                "layer_ids": list(layer.layer_ids),
                "owner_id": layer.owner_id,
                "baked": layer.baked,
                "backdrop_dependence": layer.backdrop_dependence,
            }
            for index, layer in enumerate(sample.stack.layers)
        ],
        "captions": [caption_json(caption) for caption in sample.captions],
        "layer_captions": [caption and caption_json(caption) for caption in sample.layer_captions],
        "psd_text": list(sample.psd_text),
        "fidelity": None if sample.fidelity is None else asdict(sample.fidelity),
        "split": sample.document.split,
        "family_id": sample.document.family_id,
        "source": sample.document.source,
        "licence": sample.document.licence,
    }


def caption_json(caption: Caption) -> dict[str, Any]:
    """What KEY.json holds of a caption; the table `captions` has the rest."""
    return {name: getattr(caption, name) for name in IN_SAMPLE}


def read_sample(members: Mapping[str, bytes]) -> StoredSample:
    """The inverse of `image_members` and `text_members`; ValueError for a sample that breaks its own KEY.json.

    No image is decoded before its size has been compared with KEY.json, so a bomb costs nothing.
    """
    names = [name for name in members if name.endswith(f".{METADATA}")]
    if len(names) != 1:
        raise ValueError(f"a sample has one KEY.json, not {len(names)}")
    metadata = decode_json(members[names[0]])
    check_sample_json(metadata)
    key, width, height = metadata["key"], metadata["width"], metadata["height"]
    extension = metadata["layers"][0]["file"].rpartition(".")[2]
    wanted = {f"{key}.{METADATA}", f"{key}.{CAPTION}", member(key, COMPOSITE, extension)}
    wanted |= {f"{key}.{layer['file']}" for layer in metadata["layers"]}
    if wanted != set(members):
        raise ValueError(f"sample {key} has the wrong members: {', '.join(sorted(wanted ^ set(members)))}")
    composite = decode_image(members[member(key, COMPOSITE, extension)], extension, width, height)
    layers = []
    for index, layer in enumerate(metadata["layers"]):
        left, top, right, bottom = layer["box"]
        if layer["file"] != f"{layer_name(index)}.{extension}":
            raise ValueError(f"sample {key}: layer {index} lies in {layer['file']}")
        if not (left < right <= width and top < bottom <= height):
            raise ValueError(f"sample {key}: box {layer['box']} of layer {index} leaves the canvas {width}x{height}")
        layers.append(
            PlainLayer(
                box=(left, top, right, bottom),
                rgba=decode_image(members[f"{key}.{layer['file']}"], extension, right - left, bottom - top),
                layer_ids=tuple(layer["layer_ids"]),
                owner_id=layer["owner_id"],
                baked=layer["baked"],
                backdrop_dependence=layer["backdrop_dependence"],
            )
        )
    caption = members[f"{key}.{CAPTION}"].decode("utf-8")
    return StoredSample(key, Stack(width, height, tuple(layers)), composite, caption, metadata)
