"""What the evaluation of edits says of one edit of one layer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReplayRow:
    """One edit, done to a true layer and to the predicted layer that matches it; the two pictures compared.

    L1 lies in [0, 1], 0 where they are equal, SSIM in [0, 1], 1 where they are: `evaluation/editing/likeness.py`. A
    layer that nothing matches has 1 and 0. The last two say what the edit did to the rest of the predicted stack:
    `evaluation/editing/isolation.py`.
    """

    sample: str
    operation: str  # move, resize, ...
    edit: str  # as evaluation/editing/grid.py calls it
    layer: int  # of the true stack
    matched: int | None  # layer of the predicted stack
    region_px: int
    region_l1: float  # where the true layer shows before or after the edit
    region_ssim: float
    frame_l1: float  # of the whole picture
    frame_ssim: float
    foreign_changed: int | None
    outside_max: int | None  # in 1/255
