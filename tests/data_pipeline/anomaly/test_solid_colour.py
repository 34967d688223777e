"""Plain grounds, and what is not plain or hides something."""

import numpy as np
import pytest

from data_pipeline.anomaly.alpha import count_like_first
from data_pipeline.anomaly.solid_colour import SolidColour
from data_pipeline.drawing import Fill, Pixels, random_design
from data_pipeline.drawing.anomalies import POSITIVES
from data_pipeline.drawing.lookalikes import NEGATIVES
from tests.data_pipeline.anomaly.drawn_subjects import GROUND, HEIGHT, WIDTH, filled, subject

_DETECTOR = SolidColour(threshold=0.98)
_DISC = Pixels(name="Disc", rgba=filled((200, 40, 40), 60, 60), left=30, top=30)


@pytest.mark.parametrize("variant", POSITIVES["solid_colour"], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_drawn_plain_grounds_are_found(variant, seed) -> None:
    rng = np.random.default_rng(seed)
    width, height, layers = random_design(rng)
    ground = variant(rng, width, height)
    assert _DETECTOR.measure(subject([ground, *layers[1:]], ground.name, width, height)) > 0.98


@pytest.mark.parametrize("variant", NEGATIVES["solid_colour"], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_what_only_looks_like_a_plain_ground_is_not(variant, seed) -> None:
    rng = np.random.default_rng(seed)
    width, height, layers = random_design(rng)
    assert _DETECTOR.measure(subject([*layers, variant(rng, width, height)], None, width, height)) == 0


def test_a_card_that_hides_something_is_no_plain_ground() -> None:
    card = Fill(name="Card", paint=(250, 250, 250))
    assert _DETECTOR.measure(subject([card, _DISC], "Card")) == 1
    assert _DETECTOR.measure(subject([_DISC, card], "Card")) == 0


def test_a_ground_that_is_not_opaque_or_not_plain_is_none() -> None:
    assert _DETECTOR.measure(subject([GROUND], "Background")) == 1
    assert _DETECTOR.measure(subject([Pixels(name="Tint", rgba=filled((9, 9, 9)), opacity=200)], "Tint")) == 0
    ramp = filled((0, 0, 0))
    ramp[..., 0] = np.linspace(0, 40, WIDTH).astype(np.uint8)
    assert _DETECTOR.measure(subject([Pixels(name="Ramp", rgba=ramp)], "Ramp")) == 0


def test_the_share_of_the_canvas_is_measured() -> None:
    ground = filled((90, 90, 90))
    ground[-2:] = (200, 0, 0, 255)
    value = _DETECTOR.measure(subject([Pixels(name="Ground", rgba=ground)], "Ground"))
    assert value == pytest.approx(1 - 2 / HEIGHT)


def test_pixels_like_the_first_are_counted() -> None:
    rgba = np.random.default_rng(0).integers(0, 12, (20, 30, 4)).astype(np.uint8)
    rgba[..., 3] = np.where(rgba[..., 3] < 6, 255, 254)
    near = (np.abs(rgba.astype(int) - rgba[0, 0])[..., :3] <= 3).all(axis=2) & (rgba[..., 3] == 255)
    assert count_like_first(rgba, 3) == near.sum()
