"""A picture's size in, the size at which the model sees it out: one area, the aspect kept, sides whole tokens."""

import math

SIDE_MULTIPLE_PX = 32  # as the released pipeline rounds
MOST_SIDE_PX = 8192


def bucket(width: int, height: int, resolution: int) -> tuple[int, int]:
    """(width, height) in pixels of about `resolution ** 2`, multiples of 32 (640 is what the released weights know).

    ValueError for a resolution that is no multiple of 32, or an aspect that leaves a side without a token.
    """
    if resolution < SIDE_MULTIPLE_PX or resolution % SIDE_MULTIPLE_PX or resolution > MOST_SIDE_PX:
        raise ValueError(f"resolution is {resolution}; it must be a multiple of {SIDE_MULTIPLE_PX}, e.g. 640 or 1024")
    wide = math.sqrt(resolution**2 * width / height)
    size = tuple(round(side / SIDE_MULTIPLE_PX) * SIDE_MULTIPLE_PX for side in (wide, wide * height / width))
    if min(size) == 0 or max(size) > MOST_SIDE_PX:
        raise ValueError(f"a picture of {width} x {height} px is too long and thin for a resolution of {resolution}")
    return size[0], size[1]
