"""`make edit` as a person uses it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline.compose import compose
from data_pipeline.stack_io.collection import stacks_in
from data_pipeline.stack_io.formats import read_stack, write_stack
from inference.apply_edits import apply_edits
from inference.edit import main
from inference.edits import Move, Opacity
from tests.inference.random_stacks import noise_stack

EDIT = "move layer=2 dx=3 dy=-4; opacity layer='layer 0' value=0.5"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_stack(noise_stack(8, 3), tmp_path / "design.psd")
    return tmp_path / "design.psd"


@pytest.mark.parametrize(("output", "picture"), [("made", "made/composite.png"), ("a/b.psd", "a/b.composite.png")])
def test_what_is_written_is_the_edited_stack_and_its_picture(source: Path, output: str, picture: str) -> None:
    target = source.parent / output
    assert main([str(source), "--edit", EDIT, "--output", str(target)]) == 0
    expected = apply_edits(noise_stack(8, 3), [Move(2, 3, -4), Opacity("layer 0", 0.5)])
    read = read_stack(target)
    assert [(one.name, one.box) for one in read.layers] == [(one.name, one.box) for one in expected.layers]
    assert all(np.array_equal(one.rgba, other.rgba) for one, other in zip(read.layers, expected.layers, strict=True))
    assert np.array_equal(np.asarray(Image.open(source.parent / picture)), compose(expected))


def test_a_script_comes_before_the_edits_of_the_command_line(source: Path) -> None:
    script, target = source.parent / "edits.yaml", source.parent / "made"
    script.write_text("- remove: {layer: 0}")
    assert main([str(source), "--script", str(script), "--edit", "remove layer=0", "--output", str(target)]) == 0
    assert [layer.name for layer in read_stack(target).layers] == ["layer 2"]


def test_without_edits_the_layers_are_listed_and_nothing_is_written(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(source), "--output", str(source.parent / "made")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "31 x 23 px, 3 layers"
    assert [line.split()[0] for line in lines[1:]] == ["2", "1", "0"]
    assert lines[1].endswith("layer 2")
    assert sorted(one.name for one in source.parent.iterdir()) == ["design.psd"]


def test_a_sample_of_a_dataset_and_of_a_shard(dataset: Path, tmp_path: Path) -> None:
    first = stacks_in(dataset)[0]
    shard = next(iter(sorted((dataset / "shards").glob("train-*.tar"))))
    inside = stacks_in(shard)[0].name
    for place, (path, key) in enumerate([(dataset, first.name), (shard, inside)]):
        target = tmp_path / str(place)
        assert main([f"{path}#{key}", "--edit", "move layer=layer_00 dx=1", "--output", str(target)]) == 0
        assert len(read_stack(target).layers) >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.psd", "--edit", "remove layer=0"], "none.psd: no such file or folder"),
        (["design.psd", "--edit", "remove layer=7", "--output", "made"], "edit 1, remove layer 7: there is no layer 7"),
        (["design.psd", "--edit", "mvoe layer=7", "--output", "made"], "did you mean move?"),
        (["design.psd", "--script", "none.yaml", "--output", "made"], "script none.yaml cannot be read"),
        (["design.psd", "--edit", "remove layer=0", "--output", "made.jpg"], "made.jpg: a stack is a folder or a file"),
        (["design.psd", "--edit", "remove layer=0", "--output", "design.psd"], "design.psd: is the input"),
        ([".#design", "--edit", "remove layer=0", "--output", "design.psd"], "design.psd: lies in the input"),
        (["design.psd#key", "--edit", "remove layer=0", "--output", "made"], "holds no stack 'key'"),
        ([".", "--edit", "remove layer=0", "--output", "made"], "holds 2 stacks; say which one, e.g. .#copy"),
    ],
)
def test_one_sentence_and_nothing_written(
    source: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(source.parent)
    write_stack(noise_stack(9, 1), "copy.psd")
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("lamina: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert captured.out == ""
    assert sorted(one.name for one in Path().iterdir()) == ["copy.psd", "design.psd"]
