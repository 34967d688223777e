"""The stored layers of random stacks, recomposed, against the picture that they were made from."""

import io
from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np
import pytest

from data_pipeline.colour import colour_space
from data_pipeline.compose import compose
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Group, Node, draw_bytes
from data_pipeline.drawing.styles import Effect
from data_pipeline.flatten import flatten
from data_pipeline.flatten.walk import walked
from schemas.options import CurateOptions
from tests.data_pipeline.flatten.direct import painted
from tests.data_pipeline.flatten.random_stacks import SIDE, plain_stack, random_stack

_STACKS, _MANY = range(50), range(50, 400)
_MOST = 1.5  # of 255: half a step is the rounding of the composite itself


def _opened(layers: Sequence[Node]) -> Document:
    document = open_document(io.BytesIO(draw_bytes(SIDE, SIDE, layers, has_stored=False)), CurateOptions())
    assert isinstance(document, Document)
    return document


def _off(document: Document, picture: np.ndarray) -> float:
    """How far the stored layers are from a premultiplied picture, at most, in 255ths."""
    stored = compose(flatten(document, colour_space(document)).stack) / 255
    stored[..., :3] *= stored[..., 3:]
    return float(np.abs(stored - picture).max() * 255)


def _off_the_walk(seed: int) -> float:
    document = _opened(random_stack(np.random.default_rng(seed)))
    return _off(document, walked(document, colour_space(document))[0].picture((0, 0, SIDE, SIDE)))


def _off_directly(seed: int) -> float:
    layers = plain_stack(np.random.default_rng(seed))
    return _off(_opened(layers), painted(layers, np.zeros((SIDE, SIDE, 4))))


@pytest.mark.parametrize("seed", _STACKS)
def test_the_layers_recompose_to_the_picture_before_rounding(seed: int) -> None:
    assert _off_the_walk(seed) <= _MOST


@pytest.mark.parametrize("seed", _STACKS)
def test_the_layers_recompose_to_the_direct_composite(seed: int) -> None:
    assert _off_directly(seed) <= _MOST


@pytest.mark.long
def test_many_stacks_recompose() -> None:
    assert max(_off_the_walk(seed) for seed in _MANY) <= _MOST
    assert max(_off_directly(seed) for seed in _MANY) <= _MOST


def test_the_stacks_hold_every_effect() -> None:
    layers = [layer for seed in _STACKS for layer in _all(random_stack(np.random.default_rng(seed)))]
    assert {type(effect) for layer in layers for effect in layer.effects} == set(get_args(Effect))


def _all(layers: Sequence[Node]) -> Iterator[Node]:
    for layer in layers:
        yield layer
        if isinstance(layer, Group):
            yield from _all(layer.layers)
