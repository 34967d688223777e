"""Patterns of the ground, and marks on a picture."""

import numpy as np
import pytest

from data_pipeline.anomaly import Scene, Subject
from data_pipeline.anomaly.ground import is_of_ground
from data_pipeline.drawing import Node, Pixels
from schemas.stack import PlainLayer, Stack
from tests.data_pipeline.anomaly.drawn_subjects import GROUND, HEIGHT, WIDTH, filled, subject

_LOGO = Pixels(name="Logo", rgba=filled((200, 30, 30), 60, 30), left=20, top=20)
_PATTERN = Pixels(name="Layer 1", rgba=filled((255, 255, 255)), opacity=40)
_RAMP = filled((90, 90, 90))
_RAMP[..., 0] = np.linspace(0, 255, WIDTH).astype(np.uint8)
_PHOTO = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8) | np.array([0, 0, 0, 255], np.uint8)


def _is_of_ground(*layers: Node) -> bool:
    return is_of_ground(subject(layers, "Layer 1"))


@pytest.mark.parametrize("ground", [GROUND.rgba, _RAMP], ids=["plain", "gradient"])
def test_what_lies_on_a_plain_ground_below_something_is_of_the_ground(ground) -> None:
    below = Pixels(name="Background", rgba=ground)
    assert _is_of_ground(below, _PATTERN, _LOGO)
    assert not _is_of_ground(below, _PATTERN)
    assert not _is_of_ground(below, _LOGO, _PATTERN, Pixels(name="Badge", rgba=_LOGO.rgba, left=200, top=100))


def test_what_lies_on_a_photograph_is_not() -> None:
    assert not _is_of_ground(Pixels(name="Photo", rgba=_PHOTO), _PATTERN, _LOGO)


def test_a_picture_that_a_plain_card_hides_is_not_seen() -> None:
    assert _is_of_ground(Pixels(name="Photo", rgba=_PHOTO), GROUND, _PATTERN, _LOGO)


def test_what_lies_on_nothing_below_something_is_of_the_ground() -> None:
    assert _is_of_ground(_PATTERN, _LOGO)


def test_a_layer_does_not_lie_below_its_own_effects() -> None:
    box, rgba = (0, 0, WIDTH, HEIGHT), filled((255, 255, 255, 40))
    for owner_id, expected in ((1, False), (2, True)):
        layers = (
            PlainLayer(box, filled((9, 9, 9)), (0,)),
            PlainLayer(box, rgba, (1,)),
            PlainLayer(box, rgba, (3,), owner_id),
        )
        scene = Scene(Stack(WIDTH, HEIGHT, layers))
        assert is_of_ground(Subject(layers[1], (), scene, 1)) == expected


def test_a_canvas_of_many_points_is_looked_at_in_a_grid() -> None:
    wide = [filled(colour, 1500, 3) for colour in ((240, 230, 210), (255, 255, 255))]
    layers = [Pixels(name=name, rgba=rgba) for name, rgba in zip(("Ground", "Layer 1"), wide, strict=True)]
    badge = Pixels(name="Badge", rgba=filled((9, 9, 9), 400, 2), left=701)
    assert is_of_ground(subject([*layers, badge], "Layer 1", 1500, 3))
    assert not is_of_ground(subject([layers[0], badge, layers[1], badge], "Layer 1", 1500, 3))


def test_what_lies_between_the_points_is_not_seen() -> None:
    ground, pattern = (Pixels(name=name, rgba=filled((9, 9, 9), 1500, 9)) for name in ("Ground", "Layer 1"))
    line = Pixels(name="Line", rgba=filled((255, 255, 255), 1, 7), left=701, top=1)
    assert is_of_ground(subject([ground, line, pattern, line], "Layer 1", 1500, 9))
