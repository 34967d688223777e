"""The example designs: among them they use what the product handles, and every one is accepted."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from psd_tools import PSDImage

from data_pipeline.curate import curate
from data_pipeline.drawing import (
    ColourOverlay,
    Fill,
    GradientOverlay,
    Group,
    Node,
    PatternOverlay,
    Stroke,
    Text,
    draw_bytes,
)
from data_pipeline.examples import EXAMPLES, draw_examples
from data_pipeline.examples.artwork import Design
from schemas.reasons import DropReason
from schemas.sample import Sample


def nodes(layers: tuple[Node, ...]) -> Iterator[Node]:
    for node in layers:
        yield node
        if isinstance(node, Group):
            yield from nodes(node.layers)


@pytest.fixture(scope="module")
def designs() -> dict[str, Design]:
    return {name: example() for name, example in EXAMPLES.items()}


@pytest.fixture(scope="module")
def all_nodes(designs: dict[str, Design]) -> list[Node]:
    return [node for design in designs.values() for node in nodes(design.layers)]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    paths = draw_examples(tmp_path_factory.mktemp("examples"))
    outcomes = {path.stem: curate(path) for path in paths}
    assert all(isinstance(outcome, Sample) for outcome in outcomes.values()), outcomes
    return {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, Sample)}


def test_they_use_masks_clipping_groups_text_fills_and_hidden_layers(all_nodes: list[Node]) -> None:
    groups = [node for node in all_nodes if isinstance(node, Group)]
    assert any(node.mask for node in all_nodes)
    assert any(node.clipping for node in all_nodes)
    assert any(not node.visible for node in all_nodes)
    assert any(isinstance(node, Text) for node in all_nodes)
    assert any(isinstance(node, Fill) and node.visible for node in all_nodes)
    assert {group.blend_mode.name for group in groups} == {"NORMAL", "PASS_THROUGH"}
    assert any(group.opacity < 255 for group in groups)
    assert len({node.blend_mode for node in all_nodes}) >= 6


def test_they_use_the_four_effects(all_nodes: list[Node]) -> None:
    used = {type(effect) for node in all_nodes for effect in node.effects}
    assert used == {ColourOverlay, GradientOverlay, PatternOverlay, Stroke}


def test_every_one_is_faithful_and_layered(samples: dict[str, Sample]) -> None:
    assert len(samples) == 8
    for name, sample in samples.items():
        assert sample.document.gold, name
        assert len(sample.stack.layers) >= 4, name


def test_useless_layers_are_among_them(samples: dict[str, Sample]) -> None:
    dropped = Counter(row.drop_reason for sample in samples.values() for row in sample.layers if row.drop_reason)
    assert dropped[DropReason.HIDDEN] >= 5
    assert dropped[DropReason.NON_CONTRIBUTING] >= 2


def test_two_are_transparent(samples: dict[str, Sample]) -> None:
    clear = {name for name, sample in samples.items() if (sample.composite[..., 3] == 0).any()}
    assert clear == {"app_icon", "badge"}


def test_they_are_of_moderate_size(designs: dict[str, Design]) -> None:
    for name, design in designs.items():
        assert min(design.width, design.height) >= 400, name
        assert max(design.width, design.height) <= 900, name


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    design = EXAMPLES["badge"]()
    first = draw_bytes(design.width, design.height, design.layers)
    again = EXAMPLES["badge"]()
    assert first == draw_bytes(again.width, again.height, again.layers)
    assert PSDImage.open(io.BytesIO(first)).size == (design.width, design.height)
