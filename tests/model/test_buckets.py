"""Sizes are those of the released pipeline."""

import pytest
from diffusers.pipelines.qwenimage.pipeline_qwenimage_layered import calculate_dimensions
from hypothesis import given
from hypothesis import strategies as st

from model.buckets import bucket


@given(st.integers(20, 4000), st.integers(20, 4000), st.sampled_from([640, 1024]))
def test_sizes_are_those_of_the_released_pipeline(width, height, resolution):
    expected = calculate_dimensions(resolution**2, width / height)
    if min(expected) > 0 and max(expected) <= 8192:
        assert bucket(width, height, resolution) == expected


@pytest.mark.parametrize("resolution", [0, 650, 16, 10_000])
def test_a_resolution_that_is_no_multiple_of_32_is_refused(resolution):
    with pytest.raises(ValueError, match=f"resolution is {resolution}"):
        bucket(10, 10, resolution)


def test_a_thread_is_refused():
    with pytest.raises(ValueError, match="too long and thin"):
        bucket(9000, 1, 640)
