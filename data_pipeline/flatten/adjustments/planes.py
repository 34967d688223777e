"""Tables or a mixture of a CMYK or Lab document's own channels -> a change of the RGB that its colours have become.

Its layers are RGB from the moment they are read, so a colour is taken apart again (`colour.to_planes`): Lab as it was,
but for what sRGB cannot hold, inks as one of the separations that look the same. What the way there and back does to
a colour on its own is left out, so that settings without effect have none. No picture of Photoshop's at hand shows an
adjustment in either mode.
"""

from collections.abc import Callable, Sequence

import numpy as np
from psd_tools.psd.adjustments import ChannelMixer

from data_pipeline.colour import ColourSpace, to_planes, to_rgb
from data_pipeline.flatten.adjustments.change import Change, finite

_INKS = 4

Planes = Sequence[np.ndarray]


def by_plane_tables(tables: np.ndarray, space: ColourSpace) -> Change:
    """`tables` are [channels, 256] in [0, 1], of the values in the file: 255 is no ink.

    Raises ValueError where a value is not a number.
    """
    held = np.rint(np.clip(finite(tables), 0, 1) * 255).astype(np.uint8)
    return _by_planes(lambda planes: [table[plane] for table, plane in zip(held, planes, strict=True)], space)


def ink_mixer(settings: ChannelMixer, space: ColourSpace) -> Change:
    """Channel Mixer of a CMYK document: each ink is a sum of all four and a constant, which adds white.

    Raises ValueError where rows are missing.
    """
    rest = np.frombuffer(settings.unknown[: len(settings.unknown) // 2 * 2], ">i2")
    rows = np.concatenate([np.array(settings.data, np.float64), rest])
    count = 1 if settings.monochrome else _INKS
    if len(rows) < count * (_INKS + 1):
        raise ValueError(f"{len(rows)} numbers for {count} inks")
    shares = np.broadcast_to(rows[: count * (_INKS + 1)].reshape(count, _INKS + 1) / 100, (_INKS, _INKS + 1))

    def mixed(planes: Planes) -> Planes:
        left = np.stack(planes).astype(np.float32)
        sums = (np.tensordot(share[:_INKS], left, 1) + 255 * share[_INKS] for share in shares.astype(np.float32))
        return [np.rint(np.clip(total, 0, 255)).astype(np.uint8) for total in sums]

    return _by_planes(mixed, space)


def _by_planes(adjust: Callable[[Planes], Planes], space: ColourSpace) -> Change:
    def change(rgb: np.ndarray) -> np.ndarray:
        if rgb.size == 0:
            return np.zeros(rgb.shape, np.float32)
        planes = to_planes(space, np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8))
        before, after = (to_rgb(space, one).astype(np.float32) for one in (planes, adjust(planes)))
        changed: np.ndarray = np.clip(rgb + (after - before) * np.float32(1 / 255), 0, 1)
        return changed

    to_planes(space, np.zeros((1, 1, 3), np.uint8))  # a profile that cannot be used is found out here
    return change
