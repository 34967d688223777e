"""What stands on neutral grey."""

import numpy as np

from data_pipeline.neutral_grey import over_grey


def test_the_ground_is_neutral_grey():
    rgba = np.array([[[0, 200, 255, 0], [0, 200, 255, 255], [0, 200, 255, 128]]], np.uint8)
    expected = [[128, 128, 128], [0, 200, 255], [64, 164, 192]]
    assert np.asarray(over_grey(rgba))[0].tolist() == expected
