"""Compressed channels of a layer, a mask or the stored image -> uint8 planes [height, width].

Damage raises `DamagedPixels`: psd-tools decodes a damaged channel to black and only warns.
"""

import warnings
from collections.abc import Iterator

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.compression import PSDDecompressionWarning, decompress
from psd_tools.constants import ChannelID, Compression
from psd_tools.psd.image_data import ImageData
from psd_tools.psd.layer_and_mask import ChannelData, ChannelInfo

from data_pipeline.colour import srgb_values
from data_pipeline.document import Document
from data_pipeline.packbits import unpack
from schemas.stack import Box


class DamagedPixels(Exception):
    """A channel that cannot be decompressed; the message says which."""


def layer_planes(layer: Layer) -> dict[int, np.ndarray]:
    """A layer's channels by id (0, 1, ... colour; -1 transparency), each of the layer record's size."""
    return {
        int(info.id): _plane(layer, data, layer._record.width, layer._record.height)
        for info, data in _channels(layer)
        if info.id >= ChannelID.TRANSPARENCY_MASK
    }


def transparency_plane(layer: Layer) -> np.ndarray | None:
    """The layer's own alpha; None where it is opaque over its whole box."""
    for info, data in _channels(layer):
        if info.id == ChannelID.TRANSPARENCY_MASK:
            return _plane(layer, data, layer._record.width, layer._record.height)
    return None


def mask_plane(layer: Layer) -> tuple[np.ndarray, Box] | None:
    """The layer mask as Photoshop renders it (combined with the vector mask where it stored that) and its box."""
    mask = layer.mask
    if mask is None or mask.width <= 0 or mask.height <= 0:
        return None
    wanted = ChannelID.REAL_USER_LAYER_MASK if mask.has_real() else ChannelID.USER_LAYER_MASK
    for info, data in _channels(layer):
        if info.id == wanted:
            return _plane(layer, data, mask.width, mask.height), mask.bbox
    return None


def release(layer: Layer) -> None:
    """Forget the compressed channels of a layer or group that is finished: afterwards it has no pixels."""
    for data in layer._channels:
        data.data = b""
    if layer.is_group():
        for child in layer._layers:
            release(child)


def users_mask_plane(layer: Layer) -> tuple[np.ndarray, Box, int] | None:
    """The layer mask as painted, its box and default, where the other has a vector mask rendered into it."""
    data = layer.mask.data if layer.mask is not None else None
    sides = [] if data is None else [data.real_left, data.real_top, data.real_right, data.real_bottom]
    if data is None or None in sides or data.real_background_color is None:
        return None
    left, top, right, bottom = sides
    if left >= right or top >= bottom:
        return None
    for info, channel in _channels(layer):
        if info.id == ChannelID.REAL_USER_LAYER_MASK:
            plane = _plane(layer, channel, right - left, bottom - top)
            return plane, (left, top, right, bottom), data.real_background_color
    return None


def _channels(layer: Layer) -> Iterator[tuple[ChannelInfo, ChannelData]]:
    for info, data in zip(layer._record.channel_info, layer._channels, strict=False):
        if data.data:
            yield info, data


def stored_planes(document: Document) -> list[np.ndarray]:
    """The channels of the merged image that Photoshop stored, as they lie in the file."""
    psd = document.psd
    image = psd._record.image_data
    rows = _rows(image, psd.width, psd.height * psd.channels, psd.depth, psd.version, "stored image")
    return [rows[k * psd.height : (k + 1) * psd.height] for k in range(psd.channels)]


def release_stored(document: Document) -> None:
    """Forget the compressed merged image."""
    document.psd._record.image_data.data = b""


def _plane(layer: Layer, data: ChannelData, width: int, height: int) -> np.ndarray:
    psd = layer._psd
    return _rows(data, width, height, psd.depth, psd.version, f"layer {layer.name!r}")


def _rows(data: ChannelData | ImageData, width: int, height: int, depth: int, version: int, what: str) -> np.ndarray:
    """The samples of a compressed channel, or of several below each other, as uint8 [height, width]."""
    row_bytes = (width * depth + 7) // 8
    try:
        if data.compression == Compression.RLE:
            raw = unpack(data.data, row_bytes, height, version)
        else:
            raw = np.frombuffer(_decompressed(data, width, height, depth, version), np.uint8)
    except (PSDDecompressionWarning, ValueError, OSError, IndexError) as error:
        raise DamagedPixels(f"{what}: {error}"[:400]) from error
    if raw.size < row_bytes * height:
        raise DamagedPixels(f"{what}: {raw.size} bytes, {row_bytes * height} expected")
    return to_uint8(raw.reshape(-1)[: row_bytes * height].reshape(height, row_bytes), depth, width)


def _decompressed(data: ChannelData | ImageData, width: int, height: int, depth: int, version: int) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("error", PSDDecompressionWarning)
        return decompress(data.data, data.compression, width, height, depth, version)


def to_uint8(raw: np.ndarray, depth: int, width: int) -> np.ndarray:
    """Big-endian samples, uint8 [height, bytes of a row] -> uint8 [height, width], rounded.

    32-bit samples are linear light: they get sRGB's curve.
    """
    if depth == 8:
        return raw
    if depth == 1:
        return (1 - np.unpackbits(raw, axis=1, count=width)) * np.uint8(255)  # a set bit is black
    if depth == 16:
        samples = raw.view(">u2").astype(np.uint32)
        return ((samples * 255 + 32767) // 65535).astype(np.uint8)
    linear = np.clip(np.nan_to_num(raw.view(">f4").astype(np.float32)), 0, 1)
    return np.rint(srgb_values(linear) * 255).astype(np.uint8)
