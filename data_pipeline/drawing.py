"""Draws PSD files: a description of layers, bottom to top, goes in, the bytes of a PSD or PSB come out.

The merged image stored in the file is psd-tools' own composite of it, matted with white and rounded once:
an oracle that shares no code with Lamina's flattening. Equal descriptions give equal bytes.
"""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Literal

import numpy as np
from PIL import Image
from psd_tools import PSDImage
from psd_tools.composite import composite
from psd_tools.constants import BlendMode, ChannelID, Clipping, ColorMode, Compression, Resource, SectionDivider, Tag
from psd_tools.psd import PSD
from psd_tools.psd.header import FileHeader
from psd_tools.psd.image_data import ImageData
from psd_tools.psd.image_resources import ImageResources
from psd_tools.psd.layer_and_mask import (
    ChannelData,
    ChannelDataList,
    ChannelInfo,
    GlobalLayerMaskInfo,
    LayerFlags,
    LayerInfo,
    LayerInfoBlock,
    LayerRecord,
    MaskData,
    MaskFlags,
    MaskParameters,
)
from psd_tools.psd.tagged_blocks import SectionDividerSetting, TaggedBlock, TaggedBlocks

from data_pipeline.drawing_styles import (
    Colour,
    Effect,
    Gradient,
    Tile,
    effects_block,
    gradient_block,
    pattern,
    pattern_block,
    solid_colour_block,
    tiles,
)
from data_pipeline.drawing_vectors import Polygon, artboard_block, text_block, vector_mask_block

_COLOUR_MODES = {"RGB": ColorMode.RGB, "L": ColorMode.GRAYSCALE, "CMYK": ColorMode.CMYK}
_NO_BOX = (0, 0)


@dataclass(frozen=True, eq=False)
class Mask:
    """A layer mask: uint8 [height, width], 255 shows. Outside its box it has `default`, 0 or 255."""

    array: np.ndarray = field(repr=False)
    left: int = 0
    top: int = 0
    default: int = 0
    density: int | None = None  # 0..255
    feather: float | None = None  # px
    disabled: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Node:
    """What every layer and group can have. Opacities are bytes, as Photoshop stores them."""

    name: str = "Layer"
    opacity: int = 255
    fill: int = 255
    blend_mode: BlendMode = BlendMode.NORMAL
    visible: bool = True
    clipping: bool = False
    mask: Mask | None = None
    vector_mask: tuple[Polygon, ...] = ()
    knockout: int = 0  # 0 none, 1 shallow, 2 deep
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Pixels(Node):
    """A pixel layer: `rgba` is uint8 or uint16 [height, width, 4], straight alpha, placed at (left, top)."""

    rgba: np.ndarray | None = field(repr=False, default=None)
    left: int = 0
    top: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Text(Pixels):
    """A type layer: the text, and the raster that Photoshop keeps of it."""

    text: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Fill(Pixels):
    """A fill layer, or with a `vector_mask` a shape; it may keep a raster as Photoshop does, or none."""

    paint: Colour | Gradient | Tile
    scale: float = 1.0  # of a Tile


