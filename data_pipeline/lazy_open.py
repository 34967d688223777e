"""PSDImage.open for a reader that wants the layer tree first: every other block stays the bytes it is.

psd-tools parses every tagged block and every image resource on `open`, the text engine's among them, in Python: three
quarters of its time, for what flattening never reads. `tagged_blocks.parse` parses one when it is needed. Of what is
left, most goes into reading numbers one by one, each with its own look at where the file ends. `quick_readers` read
first and look after, under the same limits, and take the head of a block that stays bytes at once.
"""

import functools
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

from psd_tools.constants import Tag
from psd_tools.psd import bin_utils, image_resources, tagged_blocks
from psd_tools.psd.parse_limits import consume_bytes, consume_objects
from psd_tools.psd.tagged_blocks import TaggedBlock

# What psd-tools needs to build the layer tree, and single values that cost next to nothing.
_PARSED = (
    Tag.SECTION_DIVIDER_SETTING,
    Tag.NESTED_SECTION_DIVIDER_SETTING,
    Tag.LAYER_16,
    Tag.LAYER_32,
    Tag.UNICODE_LAYER_NAME,
    Tag.BLEND_FILL_OPACITY,
    Tag.KNOCKOUT_SETTING,
    Tag.ARTBOARD_DATA1,  # an artboard's box, which psd-tools asks for while it walks the tree
    Tag.ARTBOARD_DATA2,
    Tag.ARTBOARD_DATA3,
)
_PARSERS = {tag: tagged_blocks.TYPES[tag] for tag in _PARSED}
_KEPT = {tag.value: tag for tag in Tag if tag not in _PARSED and tag not in TaggedBlock._BIG_KEYS}
_READING = ("base", "bin_utils", "color", "descriptor", "image_resources", "layer_and_mask", "patterns",
            "tagged_blocks", "vector")  # fmt: skip  # parts of psd-tools that read with readers below
_HEAD = struct.Struct(">4s4sI")
_SIGNATURES = TaggedBlock._SIGNATURES
_LARGE_BYTES = 1 << 16  # a longer section is held against the file's end before memory is asked for it


@contextmanager
def quick_readers() -> Iterator[None]:
    """Within it psd-tools parses with the readers below. Not thread-safe."""
    for owner, name, quick, _ in _QUICK:
        setattr(owner, name, quick)
    try:
        yield
    finally:
        for owner, name, _, own in _QUICK:
            setattr(owner, name, own)


@contextmanager
def lazily_parsed() -> Iterator[None]:
    """Within it PSDImage.open leaves all but the blocks that build the tree as bytes. Not thread-safe."""
    blocks, resources = dict(tagged_blocks.TYPES), dict(image_resources.TYPES)
    tagged_blocks.TYPES.clear()
    tagged_blocks.TYPES.update(_PARSERS)
    image_resources.TYPES.clear()
    try:
        with quick_readers():
            yield
    finally:
        tagged_blocks.TYPES.update(blocks)
        image_resources.TYPES.update(resources)


@functools.cache
def _format(fmt: str) -> tuple[struct.Struct, int]:
    return struct.Struct(f">{fmt}"), bin_utils._format_objects(fmt)


def _read_fmt(fmt: str, fp: IO[bytes]) -> tuple[Any, ...]:
    """bin_utils.read_fmt: numbers, big-endian. Raises OSError, and moves nowhere, where the file ends before them."""
    form, count = _format(fmt)
    consume_objects(count)
    consume_bytes(form.size)
    data = fp.read(form.size)
    if len(data) != form.size:
        fp.seek(-len(data), 1)
        raise OSError(f"a field of {form.size} bytes, {len(data)} are left")
    return form.unpack(data)


def _read_exact(fp: IO[bytes], size: int) -> bytes:
    """bin_utils.read_exact: so many bytes. Raises OSError where the file ends before them."""
    if size < 0 or (size > _LARGE_BYTES and size > bin_utils._remaining_bytes(fp)):
        raise OSError(f"a section of {size} bytes, which the file does not hold")
    consume_bytes(size)
    data = fp.read(size)
    if len(data) != size:
        raise OSError(f"a section of {size} bytes, {len(data)} are left")
    return data


def _read_block(fp: IO[bytes], version: int = 1, padding: int = 1, **kwargs: Any) -> TaggedBlock | None:
    """TaggedBlock.read. A block that stays bytes is read here; what is unusual about one is left to psd-tools."""
    head = fp.read(_HEAD.size)
    signature, key, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (b"", b"", 0)
    tag = _KEPT.get(key)
    if tag is None or signature not in _SIGNATURES:
        fp.seek(-len(head), 1)
        return _read_any(fp, version, padding, **kwargs)
    consume_objects(3)
    data = _read_exact(fp, length)
    bin_utils.read_padding(fp, length, padding)
    return TaggedBlock(signature, tag, data)


_read_any = TaggedBlock.read
_QUICK = (
    *(
        (module, name, quick, vars(module)[name])
        for module in (import_module(f"psd_tools.psd.{part}") for part in _READING)
        for name, quick in (("read_fmt", _read_fmt), ("read_exact", _read_exact))
        if name in vars(module)
    ),
    (TaggedBlock, "read", staticmethod(_read_block), vars(TaggedBlock)["read"]),
)
