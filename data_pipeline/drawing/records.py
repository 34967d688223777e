"""Descriptions of layers go in, the flat layer records and channels of a PSD come out."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from psd_tools.constants import BlendMode, ChannelID, Clipping, ColorMode, Compression, SectionDivider, Tag
from psd_tools.psd.header import FileHeader
from psd_tools.psd.layer_and_mask import (
    ChannelData,
    ChannelDataList,
    ChannelInfo,
    LayerBlendingRanges,
    LayerFlags,
    LayerRecord,
    MaskData,
    MaskFlags,
    MaskParameters,
)
from psd_tools.psd.tagged_blocks import SectionDividerSetting, TaggedBlock

from data_pipeline.drawing.layers import Fill, Group, Invert, Mask, Node, Pixels, Text
from data_pipeline.drawing.paints import Gradient, Tile, gradient_block, pattern_block, solid_colour_block
from data_pipeline.drawing.styles import effects_block
from data_pipeline.drawing.vectors import artboard_block, text_block, vector_mask_block

_NO_BOX = (0, 0)


def records(layers: Sequence[Node], header: FileHeader) -> Iterator[tuple[LayerRecord, ChannelDataList]]:
    """The flat list of a PSD: a group is a closing divider, its children, and its own record above them."""
    for node in layers:
        if isinstance(node, Group):
            bounding = LayerRecord(name="</Layer group>")
            bounding.tagged_blocks.set_data(Tag.SECTION_DIVIDER_SETTING, SectionDivider.BOUNDING_SECTION_DIVIDER)
            bounding.tagged_blocks.set_data(Tag.UNICODE_LAYER_NAME, "</Layer group>")
            yield _with_channels(bounding, _pixel_channels(None, header))
            yield from records(node.layers, header)
        yield _record(node, header)


def _record(node: Node, header: FileHeader) -> tuple[LayerRecord, ChannelDataList]:
    rgba = node.rgba if isinstance(node, Pixels) else None
    left, top = (node.left, node.top) if isinstance(node, Pixels) else _NO_BOX
    rows, columns = (0, 0) if rgba is None else rgba.shape[:2]
    mode = BlendMode.NORMAL if node.blend_mode is BlendMode.PASS_THROUGH else node.blend_mode
    irrelevant = isinstance(node, Group | Fill | Invert)
    record = LayerRecord(
        left=left,
        top=top,
        right=left + columns,
        bottom=top + rows,
        blend_mode=mode,
        opacity=node.opacity,
        clipping=Clipping.NON_BASE if node.clipping else Clipping.BASE,
        flags=LayerFlags(visible=node.visible, pixel_data_irrelevant=irrelevant),
        name=node.name.encode("macroman", "replace")[:255].decode("macroman"),
    )
    blocks = record.tagged_blocks
    for tag, data in _own_blocks(node, header):
        blocks[tag] = TaggedBlock(key=tag, data=data)
    blocks.set_data(Tag.UNICODE_LAYER_NAME, node.name)
    if node.fill != 255:
        blocks.set_data(Tag.BLEND_FILL_OPACITY, node.fill)
    if node.knockout:
        blocks.set_data(Tag.KNOCKOUT_SETTING, node.knockout)
    for tag, is_on in node.switches:
        blocks[tag] = TaggedBlock(key=tag, data=bytes([is_on, 0, 0, 0]))
    if node.restricted_channels:
        blocks.set_data(Tag.CHANNEL_BLENDING_RESTRICTIONS_SETTING, list(node.restricted_channels))
    if node.blend_if:
        grey, *others = [[_words(one.own), _words(one.below)] for one in node.blend_if]
        record.blending_ranges = LayerBlendingRanges(grey, others)
    channels = _pixel_channels(rgba, header)
    if node.mask is not None:
        record.mask_data = _mask_data(node.mask)
        plane = node.mask.array.astype(np.uint8) if header.depth == 8 else _widened(node.mask.array)
        channels.append((ChannelID.USER_LAYER_MASK, _channel(plane, header)))
    return _with_channels(record, channels)


def _words(sliders: tuple[int, int, int, int]) -> tuple[int, int]:
    return sliders[0] << 8 | sliders[1], sliders[2] << 8 | sliders[3]


def _own_blocks(node: Node, header: FileHeader) -> Iterator[tuple[Tag, Any]]:
    """The tagged blocks that make a record more than pixels."""
    match node:
        case Group():
            yield from _group_blocks(node)
        case Text():
            yield Tag.TYPE_TOOL_OBJECT_SETTING, text_block(node.text, node.left, node.top)
        case Fill(paint=Gradient() as gradient):
            yield Tag.GRADIENT_FILL_SETTING, gradient_block(gradient)
        case Fill(paint=Tile() as tile):
            yield Tag.PATTERN_FILL_SETTING, pattern_block(tile, node.scale)
        case Fill(paint=tuple() as colour):
            yield Tag.SOLID_COLOR_SHEET_SETTING, solid_colour_block(colour)
        case Invert():
            yield Tag.INVERT, b""
    if node.vector_mask:
        yield Tag.VECTOR_MASK_SETTING1, vector_mask_block(node.vector_mask, header.width, header.height)
    if node.effects:
        yield Tag.OBJECT_BASED_EFFECTS_LAYER_INFO, effects_block(node.effects)
    if node.old_effects:
        yield Tag.EFFECTS_LAYER, node.old_effects


def _group_blocks(group: Group) -> Iterator[tuple[Tag, Any]]:
    kind = SectionDivider.OPEN_FOLDER if group.open else SectionDivider.CLOSED_FOLDER
    yield Tag.SECTION_DIVIDER_SETTING, SectionDividerSetting(kind, b"8BIM", group.blend_mode)
    if group.artboard is not None:
        yield Tag.ARTBOARD_DATA1, artboard_block(group.artboard)


def _mask_data(mask: Mask) -> MaskData:
    rows, columns = mask.array.shape
    applied = mask.density is not None or mask.feather is not None
    return MaskData(
        top=mask.top,
        left=mask.left,
        bottom=mask.top + rows,
        right=mask.left + columns,
        background_color=mask.default,
        flags=MaskFlags(mask_disabled=mask.disabled, parameters_applied=applied),
        parameters=MaskParameters(mask.density, mask.feather) if applied else None,
    )


def _pixel_channels(rgba: np.ndarray | None, header: FileHeader) -> list[tuple[ChannelID, ChannelData]]:
    count = ColorMode.channels(header.color_mode, False)
    ids = [ChannelID.TRANSPARENCY_MASK, *(ChannelID(index) for index in range(count))]
    if rgba is None:
        return [(identifier, ChannelData()) for identifier in ids]
    planes = colour_planes(rgba, header)
    return list(zip(ids, (_channel(plane, header) for plane in [planes[-1], *planes[:-1]]), strict=True))


def _channel(plane: np.ndarray, header: FileHeader) -> ChannelData:
    rows, columns = plane.shape
    channel = ChannelData(compression=Compression.RLE if header.depth == 8 else Compression.ZIP)
    data = np.ascontiguousarray(plane.astype(plane.dtype.newbyteorder(">"))).tobytes()
    channel.set_data(data, columns, rows, header.depth, header.version)
    return channel


def _with_channels(
    record: LayerRecord, channels: Sequence[tuple[ChannelID, ChannelData]]
) -> tuple[LayerRecord, ChannelDataList]:
    record.channel_info = [ChannelInfo(identifier, 2 + len(data.data)) for identifier, data in channels]
    return record, ChannelDataList(items=[data for _, data in channels])


def colour_planes(rgba: np.ndarray, header: FileHeader) -> list[np.ndarray]:
    """The colour planes of the document's mode and, last, alpha, at the document's depth."""
    if header.color_mode is not ColorMode.RGB:
        small = rgba if rgba.dtype == np.uint8 else (rgba >> 8).astype(np.uint8)
        if header.color_mode is ColorMode.GRAYSCALE:
            planes = [np.asarray(Image.fromarray(np.ascontiguousarray(small[:, :, :3])).convert("L"))]
        elif header.color_mode is ColorMode.LAB:
            srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
            picture = Image.fromarray(np.ascontiguousarray(small[:, :, :3]))
            converted = np.asarray(ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB"))
            planes = [converted[:, :, 0], converted[:, :, 1] ^ 128, converted[:, :, 2] ^ 128]
        else:  # ink is stored inverted: 255 is no ink
            planes = [255 - small[:, :, c] for c in range(3)]
            black = np.minimum.reduce(planes)
            planes = [255 - (plane - black) for plane in planes] + [255 - black]
        planes.append(small[:, :, 3])
    else:
        planes = [rgba[:, :, c] for c in range(4)]
    if header.depth == 16:
        return [_widened(plane) for plane in planes]
    return [plane if plane.dtype == np.uint8 else (plane >> 8).astype(np.uint8) for plane in planes]


def _widened(plane: np.ndarray) -> np.ndarray:
    return plane if plane.dtype == np.uint16 else plane.astype(np.uint16) * 257
