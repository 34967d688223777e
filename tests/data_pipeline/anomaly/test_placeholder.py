"""Placeholders: what a buyer is to replace, and what only speaks of pictures, or is grey."""

import numpy as np
import pytest

from data_pipeline.anomaly.placeholder import Placeholder
from data_pipeline.drawing import Pixels, Text, random_design
from data_pipeline.drawing.anomalies import POSITIVES
from data_pipeline.drawing.lookalikes import NEGATIVES
from tests.data_pipeline.anomaly.drawn_subjects import GROUND, called, filled, subject

_DETECTOR = Placeholder(threshold=0.5)


@pytest.mark.parametrize("variant", POSITIVES["placeholder"], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(6))
def test_drawn_placeholders_are_found(variant, seed) -> None:
    rng = np.random.default_rng(seed)
    width, height, layers = random_design(rng)
    assert _DETECTOR.measure(subject([*layers, variant(rng, width, height)], None, width, height)) > 0.5


@pytest.mark.parametrize("variant", NEGATIVES["placeholder"], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(6))
def test_what_only_looks_like_a_placeholder_is_not(variant, seed) -> None:
    rng = np.random.default_rng(seed)
    width, height, layers = random_design(rng)
    assert _DETECTOR.measure(subject([*layers, variant(rng, width, height)], None, width, height)) <= 0.5


def test_of_a_text_that_is_partly_filler_the_share_is_measured() -> None:
    half = "Fresh bread daily baked lorem ipsum dolor amet"
    assert _DETECTOR.measure(called("Text", text=half)) == 0.5
    assert _DETECTOR.measure(called("Text", text="Lorem ipsum dolor sit amet, consectetur adipiscing")) == 1


def test_a_grey_picture_is_a_frame_and_a_coloured_one_is_not() -> None:
    assert _DETECTOR.measure(called("Photo 1", rgba=filled((200, 200, 200), 80, 60))) == 0.8
    assert _DETECTOR.measure(called("Photo 1", rgba=filled((200, 160, 90), 80, 60))) == 0
    assert _DETECTOR.measure(called("Photo 1", rgba=filled((255, 255, 255), 80, 60))) == 0
    assert _DETECTOR.measure(called("Rectangle 1", rgba=filled((200, 200, 200), 80, 60))) == 0


def test_a_grey_photograph_is_none() -> None:
    grey = np.random.default_rng(0).integers(100, 240, (60, 80, 1)).astype(np.uint8)
    photo = np.dstack([grey, grey, grey, np.full((60, 80), 255, np.uint8)])
    assert _DETECTOR.measure(called("Photo 1", rgba=photo)) == 0


def test_a_frame_that_holds_a_picture_is_part_of_the_design() -> None:
    frame = Pixels(name="Image", rgba=filled((200, 200, 200), 100, 80), left=20, top=20)
    rng = np.random.default_rng(0)
    noise = np.dstack([rng.integers(0, 256, (70, 90, 3)).astype(np.uint8), np.full((70, 90), 255, np.uint8)])
    assert _DETECTOR.measure(subject([GROUND, frame], "Image")) == 0.8
    assert _DETECTOR.measure(subject([GROUND, frame, Pixels(name="Cat", rgba=noise, left=25, top=25)], "Image")) == 0


def test_a_type_layer_is_no_placeholder_for_being_called_one() -> None:
    raster = filled((0, 0, 0), 60, 12)
    search = Text(name="placeholder", text="Search the shop", rgba=raster)
    assert _DETECTOR.measure(subject([GROUND, search])) == 0
