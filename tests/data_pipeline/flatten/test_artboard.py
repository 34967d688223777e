"""The ground of an artboard: a layer of its own, of the kind that the block says."""

from pathlib import Path

import numpy as np
import pytest

from data_pipeline.compose import compose
from data_pipeline.drawing import Group, Pixels
from tests.data_pipeline.flatten.test_broken import broken
from tests.data_pipeline.flatten.test_feather import distance_of

_SOUND = b"artboardBackgroundTypelong"
_LAYERS = [Group(artboard=(2, 2, 20, 20), layers=(Pixels(rgba=np.full((12, 12, 4), (9, 99, 9, 255), np.uint8)),))]


def of_kind(kind: bytes) -> bytes:
    return _SOUND + b"\0\0\0" + kind


@pytest.mark.parametrize(("kind", "colour"), [(b"\1", 255), (b"\2", 0)])
def test_a_ground_is_a_layer_that_the_artboard_owns(kind: bytes, colour: int) -> None:
    flat = broken(_LAYERS, of_kind(b"\3"), of_kind(kind))
    assert flat.unsupported == ()
    ground, square = flat.stack.layers
    assert (ground.layer_ids, ground.owner_id, ground.box) == ((1,), 0, (2, 2, 20, 20))
    assert (ground.rgba == (colour, colour, colour, 255)).all()
    assert square.layer_ids == (2,)
    assert flat.nodes[1].kind == "effect:artboard_background"
    assert not compose(flat.stack)[0, 0, 3]


def test_a_transparent_artboard_has_none() -> None:
    flat = broken(_LAYERS, of_kind(b"\3"), of_kind(b"\3"))
    assert len(flat.stack.layers) == 1


@pytest.mark.parametrize("kind", [b"\0", b"\4", b"\x09"])
def test_a_ground_that_cannot_be_read_is_named(kind: bytes) -> None:
    flat = broken(_LAYERS, of_kind(b"\3"), of_kind(kind))
    assert flat.unsupported == ("artboard_background",)
    assert len(flat.stack.layers) == 1


def test_photoshops_own_artboards(real_psds: Path) -> None:
    figures, unsupported = distance_of(real_psds, "psd-tools/9c5e709a_gradient-styles.psd")
    assert unsupported == ()
    assert figures.within2 > 0.99
