"""The picture that came with layers, drawn by whoever made them -> how far they are from it.

It need not be of the canvas's size: the larger of the two is brought to the smaller one's.
"""

import io

import numpy as np
from PIL import JpegImagePlugin

from data_pipeline.fidelity import Distance, StoredImage, distance, over_white
from data_pipeline.outcome import Case, of_one_size
from data_pipeline.resize import resize_picture, target_size
from data_pipeline.stack_io.pictures import Decoder, check_canvas

_JPEG = b"\xff\xd8\xff"


def decoded(data: bytes) -> np.ndarray:
    """A PNG, WebP or JPEG as straight uint8 RGBA [height, width, 4]. Raises ValueError where it cannot be had."""
    if not data.startswith(_JPEG):
        return Decoder().decode("the picture of the whole", data)
    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as picture:
            check_canvas(*picture.size)
            return np.asarray(picture.convert("RGBA"))
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(f"the picture of the whole: cannot be decoded: {error}") from error


def held_against(case: Case, composite: np.ndarray, picture: np.ndarray, max_area: int) -> Distance:
    """Of a composite, and kept for the stored sample, at most `max_area` pixels of it. Both straight uint8 RGBA."""
    ours, theirs = of_one_size(composite, picture)
    white = over_white(theirs)
    alpha = None if (theirs[..., 3] == 255).all() else theirs[..., 3]
    figures = distance(ours, StoredImage(white[..., 0], white[..., 1], white[..., 2], alpha))
    size = target_size(picture.shape[1], picture.shape[0], max_area)
    small = picture if size == (picture.shape[1], picture.shape[0]) else resize_picture(picture, size)
    case.stored = np.dstack([over_white(small), np.full(small.shape[:2], 255, np.uint8)])
    case.stored_as = "reference"
    return figures
