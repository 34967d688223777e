"""The features of two sets of pictures in, their Frechet distance out: FID, of Inception's features."""

import numpy as np

INCEPTION_FEATURES = 2048


def frechet_distance(a_ND: np.ndarray, b_ND: np.ndarray) -> float:
    """`|mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2))` with the sample covariances A and B; never below 0.

    The trace of the root is the sum of the singular values of a's centred features times b's, transposed, over
    n - 1: exact where there are fewer samples than dimensions too, where a matrix root of the singular product is not.
    In float64. Raises ValueError for a set of less than two.
    """
    if a_ND.ndim != 2 or a_ND.shape[1:] != b_ND.shape[1:] or min(len(a_ND), len(b_ND)) < 2:
        raise ValueError(
            f"a Frechet distance is of two samples or more on each side, not {a_ND.shape} and {b_ND.shape}"
        )
    a, b = _scaled_deviations(a_ND), _scaled_deviations(b_ND)
    root = np.linalg.svd(_factor(a) @ _factor(b).T, compute_uv=False).sum()
    apart = a_ND.mean(axis=0, dtype=np.float64) - b_ND.mean(axis=0, dtype=np.float64)
    return max(0.0, float(apart @ apart + np.square(a).sum() + np.square(b).sum() - 2 * root))


def _scaled_deviations(features_ND: np.ndarray) -> np.ndarray:
    """X with the covariance X^T X."""
    centred = features_ND - features_ND.mean(axis=0, dtype=np.float64)
    return centred / np.sqrt(len(features_ND) - 1)


def _factor(deviations_ND: np.ndarray) -> np.ndarray:
    """Of the same covariance, with no more rows than columns."""
    rows, columns = deviations_ND.shape
    return np.asarray(np.linalg.qr(deviations_ND, mode="r")) if rows > columns else deviations_ND
