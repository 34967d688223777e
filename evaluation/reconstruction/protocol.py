"""A truth and its reconstruction in, how far they are apart out: the AlphaVAE protocol on one pair, and on many.

Each is blended with its own alpha over nine colours (`backgrounds`). PSNR is of RGB, SSIM of the luma rounded to whole
levels, both as in `pyiqa`, with which AlphaVAE's figures were measured: 1e-8 is added to the mean squared error of
colours in [0, 1], so that identical pictures have 80 dB, not infinitely many, and a mean over pictures stays finite;
SSIM's contrast term is never negative. All of it with and without the JPEG step, which changes PSNR by decibels.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numba import types
from PIL import Image

from data_pipeline.kernel import kernel
from evaluation.reconstruction.backgrounds import over_backgrounds, through_jpeg
from evaluation.reconstruction.matting import AlphaErrors, alpha_errors
from evaluation.reconstruction.pictures import Source, cropped, read
from evaluation.similarity import nonnegative_ssim

ERROR_FLOOR = 1e-8
SIDE_PX = 1024
_SHOWN_PX = 256

Reconstruct = Callable[[np.ndarray], np.ndarray]  # straight uint8 RGBA [H, W, 4] -> the same, of the same size
Counterpart = Callable[[Source, np.ndarray], np.ndarray]  # a truth and its cropped pixels -> its reconstruction
Variant = tuple[str, bool]  # the background, and whether it went through JPEG

_RGB = types.Array(types.uint8, 3, "C", readonly=True)
_LUMA = types.Array(types.float64, 2, "C")


@dataclass(frozen=True)
class Networks:
    """What needs weights; None where none are given.

    `lpips` takes as many uint8 RGB truths as reconstructions and gives their distances; `features` gives [N, D].
    """

    lpips: Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], list[float]] | None = None
    features: Callable[[Sequence[np.ndarray]], np.ndarray] | None = None


@dataclass(frozen=True)
class Score:
    """`psnr` in decibels, at most 80; `ssim` in [0, 1]."""

    psnr: float
    ssim: float
    lpips: float | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """One pair. `features` are (truth, reconstruction) [variants, D], in the order of `scores`; None without a network.

    `shown` are small uint8 RGB pictures for people: truth and reconstruction over grey.
    """

    source: Source
    scores: Mapping[Variant, Score]
    alpha: AlphaErrors
    features: tuple[np.ndarray, np.ndarray] | None
    shown: tuple[np.ndarray, np.ndarray] = field(repr=False)


def compare(source: Source, truth: np.ndarray, reconstruction: np.ndarray, networks: Networks) -> Comparison:
    """Two straight uint8 RGBA pictures [H, W, 4]; raises ValueError, naming the source, where they are no such pair."""
    for picture in (truth, reconstruction):
        if picture.dtype != np.uint8 or picture.shape != truth.shape or picture.ndim != 3 or picture.shape[2] != 4:
            made = f"{reconstruction.dtype} {reconstruction.shape}"
            raise ValueError(f"{source.path}: a reconstruction is uint8 {truth.shape}, not {made}")
    truths, others = dict(variants(truth)), dict(variants(reconstruction))
    pairs = list(truths.values()), list(others.values())
    distances = networks.lpips(*pairs) if networks.lpips else [None] * len(truths)
    scores = {
        variant: Score(*similarity(truths[variant], others[variant]), distance)
        for variant, distance in zip(truths, distances, strict=True)
    }
    features = (networks.features(pairs[0]), networks.features(pairs[1])) if networks.features else None
    shown = _small(truths["gray", False]), _small(others["gray", False])
    return Comparison(source, scores, alpha_errors(truth[..., 3], reconstruction[..., 3]), features, shown)


def variants(rgba_HW4: np.ndarray) -> Iterator[tuple[Variant, np.ndarray]]:
    """The picture over each background, uint8 RGB, as it is and through JPEG."""
    for name, rgb in over_backgrounds(rgba_HW4).items():
        yield (name, False), rgb
        yield (name, True), through_jpeg(rgb)


def similarity(a_HW3: np.ndarray, b_HW3: np.ndarray) -> tuple[float, float]:
    """(PSNR, SSIM) of two uint8 RGB pictures, as the protocol has them."""
    a, b = np.ascontiguousarray(a_HW3), np.ascontiguousarray(b_HW3)
    luma_a, luma_b = np.empty(a.shape[:2]), np.empty(a.shape[:2])
    error = _squared_error(a, b, luma_a, luma_b) / a.size / 255**2
    return -10 * float(np.log10(error + ERROR_FLOOR)), nonnegative_ssim(luma_a, luma_b)


def from_pictures(found: Mapping[str, Source]) -> Counterpart:
    """Reconstructions that lie in a folder, by the name of their truth (`pictures.counterparts`)."""
    return lambda source, _: read(found[source.name])


def from_model(reconstruct: Reconstruct) -> Counterpart:
    """Reconstructions of an autoencoder, which is asked for one at a time."""
    lock = threading.Lock()

    def made(_: Source, truth: np.ndarray) -> np.ndarray:
        with lock:
            return reconstruct(truth)

    return made


def comparisons(
    sources: Sequence[Source], counterpart: Counterpart, networks: Networks, side: int = SIDE_PX, workers: int = 1
) -> Iterator[Comparison]:
    """In the order of `sources`. Threads do: decoding, JPEG and the kernels let go of the interpreter's lock."""

    def compared(source: Source) -> Comparison:
        truth = cropped(read(source), side)
        return compare(source, truth, counterpart(source, truth), networks)

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(compared, sources)


def _small(rgb_HW3: np.ndarray) -> np.ndarray:
    image = Image.fromarray(rgb_HW3)
    image.thumbnail((_SHOWN_PX, _SHOWN_PX))
    return np.asarray(image)


@kernel(types.int64, _RGB, _RGB, _LUMA, _LUMA)
def _squared_error(a: np.ndarray, b: np.ndarray, luma_a: np.ndarray, luma_b: np.ndarray) -> np.int64:
    """The sum over all samples; fills the planes with 0.299 R + 0.587 G + 0.114 B, rounded half to even."""
    total = np.int64(0)
    for y in range(a.shape[0]):
        for x in range(a.shape[1]):
            for channel in range(3):
                total += (np.int32(a[y, x, channel]) - np.int32(b[y, x, channel])) ** 2
            sum_a = 299 * np.int32(a[y, x, 0]) + 587 * np.int32(a[y, x, 1]) + 114 * np.int32(a[y, x, 2])
            sum_b = 299 * np.int32(b[y, x, 0]) + 587 * np.int32(b[y, x, 1]) + 114 * np.int32(b[y, x, 2])
            luma_a[y, x] = np.rint(sum_a / 1000)
            luma_b[y, x] = np.rint(sum_b / 1000)
    return total
