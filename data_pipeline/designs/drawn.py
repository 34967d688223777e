"""A seed and a number in, a folder of small designs as PSDs out; what is there already is not drawn again."""

from pathlib import Path

import numpy as np

from data_pipeline.designs.composing import small_design
from data_pipeline.drawing import draw
from data_pipeline.shard_io import whole_file


def draw_designs(folder: Path, count: int, seed: int) -> int:
    """Writes `design-00000.psd` ...; number k depends on (seed, k) alone. How many lie there then.

    ValueError for a count below 1 or a negative seed.
    """
    if count < 1 or seed < 0:
        raise ValueError(f"count is {count}, seed {seed}; count must be at least 1, seed at least 0")
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"design-{number:05d}.psd"
        if path.is_file():
            continue
        design = small_design(np.random.default_rng((seed, number)))
        with whole_file(path) as file:
            draw(file, design.width, design.height, design.layers)
    return count
