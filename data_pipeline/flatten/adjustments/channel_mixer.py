"""The settings of Channel Mixer -> a change of colours."""

import numpy as np
from psd_tools.psd.adjustments import ChannelMixer

from data_pipeline.flatten.adjustments.change import FORMULA, Change, by_formula
from data_pipeline.kernel import kernel

_ROW = 5  # percent of red, of green, of blue, of a fourth channel that RGB has not, and a constant


def channel_mixer(settings: ChannelMixer) -> Change:
    """Each new channel is a sum of the old ones and a constant, by Photoshop's manual. Monochrome, all three are one.

    Raises ValueError where rows are missing.
    """
    rest = np.frombuffer(settings.unknown[: len(settings.unknown) // 2 * 2], ">i2")
    rows = np.concatenate([np.array(settings.data, np.float64), rest])
    count = 1 if settings.monochrome else 3
    if len(rows) < count * _ROW:
        raise ValueError(f"{len(rows)} numbers for {count} channels")
    mixed = rows[: count * _ROW].reshape(count, _ROW)[:, [0, 1, 2, 4]] / 100
    return by_formula(_mix, np.broadcast_to(mixed, (3, 4)))


@kernel(*FORMULA)
def _mix(rgb: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            r, g, b = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2]
            for c in range(3):
                n = numbers[4 * c : 4 * c + 4]
                out[y, x, c] = min(max(n[0] * r + n[1] * g + n[2] * b + n[3], 0.0), 1.0)
