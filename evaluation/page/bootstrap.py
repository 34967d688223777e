"""Values of samples in, the confidence interval of their mean out: the percentile bootstrap, the same for one seed."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 10_000
_AT_ONCE = 1 << 20  # drawn values that are in memory together


def confidence(values: Sequence[float] | np.ndarray, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """(low, high) around the mean of finite `values`; both that value where there is but one, which says nothing.

    Raises ValueError where there are none, where one is not finite, and for a level that is not within 0 and 1.
    """
    return stratified_confidence([values], seed, level)


def stratified_confidence(
    strata: Sequence[Sequence[float] | np.ndarray], seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """As `confidence`, around the mean of the strata's means, each of which is drawn from on its own."""
    if not 0 < level < 1:
        raise ValueError(f"the level of a confidence interval is {level}; it must be between 0 and 1")
    arrays = [np.asarray(stratum, np.float64) for stratum in strata]
    if not arrays or not all(array.size and np.isfinite(array).all() for array in arrays):
        raise ValueError("a confidence interval needs values, all of them finite")
    rng = np.random.default_rng(seed)
    means = np.mean([_resampled_means(array, rng) for array in arrays], axis=0)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _resampled_means(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    means = np.empty(RESAMPLES)
    rows = max(1, _AT_ONCE // values.size)
    for start in range(0, RESAMPLES, rows):
        part = means[start : start + rows]
        part[:] = values[rng.integers(values.size, size=(part.size, values.size))].mean(axis=1)
    return means
