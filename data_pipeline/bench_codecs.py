"""Documents in, a table out: bytes and CPU seconds of the lossless codecs over what would be stored of them.

    python -m data_pipeline.bench_codecs INPUT [--limit N]

INPUT is a PSD or a folder of them. Every stored image (composites and layers) is encoded and decoded once by each
codec; a codec whose pixels differ stops the run.
"""

import argparse
import io
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data_pipeline.curate import curate
from schemas.options import CurateOptions
from schemas.sample import Sample

CODECS: dict[str, Mapping[str, Any]] = {
    **{f"png level {level}": {"format": "PNG", "compress_level": level} for level in (1, 3, 6, 9)},
    **{
        f"webp method {method}": {"format": "WEBP", "lossless": True, "exact": True, "method": method}
        for method in (0, 1, 2, 4, 6)
    },
    "webp method 4 quality 20": {"format": "WEBP", "lossless": True, "exact": True, "method": 4, "quality": 20},
}


def stored_images(source: Path, limit: int | None) -> Iterator[np.ndarray]:
    """uint8 RGBA [h, w, 4]: the composite and the layers of each accepted document."""
    paths = (
        [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.suffix.lower() in (".psd", ".psb"))
    )
    for path in paths[:limit]:
        sample = curate(path, CurateOptions(captioner="none", previews=False))
        if isinstance(sample, Sample):
            yield sample.composite
            yield from (layer.rgba for layer in sample.stack.layers)


def measure(rgba: np.ndarray, settings: Mapping[str, Any]) -> tuple[int, float, float]:
    """Bytes, seconds to encode, seconds to decode."""
    out = io.BytesIO()
    start = time.process_time()
    Image.fromarray(rgba).save(out, **settings)
    encoded = time.process_time()
    pixels = np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGBA"))
    decoded = time.process_time()
    if not np.array_equal(pixels, rgba):
        raise ValueError(f"{settings} does not give the pixels back")
    return len(out.getvalue()), encoded - start, decoded - encoded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path)
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    sums = {name: np.zeros(3) for name in CODECS}
    images = pixels = 0
    for rgba in stored_images(arguments.input, arguments.limit):
        images, pixels = images + 1, pixels + rgba.shape[0] * rgba.shape[1]
        for name, settings in CODECS.items():
            sums[name] += measure(np.ascontiguousarray(rgba), settings)
    if not images:
        parser.error(f"{arguments.input} gives no stored image")
    print(f"{images} images, {pixels / 1e6:.1f} Mpx")
    print(f"{'codec':<26}{'MiB':>8}{'of png 6':>10}{'encode s':>10}{'Mpx/s':>8}{'decode s':>10}{'Mpx/s':>8}")
    smallest = sums["png level 6"][0]
    for name, (size, encode_s, decode_s) in sums.items():
        print(
            f"{name:<26}{size / 2**20:>8.2f}{size / smallest:>10.0%}{encode_s:>10.2f}{pixels / 1e6 / encode_s:>8.1f}"
            f"{decode_s:>10.2f}{pixels / 1e6 / decode_s:>8.1f}"
        )


if __name__ == "__main__":
    main()
