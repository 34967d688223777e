"""Stacks as others stored them: their layers and groups in the tables, and the picture beside them as the witness."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.compose import compose
from data_pipeline.imported.stack_files import stack_sha256
from data_pipeline.imported.stacks import curate_stack
from data_pipeline.stack_io.formats import write_stack
from schemas.options import CurateOptions
from schemas.sample import Rejection, Sample
from schemas.stack import PlainLayer, Stack
from tests.data_pipeline.imported.drawn_crello import disc
from tests.data_pipeline.test_curate import worst_recomposition

_KEEP = CurateOptions(unfaithful="flag")


def drawn(side: int = 64) -> Stack:
    """A ground, two discs of one group that overlap, and a third that lies apart from all."""
    ground = np.full((side, side, 4), (240, 230, 200, 255), np.uint8)
    low, high, apart = disc((200, 30, 30), 24), disc((30, 30, 200), 24), disc((20, 160, 60), 12)
    return Stack(side, side, (
        PlainLayer((0, 0, side, side), ground, name="Ground"),
        PlainLayer((4, 4, 28, 28), low, name="Low", groups=("Discs", "A/B")),
        PlainLayer((12, 12, 36, 36), high, name="High", groups=("Discs", "A/B")),
        PlainLayer((48, 48, 60, 60), apart, name="Apart", groups=("Discs",)),
    ))  # fmt: skip


def released(folder: Path, stack: Stack) -> Path:
    """Full canvases 0.png, 1.png, ..., as the released pipeline saves them."""
    folder.mkdir(parents=True)
    for number, layer in enumerate(stack.layers):
        Image.fromarray(compose(replace(stack, layers=(layer,)))).save(folder / f"{number}.png")
    return folder


def sample_of(path: Path, options: CurateOptions = _KEEP) -> Sample:
    result = curate_stack(str(path), options, uri="a")
    assert isinstance(result, Sample), result.document.message
    return result


def rejected(path: Path, options: CurateOptions = _KEEP) -> Rejection:
    result = curate_stack(str(path), options, uri="a")
    assert isinstance(result, Rejection)
    return result


def test_a_folder_of_full_canvases_is_a_sample(tmp_path: Path) -> None:
    sample = sample_of(released(tmp_path / "a", drawn()))
    np.testing.assert_array_equal(sample.composite, compose(drawn()))
    assert worst_recomposition(sample) <= 1
    assert [node.fate for node in sample.layers] == ["stored", "merged", "stored", "merged"]
    assert [node.name for node in sample.layers] == ["0", "1", "2", "3"]
    assert (sample.fidelity, sample.document.gold) == (None, None)


@pytest.mark.parametrize("name", ["a", "a.zip", "a.ora", "a.svg", "a.pptx"])
def test_every_format_gives_the_same_picture_and_the_groups(tmp_path: Path, name: str) -> None:
    write_stack(drawn(), tmp_path / name)
    sample = sample_of(tmp_path / name)
    np.testing.assert_array_equal(sample.composite, compose(drawn()))
    rows = [(node.kind, node.name, node.parent_id, node.group_path, node.fate) for node in sample.layers]
    assert rows == [
        ("pixel", "Ground", None, "", "stored"),
        ("group", "Discs", None, "", "dissolved"),
        ("group", "A/B", 1, "Discs", "dissolved"),
        ("pixel", "Low", 2, "Discs/A//B", "merged"),
        ("pixel", "High", 2, "Discs/A//B", "stored"),
        ("pixel", "Apart", 1, "Discs", "merged"),
    ]


@pytest.mark.parametrize("name", ["a", "a.zip", "a.ora"])
def test_the_picture_beside_the_layers_is_the_witness(tmp_path: Path, name: str) -> None:
    write_stack(drawn(), tmp_path / name)
    sample = sample_of(tmp_path / name)
    assert sample.fidelity is not None
    assert (sample.fidelity.mean, sample.fidelity.gold) == (0, True)
    assert sample.previews["reference"].shape == (64, 64, 4)


def test_a_picture_that_is_not_the_layers_is_flagged_or_rejected(tmp_path: Path) -> None:
    folder = released(tmp_path / "a", drawn())
    Image.new("RGBA", (64, 64), (0, 0, 0, 255)).save(folder / "composite.png")
    assert sample_of(folder).document.flags == ["unfaithful"]
    assert rejected(folder, CurateOptions()).document.reason == "unfaithful"


def test_transparency_is_held_against_the_pictures(tmp_path: Path) -> None:
    see_through = replace(drawn(), layers=drawn().layers[1:])
    folder = released(tmp_path / "a", see_through)
    Image.fromarray(compose(see_through)).save(folder / "composite.png")
    assert sample_of(folder).document.gold
    half = compose(see_through)
    half[..., 3] //= 2
    Image.fromarray(half).save(folder / "composite.png")
    assert sample_of(folder).document.flags == ["unfaithful"]


def test_a_picture_that_cannot_be_read_is_flagged(tmp_path: Path) -> None:
    folder = released(tmp_path / "a", drawn())
    (folder / "composite.png").write_text("no picture")
    assert sample_of(folder).document.flags == ["unreadable_reference"]


def test_a_layer_without_alpha_is_dropped_as_empty(tmp_path: Path) -> None:
    folder = released(tmp_path / "a", drawn())
    Image.new("RGBA", (64, 64), (9, 9, 9, 0)).save(folder / "4.png")
    assert [node.drop_reason for node in sample_of(folder).layers] == [None, None, None, None, "empty"]


def test_an_error_names_the_picture_and_not_where_it_lies(tmp_path: Path) -> None:
    folder = released(tmp_path / "a", drawn())
    Image.new("RGBA", (32, 64)).save(folder / "2.png")
    result = rejected(folder)
    assert result.document.reason == "damaged_file"
    assert result.document.message == "2.png: is 32 x 64 px where 64 x 64 px are due"


def test_limits_hold_for_folders(tmp_path: Path) -> None:
    folder = released(tmp_path / "a", drawn())
    assert rejected(folder, CurateOptions(max_file_bytes=99)).document.reason == "file_too_large"
    assert rejected(folder, CurateOptions(max_canvas_px=99)).document.reason == "canvas_too_large"
    assert rejected(folder, CurateOptions(max_nodes=3)).document.reason == "too_many_layers"


def test_the_hash_of_a_folder_is_of_names_and_bytes(tmp_path: Path) -> None:
    folder = released(tmp_path / "a", drawn())
    before = stack_sha256(folder)
    other = Path(shutil.copytree(folder, tmp_path / "b"))
    os.utime(other / "1.png", (5, 5))
    (other / ".DS_Store").write_text("hidden")
    assert stack_sha256(other) == before
    (other / "1.png").rename(other / "x.png")
    assert stack_sha256(other) != before
    (other / "x.png").rename(other / "1.png")
    (other / "1.png").write_bytes((other / "1.png").read_bytes() + b"\0")
    assert stack_sha256(other) != before
