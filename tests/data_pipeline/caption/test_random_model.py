"""A model of random numbers is the same one every time."""

from pathlib import Path

from data_pipeline.caption.checkpoint import find_checkpoint
from data_pipeline.caption.random_model import save_random_model


def test_equal_seeds_give_equal_models(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        save_random_model(tmp_path / name, seed=seed)
    same, again, other = (find_checkpoint(str(tmp_path / name)).revision for name in "abc")
    assert same == again != other