@dataclass(frozen=True, eq=False, kw_only=True)
class Invert(Node):
    """An adjustment layer that inverts what lies below."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Group(Node):
    """A group of `layers`, bottom to top; isolated where its blend mode is not pass through."""

    layers: tuple[Node, ...] = ()
    name: str = "Group"
    blend_mode: BlendMode = BlendMode.PASS_THROUGH
    open: bool = True
    artboard: tuple[int, int, int, int] | None = None  # left, top, right, bottom


def draw(
    target: str | os.PathLike[str] | BinaryIO,
    width: int,
    height: int,
    layers: Sequence[Node],
    *,
    mode: Literal["RGB", "L", "CMYK"] = "RGB",
    depth: Literal[8, 16] = 8,
    large: bool = False,
    merged_alpha: bool = True,
    stored: np.ndarray | None = None,
    has_stored: bool = True,
    icc_profile: bytes | None = None,
) -> None:
    """Writes a PSD, or a PSB where `large`, of these layers.

    `merged_alpha` stores the merged image's transparency as its last channel, which readers recognise by
    the layer count being negative; without it the merged image is opaque, on white. `stored` replaces the
    merged image (uint8 [height, width, 4], straight), `has_stored=False` leaves a white one that is marked
    as absent.
    """
    psd = _document(width, height, layers, mode, depth, large, merged_alpha, has_stored, icc_profile)
    if not has_stored:
        planes = [b"\xff" * (width * height * depth // 8)] * psd.header.channels
    elif stored is not None:
        planes = _planes(stored, psd.header)
    else:
        planes = _composite_planes(_as_read(_all_present(layers), psd, merged_alpha))
    psd.image_data.set_data(planes, psd.header)
    if isinstance(target, str | os.PathLike):
        with open(target, "wb") as file:
            psd.write(file)
    else:
        psd.write(target)


def draw_bytes(width: int, height: int, layers: Sequence[Node], **options: Any) -> bytes:
    """As `draw`, in memory."""
    file = io.BytesIO()
    draw(file, width, height, layers, **options)
    return file.getvalue()


def _document(
    width: int,
    height: int,
    layers: Sequence[Node],
    mode: str,
    depth: int,
    large: bool,
    merged_alpha: bool,
    has_stored: bool,
    icc_profile: bytes | None,
) -> PSD:
    colour_mode = _COLOUR_MODES[mode]
    header = FileHeader(
        version=2 if large else 1,
        width=width,
        height=height,
        depth=depth,
        channels=len(mode) + int(merged_alpha),
        color_mode=colour_mode,
    )
    resources = ImageResources.new()
    resources.get_data(Resource.VERSION_INFO).has_composite = has_stored
    if icc_profile is not None:
        resources.set_data(Resource.ICC_PROFILE, icc_profile)
    psd = PSD(header=header, image_resources=resources, image_data=ImageData(compression=Compression.RLE))
    _set_layers(psd, layers, merged_alpha)
    return psd


def _set_layers(psd: PSD, layers: Sequence[Node], merged_alpha: bool) -> None:
    info = LayerInfoBlock() if psd.header.depth == 16 else LayerInfo()
    for record, channels in _records(layers, psd.header):
        info.layer_records.append(record)
        info.channel_image_data.append(channels)
    info.layer_count = -len(info.layer_records) if merged_alpha else len(info.layer_records)
    section = psd.layer_and_mask_information
    section.global_layer_mask_info = GlobalLayerMaskInfo()
    section.tagged_blocks = TaggedBlocks()
    if psd.header.depth == 16:
        section.layer_info = LayerInfo()
        section.tagged_blocks[Tag.LAYER_16] = TaggedBlock(key=Tag.LAYER_16, data=info)
    else:
        section.layer_info = info
    found = {tile.identifier: tile for tile in _tiles(layers)}
    if found:
        section.tagged_blocks.set_data(Tag.PATTERNS1, items=[pattern(tile) for tile in found.values()])


def _records(layers: Sequence[Node], header: FileHeader) -> Iterator[tuple[LayerRecord, ChannelDataList]]:
    """The flat list of a PSD: a group is a closing divider, its children, and its own record above them."""
    for node in layers:
        if isinstance(node, Group):
            bounding = LayerRecord(name="</Layer group>")
            bounding.tagged_blocks.set_data(Tag.SECTION_DIVIDER_SETTING, SectionDivider.BOUNDING_SECTION_DIVIDER)
            bounding.tagged_blocks.set_data(Tag.UNICODE_LAYER_NAME, "</Layer group>")
            yield _with_channels(bounding, _pixel_channels(None, header))
            yield from _records(node.layers, header)
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
    channels = _pixel_channels(rgba, header)
    if node.mask is not None:
        record.mask_data = _mask_data(node.mask)
        plane = node.mask.array.astype(np.uint8) if header.depth == 8 else _widened(node.mask.array)
        channels.append((ChannelID.USER_LAYER_MASK, _channel(plane, header)))
    return _with_channels(record, channels)


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
    planes = _in_mode(rgba, header)
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


def _in_mode(rgba: np.ndarray, header: FileHeader) -> list[np.ndarray]:
    """The colour planes of the document's mode and, last, alpha, at the document's depth."""
    if header.color_mode is not ColorMode.RGB:
        small = rgba if rgba.dtype == np.uint8 else (rgba >> 8).astype(np.uint8)
        if header.color_mode is ColorMode.GRAYSCALE:
            planes = [np.asarray(Image.fromarray(np.ascontiguousarray(small[:, :, :3])).convert("L"))]
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


def _tiles(layers: Sequence[Node]) -> Iterator[Tile]:
    for node in layers:
        if isinstance(node, Fill) and isinstance(node.paint, Tile):
            yield node.paint
        yield from tiles(node.effects)
        if isinstance(node, Group):
            yield from _tiles(node.layers)


def _all_present(layers: Sequence[Node]) -> list[Node]:
    """The same layers, with the `present` key that psd-tools asks of every effect."""
    shown: list[Node] = []
    for node in layers:
        effects = tuple(replace(effect, present=effect.present is not False) for effect in node.effects)
        node = replace(node, effects=effects)
        shown.append(replace(node, layers=tuple(_all_present(node.layers))) if isinstance(node, Group) else node)
    return shown


def _as_read(layers: Sequence[Node], like: PSD, merged_alpha: bool) -> PSDImage:
    """These layers in a document like this one, written and read again, as every reader will see them."""
    psd = PSD(
        header=like.header, image_resources=like.image_resources, image_data=ImageData(compression=Compression.RLE)
    )
    _set_layers(psd, layers, merged_alpha)
    blank = bytes(like.header.width * like.header.height * like.header.depth // 8)
    psd.image_data.set_data([blank] * like.header.channels, like.header)
    file = io.BytesIO()
    psd.write(file)
    file.seek(0)
    return PSDImage.open(file)


def _composite_planes(image: PSDImage) -> list[bytes]:
    """psd-tools' picture of a document as the planes Photoshop would store: over white, alpha last."""
    colour, _, alpha = composite(image)
    full, kind = (255, ">u1") if image.depth == 8 else (65535, ">u2")
    planes = np.concatenate([colour * alpha + (1 - alpha), alpha], axis=2)[:, :, : image._record.header.channels]
    return [np.floor(planes[:, :, c] * full + 0.5).astype(kind).tobytes() for c in range(planes.shape[2])]


def _planes(rgba: np.ndarray, header: FileHeader) -> list[bytes]:
    """The planes of a given merged image, white where it is transparent."""
    alpha = rgba[:, :, 3:].astype(np.uint32)
    matted = ((rgba[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    planes = _in_mode(np.concatenate([matted, rgba[:, :, 3:]], axis=2), header)
    return [plane.astype(plane.dtype.newbyteorder(">")).tobytes() for plane in planes[: header.channels]]
