"""What stands on neutral grey."""

import numpy as np
from PIL import Image

from data_pipeline.neutral_grey import over_grey


def test_the_ground_is_neutral_grey():
    rgba = np.array([[[0, 200, 255, 0], [0, 200, 255, 255], [0, 200, 255, 128]]], np.uint8)
    expected = [[128, 128, 128], [0, 200, 255], [64, 164, 192]]
    assert over_grey(rgba)[0].tolist() == expected


def test_every_colour_of_every_alpha_is_rounded_as_pillow_pastes_it():
    colour, alpha = np.indices((256, 256), np.uint8)
    rgba = np.stack([colour, 255 - colour, colour // 2, alpha], axis=2)
    ground = Image.new("RGB", (256, 256), (128, 128, 128))
    ground.paste(Image.fromarray(rgba), mask=Image.fromarray(alpha))
    assert np.array_equal(over_grey(rgba), np.asarray(ground))
    assert np.array_equal(over_grey(rgba[::2, 5:]), np.asarray(ground)[::2, 5:])
