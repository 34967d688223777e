"""Decoded pictures are taken as they lie in memory, or copied where they do not lie so."""

import numpy as np
import pytest
from PIL import Image

from data_pipeline.stack_io.images import pixels_of


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "P", "LA", "CMYK", "1"])
@pytest.mark.parametrize("side", [7, 2060])  # of which the second lies in two blocks of Pillow's memory
def test_pixels_are_those_that_pillow_gives(mode, side):
    rgba = np.random.default_rng(0).integers(0, 256, (side, side, 4), np.uint8)
    picture = Image.fromarray(rgba).convert(mode).copy()
    np.testing.assert_array_equal(pixels_of(picture), np.asarray(picture.convert("RGBA")))


def test_pixels_in_the_memory_of_an_array_are_copied():
    rgba = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(pixels_of(Image.fromarray(rgba)), rgba)


def test_pixels_outlive_their_picture():
    picture = Image.new("RGBA", (300, 200), (1, 2, 3, 4))
    pixels = pixels_of(picture)
    picture.close()
    del picture
    Image.new("RGBA", (300, 200), (9, 9, 9, 9))
    assert (pixels == (1, 2, 3, 4)).all()
