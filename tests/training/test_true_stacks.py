"""Held-out samples as stacks: opaque, at the size of training, and only those that can be decomposed."""

from pathlib import Path

import numpy as np
import pytest

from data_pipeline.compose import compose
from data_pipeline.stack_io.folder import read_folder
from tests.training.drawn_shards import indexed, members_of, sample_of, soft_stack, tar
from training.true_stacks import main, on_ground, true_stacks


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An opaque sample of 3 layers, a transparent one of 2, and one of a single layer."""
    rng = np.random.default_rng(0)
    stacks = [soft_stack(rng, 3, 96, 80), soft_stack(rng, 2, 80, 80, opaque=False), soft_stack(rng, 1, 64, 64)]
    members = [one for number, stack in enumerate(stacks) for one in members_of(sample_of(stack, number))]
    (tmp_path / "data" / "shards").mkdir(parents=True)
    tar(tmp_path / "data" / "shards" / "test-000000.tar", members)
    return tmp_path / "data"


def test_each_is_opaque_and_of_the_resolutions_bucket(data: Path) -> None:
    found = dict(true_stacks(data, ["test"], 64, 20))
    assert sorted(len(stack.layers) for stack in found.values()) == [3, 3]  # the second with its ground
    for stack in found.values():
        assert (stack.width, stack.height) == (64, 64)
        assert (compose(stack)[..., 3] == 255).all()


def test_soft_edges_over_a_whole_page_ask_for_no_ground(tmp_path: Path) -> None:
    """As the index says of the same sample."""
    stack = soft_stack(np.random.default_rng(1), 2, 64, 64)
    stack.layers[0].rgba[0, 0, 3] = 200
    (tmp_path / "shards").mkdir()
    index = indexed(tmp_path / "shards", members_of(sample_of(stack)))
    ((_, shown),) = true_stacks(tmp_path, ["train"], 64, 20)
    assert index.facts(0).opaque
    assert len(shown.layers) == 2


def test_a_ground_is_of_the_key_alone() -> None:
    stack = soft_stack(np.random.default_rng(1), 2, 64, 64, opaque=False)
    first, again, other = (on_ground(stack, key).layers[0].rgba[0, 0] for key in ("0a", "0a", "0b"))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_they_are_written_whole(data: Path, tmp_path: Path) -> None:
    output = tmp_path / "truth"
    assert main([str(data), str(output), "--resolution", "64", "--limit", "1"]) == 0
    (folder,) = output.iterdir()
    assert len(read_folder(folder).layers) == 3


@pytest.mark.parametrize(
    ("splits", "most", "said"),
    [
        ("test,trian", "20", "'trian'; it must be of"),
        ("validation", "20", "data has no shards of validation; it must be a dataset of make shards"),
        ("test", "1", "data has no sample of 2 to 1 layers"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    splits: str, most: str, said: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--resolution", "64", "--splits", splits, "--max-layers", most]
    assert main([str(data), str(tmp_path / "truth"), *options]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
