"""A description of layers, bottom to top, goes in; the bytes of a PSD or PSB come out.

The merged image stored in the file is psd-tools' own composite of it, matted with white and rounded once:
an oracle that shares no code with Lamina's flattening. Equal descriptions give equal bytes.
"""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, BinaryIO, Literal

import numpy as np
from psd_tools import PSDImage
from psd_tools.composite import composite
from psd_tools.constants import ColorMode, Compression, Resource, Tag
from psd_tools.psd import PSD
from psd_tools.psd.header import FileHeader
from psd_tools.psd.image_data import ImageData
from psd_tools.psd.image_resources import ImageResource, ImageResources
from psd_tools.psd.layer_and_mask import GlobalLayerMaskInfo, LayerInfo, LayerInfoBlock
from psd_tools.psd.tagged_blocks import TaggedBlock, TaggedBlocks

from data_pipeline.drawing.layers import Fill, Group, Node
from data_pipeline.drawing.paints import Tile, pattern
from data_pipeline.drawing.records import colour_planes, records
from data_pipeline.drawing.styles import tiles

_COLOUR_MODES = {"RGB": ColorMode.RGB, "L": ColorMode.GRAYSCALE, "CMYK": ColorMode.CMYK, "LAB": ColorMode.LAB}


def draw(
    target: str | os.PathLike[str] | BinaryIO,
    width: int,
    height: int,
    layers: Sequence[Node],
    *,
    mode: Literal["RGB", "L", "CMYK", "LAB"] = "RGB",
    depth: Literal[8, 16] = 8,
    large: bool = False,
    merged_alpha: bool = True,
    stored: np.ndarray | None = None,
    has_stored: bool = True,
    icc_profile: bytes | None = None,
    resources: Mapping[Resource, bytes] = MappingProxyType({}),
) -> None:
    """Writes a PSD, or a PSB where `large`, of these layers.

    `merged_alpha` stores the merged image's transparency as its last channel, which readers recognise by
    the layer count being negative; without it the merged image is opaque, on white. `stored` replaces the
    merged image (uint8 [height, width, 4], straight), `has_stored=False` leaves a white one that is marked
    as absent. `resources` are image resources, as the bytes of their data.
    """
    psd = _document(width, height, layers, mode, depth, large, merged_alpha, has_stored)
    given = dict(resources) if icc_profile is None else {**resources, Resource.ICC_PROFILE: icc_profile}
    for key, data in given.items():
        psd.image_resources[key] = ImageResource(key=key, data=data)
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
    psd = PSD(header=header, image_resources=resources, image_data=ImageData(compression=Compression.RLE))
    _set_layers(psd, layers, merged_alpha)
    return psd


def _set_layers(psd: PSD, layers: Sequence[Node], merged_alpha: bool) -> None:
    info = LayerInfoBlock() if psd.header.depth == 16 else LayerInfo()
    for record, channels in records(layers, psd.header):
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
    planes = colour_planes(np.concatenate([matted, rgba[:, :, 3:]], axis=2), header)
    return [plane.astype(plane.dtype.newbyteorder(">")).tobytes() for plane in planes[: header.channels]]
