"""A stack <-> a PSD or PSB: named, positioned, cropped layers in groups, and the picture they make.

A document of plain layers alone, as `write_psd` writes them, is read layer by layer, as it is. Any other is flattened
to plain layers, as `make shards` flattens it: what is hidden or empty is no layer then, and boxes are tight.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ImageCms
from psd_tools import PSDImage
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode, ChannelID, ColorMode, Tag

from data_pipeline.colour import ColourSpace, colour_space, to_srgb
from data_pipeline.document import Document, Refusal, open_document
from data_pipeline.drawing import Group, Pixels, draw
from data_pipeline.drawing import Node as Drawn
from data_pipeline.flatten.blend_if import has_ranges
from data_pipeline.flatten.groups import is_clipped
from data_pipeline.flatten.node import Node, clean
from data_pipeline.painting import paint_document
from data_pipeline.pixels import DamagedPixels, layer_planes
from data_pipeline.stack_io.layer_tree import Branch, nested
from data_pipeline.stack_io.pictures import LIMITS
from data_pipeline.stack_io.placed import placed
from data_pipeline.stack_io.writable import picture_of
from data_pipeline.tagged_blocks import descendants, knocks_out
from schemas.stack import PlainLayer, Stack

_CREATED = slice(24, 36)  # of a profile's header (ICC.1, 7.2.8)
_PSD_BYTES = 2 << 30  # of a PSD; a PSB may be larger
_CHANNELS = (0, 1, 2, int(ChannelID.TRANSPARENCY_MASK))  # -1: the last of RGBA
_WITHOUT_EFFECT = frozenset((
    Tag.UNICODE_LAYER_NAME, Tag.LAYER_ID, Tag.LAYER_NAME_SOURCE_SETTING, Tag.SHEET_COLOR_SETTING, Tag.REFERENCE_POINT,
    Tag.METADATA_SETTING, Tag.PROTECTED_SETTING, Tag.SECTION_DIVIDER_SETTING, Tag.KNOCKOUT_SETTING,
    Tag.BLEND_CLIPPING_ELEMENTS, Tag.BLEND_INTERIOR_ELEMENTS,  # of what is clipped, and of effects
))  # fmt: skip


def write_psd(stack: Stack, file: BinaryIO) -> None:
    """A writable stack as a PSD. Raises ValueError where it has no layers, or too many pixels."""
    if sum(layer.rgba.nbytes for layer in stack.layers) + 4 * stack.width * stack.height > _PSD_BYTES:
        raise ValueError("a PSD holds 2 GiB; give the file a name that ends in .psb")
    _write(stack, file, large=False)


def write_psb(stack: Stack, file: BinaryIO) -> None:
    """A writable stack as a PSB. Raises ValueError where it has no layers."""
    _write(stack, file, large=True)


def _write(stack: Stack, file: BinaryIO, large: bool) -> None:
    if not stack.layers:
        raise ValueError("a PSD without layers would be a flat picture, and this stack has none")
    drawn = _drawn(nested(stack.layers))
    picture = picture_of(stack)
    draw(file, stack.width, stack.height, drawn, large=large, stored=picture, icc_profile=_srgb_profile())


@cache
def _srgb_profile() -> bytes:
    """Without it Photoshop takes the numbers for whatever it works in."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_CREATED] = struct.pack(">6H", 1980, 1, 1, 0, 0, 0)  # else the clock's time
    return bytes(profile)


def _drawn(tree: tuple[Branch | PlainLayer, ...]) -> tuple[Drawn, ...]:
    return tuple(
        Group(name=node.name, layers=_drawn(node.children))
        if isinstance(node, Branch)
        else Pixels(name=node.name, rgba=node.rgba if node.rgba.size else None, left=node.box[0], top=node.box[1])
        for node in tree
    )


def read_psd(path: Path) -> Stack:
    """In sRGB. Raises ValueError for what is no PSD, is damaged, has no layers, or exceeds the limits of `make shards`.

    Not thread-safe, as opening a document is not.
    """
    document = open_document(path, LIMITS)
    if isinstance(document, Refusal):
        raise ValueError(f"{document.reason}: {document.message}")
    space = colour_space(document)
    try:
        layers = _plain_layers(document) if is_plain(document) else _flattened(document, space)
    except DamagedPixels as error:
        raise ValueError(f"damaged pixels: {error}") from error
    in_srgb = (replace(layer, rgba=to_srgb(space, layer.rgba)) for layer in layers)
    return Stack(document.width, document.height, tuple(in_srgb))


def _flattened(document: Document, space: ColourSpace) -> list[PlainLayer]:
    """Named after the first of the nodes whose pixels a layer holds."""
    flat = paint_document(document, space, LIMITS).flat
    layers = []
    for layer in flat.stack.layers:
        node = flat.nodes[layer.layer_ids[0]]
        layers.append(replace(layer, name=node.name, groups=_groups(node, flat.nodes)))
    return layers


def _groups(node: Node, nodes: tuple[Node, ...]) -> tuple[str, ...]:
    groups: list[str] = []
    while node.parent_id is not None:
        node = nodes[node.parent_id]
        groups.append(node.name)
    return tuple(reversed(groups))


def is_plain(document: Document) -> bool:
    """Whether it is 8-bit RGB and all its layers are visible pixels and nothing else, in groups that only hold them."""
    psd = document.psd
    return psd.color_mode == ColorMode.RGB and psd.depth == 8 and all(map(_is_plain, descendants(psd)))


def _is_plain(layer: Layer) -> bool:
    record = layer._record
    modes = (BlendMode.NORMAL, BlendMode.PASS_THROUGH) if layer.kind == "group" else (BlendMode.NORMAL,)
    return (
        layer.kind in ("pixel", "group")
        and record.flags.visible
        and record.opacity == 255
        and layer.blend_mode in modes
        and record.mask_data is None
        and not is_clipped(layer)
        and set(record.tagged_blocks) <= _WITHOUT_EFFECT
        and not knocks_out(layer)
        and not has_ranges(layer)
    )


def _plain_layers(document: Document) -> list[PlainLayer]:
    """Every layer, the empty ones too, cropped to the canvas. Raises DamagedPixels."""
    canvas = (document.width, document.height)
    return [
        placed(_rgba(leaf), leaf._record.left, leaf._record.top, canvas, clean(leaf.name), groups)
        for leaf, groups in _leaves(document.psd, ())
    ]


def _leaves(parent: PSDImage | Layer, groups: tuple[str, ...]) -> Iterator[tuple[Layer, tuple[str, ...]]]:
    for layer in parent._layers:
        if layer.is_group():
            yield from _leaves(layer, (*groups, clean(layer.name)))
        else:
            yield layer, groups


def _rgba(layer: Layer) -> np.ndarray:
    """Its channels as they are; one that is missing is black, or opaque."""
    rgba = np.zeros((max(layer._record.height, 0), max(layer._record.width, 0), 4), np.uint8)
    if rgba.size:
        rgba[..., 3] = 255
        for channel, plane in layer_planes(layer).items():
            if channel in _CHANNELS:
                rgba[..., channel] = plane
    return rgba
