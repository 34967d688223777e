"""Compressed channels of a layer, a mask or the stored image -> uint8 planes [height, width].

Damage raises `DamagedPixels`: psd-tools decodes a damaged channel to black and only warns.
"""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.compression import PSDDecompressionWarning
from psd_tools.constants import ChannelID
from psd_tools.psd.layer_and_mask import ChannelData, ChannelInfo

from data_pipeline.document import Document
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


def _channels(layer: Layer) -> Iterator[tuple[ChannelInfo, ChannelData]]:
    for info, data in zip(layer._record.channel_info, layer._channels, strict=False):
        if data.data:
            yield info, data


def stored_planes(document: Document) -> list[np.ndarray]:
    """The channels of the merged image that Photoshop stored, as they lie in the file."""
    psd = document.psd
    data = _decompressed("stored image", lambda: psd._record.image_data.get_data(psd._record.header, False))
    height, channels = psd.height, psd.channels
    rows = to_uint8(data, psd.depth, psd.width, height * channels, "stored image")
    return [rows[k * height : (k + 1) * height] for k in range(channels)]


def _plane(layer: Layer, data: ChannelData, width: int, height: int) -> np.ndarray:
    psd = layer._psd
    what = f"layer {layer.name!r}"
    raw = _decompressed(what, lambda: data.get_data(width, height, psd.depth, psd.version))
    return to_uint8(raw, psd.depth, width, height, what)


def _decompressed(what: str, read: Callable[[], bytes]) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("error", PSDDecompressionWarning)
        try:
            return read()
        except (PSDDecompressionWarning, ValueError, OSError, IndexError) as error:
            raise DamagedPixels(f"{what}: {type(error).__name__}: {error}"[:400]) from error


def to_uint8(data: bytes, depth: int, width: int, height: int, what: str) -> np.ndarray:
    """Raw big-endian samples to uint8, rounded. 32-bit samples are linear light: they get sRGB's curve."""
    if depth == 1:
        row_bytes = (width + 7) // 8
        bits = np.unpackbits(_samples(data, np.dtype(np.uint8), row_bytes, height, what), axis=1, count=width)
        return (1 - bits) * np.uint8(255)  # a set bit is black
    if depth == 8:
        return _samples(data, np.dtype(np.uint8), width, height, what)
    if depth == 16:
        samples = _samples(data, np.dtype(">u2"), width, height, what).astype(np.uint32)
        return ((samples * 255 + 32767) // 65535).astype(np.uint8)
    linear = np.clip(np.nan_to_num(_samples(data, np.dtype(">f4"), width, height, what).astype(np.float32)), 0, 1)
    curve = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
    return np.rint(curve * 255).astype(np.uint8)


def _samples(data: bytes, dtype: np.dtype, width: int, height: int, what: str) -> np.ndarray:
    count = width * height
    samples = np.frombuffer(data, dtype)
    if samples.size < count:
        raise DamagedPixels(f"{what}: {samples.size} samples, {count} expected")
    return samples[:count].reshape(height, width)
