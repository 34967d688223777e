"""A stack <-> a folder of pictures, or what else holds named files: `composite.png`, `layer_00.png` ..., `stack.json`.

`stack.json` says where each cropped layer lies, what it is called, and in which groups. Without it the pictures are
full canvases with a number in their names, the bottom first, as the released pipeline of Qwen-Image-Layered saves them:
`0.png`, `1.png`, ...
"""

import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from data_pipeline.boxes import tight, view
from data_pipeline.shard_io import sync, whole_file
from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from data_pipeline.stack_io.images import encode_image
from data_pipeline.stack_io.pictures import Decoder, check_canvas, read_whole
from data_pipeline.stack_io.writable import picture_of
from schemas.members import COMPOSITE, layer_name
from schemas.metadata import check_stack_json
from schemas.stack import PlainLayer, Stack

MANIFEST = "stack.json"
_VERSION = 1
_PICTURES = (".png", ".webp")
_OTHER_PICTURES = (".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jxl", ".exr", ".tga")
_NUMBERED = re.compile(r"(.*?)(\d+)(\D?)\Z")
_OURS = re.compile(r"(composite\.png|layer_\d{2,}\.png|stack\.json)\Z")


def read_folder(folder: Path) -> Stack:
    """Raises ValueError that names the picture, and OSError."""
    names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    return stack_of_files(names, lambda name: read_whole(folder / name))


def write_folder(stack: Stack, folder: Path) -> None:
    """The folder appears whole. One that is there may hold a stack of ours, which goes, and nothing else."""
    check_replaceable(folder)
    made = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.tmp")
    made.mkdir(parents=True)
    try:
        for name, data in stack_files(stack):
            with whole_file(made / name) as file:
                file.write(data)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    sync(os.fspath(folder.parent))


def check_replaceable(folder: Path) -> None:
    """Raises ValueError where the folder is there and holds what is not ours to replace."""
    if folder.exists():
        foreign = next((name for name in sorted(os.listdir(folder)) if not _OURS.match(name)), None)
        if foreign is not None:
            raise ValueError(f"the folder is there and holds {foreign}, which is not part of a layer stack")


def stack_files(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """(name, content) of a writable stack's files."""
    layers = []
    yield f"{COMPOSITE}.png", encode_image(picture_of(stack), "png")
    for index, layer in enumerate(stack.layers):
        name = f"{layer_name(index)}.png" if layer.rgba.size else None  # a PNG has a pixel at least
        if name is not None:
            yield name, encode_image(layer.rgba, "png")
        layers.append({"file": name, "box": list(layer.box), "name": layer.name, "groups": list(layer.groups)})
    yield MANIFEST, encode_json({"version": _VERSION, "width": stack.width, "height": stack.height, "layers": layers})


def numbers_layers(names: Sequence[str]) -> bool:
    """Whether any of these is a PNG or WebP with a number, as the layers of a stack without `stack.json` are called."""
    split = [os.path.splitext(name) for name in names if not name.startswith(".")]
    return any(end.lower() in _PICTURES and _NUMBERED.match(stem) for stem, end in split)


def stack_of_files(names: Sequence[str], read: Callable[[str], bytes]) -> Stack:
    """The stack that files of these names hold. Raises ValueError that names the file."""
    if MANIFEST in names:
        return _described(frozenset(names), read)
    return _numbered(numbered_pictures(names), read)


def numbered_pictures(names: Sequence[str]) -> list[str]:
    """The pictures that are layers, by number, the bottom first. Raises ValueError where that is not clear."""
    found: dict[int, str] = {}
    affixes: dict[tuple[str, str], str] = {}
    for name in sorted(names):
        stem, extension = os.path.splitext(name)
        if name.startswith(".") or stem == COMPOSITE or extension.lower() not in (*_PICTURES, *_OTHER_PICTURES):
            continue
        if extension.lower() in _OTHER_PICTURES:
            raise ValueError(f"{name}: a layer is a PNG or a WebP")
        match = _NUMBERED.match(stem)
        if match is None:
            raise ValueError(f"{name}: the name of a layer ends in its number, 0 for the bottom one")
        prefix, number, suffix = match.groups()
        other = found.setdefault(int(number), name)
        affixes.setdefault((prefix, suffix), name)
        if other != name:
            raise ValueError(f"{name}: has the number of {other}")
    if len(affixes) > 1:
        first, second, *_ = affixes.values()
        raise ValueError(
            f"{second}: is not called as {first} is; the layers of one stack differ in their numbers alone"
        )
    if not found:
        raise ValueError("holds no picture that could be a layer")
    least = min(found)
    missing = next((number for number in range(least, max(found)) if number not in found), None)
    if missing is not None or least > 1:
        what = missing if missing is not None else 0
        raise ValueError(f"{found[max(found)]}: is there, but no picture with the number {what}")
    return [found[number] for number in sorted(found)]


def _numbered(names: Sequence[str], read: Callable[[str], bytes]) -> Stack:
    """Full canvases, each cropped to its alpha. A layer without any is empty, at the corner of the canvas."""
    decoder = Decoder()
    layers = []
    size = None
    for name in names:
        rgba = decoder.decode(name, read(name), size)
        size = rgba.shape[1], rgba.shape[0]
        canvas = (0, 0, *size)
        box = tight(rgba, canvas) or (0, 0, 0, 0)
        rgba = np.ascontiguousarray(view(rgba, canvas, box)) if box[2] else np.zeros((0, 0, 4), np.uint8)
        layers.append(PlainLayer(box, rgba, name=os.path.splitext(name)[0]))
    assert size is not None, "there is a picture at least"
    return Stack(*size, tuple(layers))


def _described(names: frozenset[str], read: Callable[[str], bytes]) -> Stack:
    """By `stack.json`, which no file's name leaves."""
    try:
        described = decode_json(read(MANIFEST))
        check_stack_json(described)
        check_canvas(described["width"], described["height"])
    except ValueError as error:
        raise ValueError(f"{MANIFEST}: {error}") from error
    decoder = Decoder()
    layers = []
    for index, layer in enumerate(described["layers"]):
        left, top, right, bottom = box = tuple(layer["box"])
        if not (left <= right <= described["width"] and top <= bottom <= described["height"]):
            raise ValueError(f"{MANIFEST}: the box {layer['box']} of layer {index} leaves the canvas")
        width, height, file = right - left, bottom - top, layer["file"]
        if (file is None) != (width * height == 0):
            has = "no" if file is None else "a"
            raise ValueError(f"{MANIFEST}: layer {index} has a box of {width} x {height} px and {has} file")
        if file is not None and file not in names:
            raise ValueError(f"{file}: is not there, but {MANIFEST} names it")
        empty = np.zeros((height, width, 4), np.uint8) if file is None else None
        rgba = decoder.decode(file, read(file), (width, height)) if empty is None else empty
        layers.append(PlainLayer(box, rgba, name=layer["name"], groups=tuple(layer["groups"])))
    return Stack(described["width"], described["height"], tuple(layers))
