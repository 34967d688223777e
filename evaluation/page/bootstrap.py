"""Values of samples in, their mean and its confidence interval out: the percentile bootstrap, the same for one seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
_AT_ONCE = 1 << 20  # drawn values that are in memory together

Values = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Estimate:
    """A mean over samples, and its confidence interval, 95 % where nothing else is said."""

    mean: float
    low: float
    high: float
    samples: int

    def interval(self, digits: int = 4) -> str:
        return f"{self.low:.{digits}f} to {self.high:.{digits}f}"

    def words(self, digits: int = 4) -> str:
        return f"{self.mean:.{digits}f} ({self.interval(digits)})"


def estimate(values: Values, seed: int = 0, level: float = 0.95) -> Estimate:
    """Of finite `values`; the interval is that value where there is but one, which says nothing.

    Raises ValueError where there are none, where one is not finite, and for a level that is not within 0 and 1.
    """
    return stratified_estimate([values], seed, level)


def stratified_estimate(strata: Sequence[Values], seed: int = 0, level: float = 0.95) -> Estimate:
    """As `estimate`, of the mean of the strata's means, each of which is drawn from on its own."""
    if not 0 < level < 1:
        raise ValueError(f"the level of a confidence interval is {level}; it must be between 0 and 1")
    arrays = [np.asarray(stratum, np.float64) for stratum in strata]
    if not arrays or not all(array.size and np.isfinite(array).all() for array in arrays):
        raise ValueError("a confidence interval needs values, all of them finite")
    rng = np.random.default_rng(seed)
    means = np.mean([_resampled_means(array, rng) for array in arrays], axis=0)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    mean = np.mean([array.mean() for array in arrays])
    return Estimate(float(mean), float(low), float(high), sum(array.size for array in arrays))


def _resampled_means(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    means = np.empty(RESAMPLES)
    rows = max(1, _AT_ONCE // values.size)
    for start in range(0, RESAMPLES, rows):
        part = means[start : start + rows]
        part[:] = values[rng.integers(values.size, size=(part.size, values.size))].mean(axis=1)
    return means
