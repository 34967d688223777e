"""The settings of Curves -> one table for each channel."""

from collections.abc import Iterator, Sequence

import numpy as np
from psd_tools.psd.adjustments import Curves, CurvesExtraMarker
from scipy.interpolate import CubicSpline

_COMPOSITE = 0  # the curve that follows each channel's own


def curve_tables(settings: Curves, channels: int) -> np.ndarray:
    """Curves as float64 [channels, 256] in [0, 1], measured on Photoshop's pictures: natural cubic splines.

    A curve drawn by hand is a table of bytes. Raises TypeError or ValueError where a curve cannot be read.
    """
    curves = {channel: _curve(points) for channel, points in _by_channel(settings)}
    same = np.arange(256) / 255
    own = np.array([curves.get(1 + channel, same) for channel in range(channels)])
    if channels == 1 or _COMPOSITE not in curves:  # a greyscale document has no composite curve
        return own
    return curves[_COMPOSITE][np.rint(own * 255).astype(np.intp)]


def _by_channel(settings: Curves) -> Iterator[tuple[int, Sequence]]:
    """From the records that name their channel; where there are none, of the channels whose bits are set."""
    if isinstance(settings.extra, CurvesExtraMarker):
        yield from ((item.channel_id, item.points) for item in settings.extra)
    elif settings.version == 1:
        bits = [bit for bit in range(settings.count_map.bit_length()) if settings.count_map >> bit & 1]
        yield from zip(bits, settings.data, strict=True)
    else:
        yield from enumerate(settings.data)


def _curve(points: Sequence) -> np.ndarray:
    """Pairs (new value, old value) in 1/255, ascending by the old one; or 256 new values."""
    if len(points) == 256 and isinstance(points[0], int):
        return np.array(points, np.float64) / 255
    new, old = np.array(points, np.float64).reshape(-1, 2).T / 255
    values = np.arange(256) / 255
    if len(old) < 2:
        return values
    spline: np.ndarray = CubicSpline(old, new, bc_type="natural")(np.clip(values, old[0], old[-1]))
    return np.clip(spline, 0, 1)
