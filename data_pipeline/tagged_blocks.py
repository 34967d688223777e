"""A PSD's tagged blocks and image resources, parsed only where they are read.

`lazy_open` leaves them the bytes that they are; `parse` turns one into psd-tools' own structure when it is needed.
"""

from collections.abc import Iterator

from psd_tools import PSDImage
from psd_tools.api.layers import Layer
from psd_tools.constants import Resource, Tag
from psd_tools.psd import image_resources, tagged_blocks
from psd_tools.psd.descriptor import Bool, Descriptor, List
from psd_tools.psd.parse_limits import parse_context
from psd_tools.psd.tagged_blocks import TaggedBlocks

from data_pipeline.lazy_open import quick_readers

_ALL_BLOCKS = dict(tagged_blocks.TYPES)
_ALL_RESOURCES = dict(image_resources.TYPES)

# What bytes that no Photoshop wrote make psd-tools raise where it reads them, or draws what they describe.
UNREADABLE = (AttributeError, KeyError, OverflowError, TypeError, ValueError, ZeroDivisionError, IndexError)

EFFECTS = (
    Tag.OBJECT_BASED_EFFECTS_LAYER_INFO,
    Tag.OBJECT_BASED_EFFECTS_LAYER_INFO_V0,
    Tag.OBJECT_BASED_EFFECTS_LAYER_INFO_V1,
)
VECTOR_MASK = (Tag.VECTOR_MASK_SETTING1, Tag.VECTOR_MASK_SETTING2)
VECTOR_STROKE = (Tag.VECTOR_STROKE_DATA, Tag.VECTOR_STROKE_CONTENT_DATA)
FILLS = (Tag.SOLID_COLOR_SHEET_SETTING, Tag.PATTERN_FILL_SETTING, Tag.GRADIENT_FILL_SETTING)
PATTERNS = (Tag.PATTERNS1, Tag.PATTERNS2, Tag.PATTERNS3)


def parse(blocks: TaggedBlocks | None, *tags: Tag) -> None:
    """Parse these blocks in place where they are present and still bytes.

    A block that cannot be parsed stays bytes, which psd-tools reads as missing. Raises ParseLimitError
    (a ValueError) where a block claims more objects than psd-tools' limits allow.
    """
    for tag in tags:
        block = blocks.get(tag) if blocks is not None else None
        if block is None or not isinstance(block.data, bytes):
            continue
        with parse_context(), quick_readers():
            try:
                block.data = _ALL_BLOCKS[tag].frombytes(block.data)
            except (OSError, ValueError):
                continue


def parse_geometry(layer: Layer) -> None:
    """Parse what a fill or shape without pixels is drawn from, before anything asks for its box.

    psd-tools remembers the box that a shape had when it was first asked, without its path an empty one, and
    asks on its own account: to tell whether a layer is a group it tries the attributes of one, in an order
    that changes from process to process.
    """
    parse(layer.tagged_blocks, *FILLS, *VECTOR_STROKE, *VECTOR_MASK, Tag.VECTOR_ORIGINATION_DATA)
    above: Layer | PSDImage | None = layer
    while above is not None:  # the boxes of its groups, too
        if getattr(above, "_bbox", None) is not None:
            above._bbox = None
        above = above.parent


def parse_outline(layer: Layer) -> None:
    """Parse a shape's path and its vector stroke, which psd-tools remembers as missing if asked for them before."""
    parse(layer.tagged_blocks, *VECTOR_STROKE, *VECTOR_MASK)
    for remembered in ("_stroke", "_vector_mask"):
        if getattr(layer, remembered, None) is None and hasattr(layer, remembered):
            delattr(layer, remembered)


def descendants(group: PSDImage | Layer) -> Iterator[Layer]:
    """All layers and groups in a group, each before what it holds.

    psd-tools' own iterator asks an artboard for its box, and fails where that is damaged.
    """
    for layer in group._layers:
        yield layer
        if layer.is_group():
            yield from descendants(layer)


def parse_patterns(psd: PSDImage) -> None:
    """Parse the document's patterns, which pattern fills, overlays and strokes refer to."""
    parse(psd.tagged_blocks, *PATTERNS)


def parse_effects(layer: Layer) -> None:
    """Parse a layer's effects. An effect without a `present` key, as CS to CS6 wrote them, is present."""
    parse(layer.tagged_blocks, *EFFECTS)
    for tag in EFFECTS:
        effects = layer.tagged_blocks.get_data(tag)
        if not isinstance(effects, Descriptor):
            continue
        for value in list(effects.values()):
            for item in value if isinstance(value, List) else [value]:
                if isinstance(item, Descriptor) and b"enab" in item and b"present" not in item:
                    item[b"present"] = Bool(True)


def resource(psd: PSDImage, key: Resource) -> object | None:
    """One image resource, parsed; None where it is missing or damaged."""
    item = psd.image_resources.get(key)
    if item is None:
        return None
    if isinstance(item.data, bytes) and key in _ALL_RESOURCES:
        with parse_context(), quick_readers():
            try:
                item.data = _ALL_RESOURCES[key].frombytes(item.data)
            except (OSError, ValueError):
                return None
    return item.data


def is_switched_on(layer: Layer, tag: Tag, *, default: bool) -> bool:
    """What a switch of one byte says; the default where the file has none."""
    block = layer.tagged_blocks.get(tag)
    if block is None or not isinstance(block.data, bytes) or not block.data:
        return default
    return bool(block.data[0])


def knocks_out(layer: Layer) -> bool:
    """Whether its knockout is shallow or deep."""
    return bool(layer.tagged_blocks.get_data(Tag.KNOCKOUT_SETTING, 0))
