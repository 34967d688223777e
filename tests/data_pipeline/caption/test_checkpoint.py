"""What is told of a model before its weights are read."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data_pipeline.caption.checkpoint import find_checkpoint

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tiny_qwen: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return shutil.copytree(tiny_qwen, tmp_path / "tiny")


def refusal(model: Path | str) -> str:
    with pytest.raises(ValueError, match=r"\S") as refused:
        find_checkpoint(str(model))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def published(cache: Path, folder: Path) -> Path:
    """The folder as the hub's own cache keeps the model org/tiny."""
    home = cache / "models--org--tiny"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(COMMIT)
    return shutil.copytree(folder, home / "snapshots" / COMMIT)


def test_a_folder_is_named_by_its_path(tiny_qwen: Path) -> None:
    checkpoint = find_checkpoint(str(tiny_qwen))
    assert (checkpoint.name, checkpoint.folder) == (str(tiny_qwen), tiny_qwen)


def test_a_published_model_is_named_by_its_commit(
    tiny_qwen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = published(tmp_path, tiny_qwen)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    checkpoint = find_checkpoint("org/tiny")
    assert (checkpoint.name, checkpoint.revision, checkpoint.folder) == ("org/tiny", COMMIT, snapshot)
    assert checkpoint.with_weights() == snapshot


def test_of_a_published_model_the_weights_may_come_later(
    tiny_qwen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (published(tmp_path, tiny_qwen) / "model.safetensors").unlink()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    checkpoint = find_checkpoint("org/tiny")
    with pytest.raises(ValueError, match="has no weights"):  # nor are they on the hub, as there is no network
        checkpoint.with_weights()


def test_equal_folders_have_equal_revisions(tiny_qwen: Path, folder: Path) -> None:
    assert find_checkpoint(str(folder)).revision == find_checkpoint(str(tiny_qwen)).revision


@pytest.mark.parametrize("change", ["config", "template", "weights"])
def test_another_model_has_another_revision(folder: Path, change: str) -> None:
    before = find_checkpoint(str(folder)).revision
    if change == "weights":
        path = folder / "model.safetensors"
        data = bytearray(path.read_bytes())
        length = int.from_bytes(data[:8], "little")
        data[8 + length :] = bytes(len(data) - 8 - length)
        path.write_bytes(data)
    else:
        path = folder / {"config": "config.json", "template": "chat_template.jinja"}[change]
        path.write_text(path.read_text() + "\n")
    assert find_checkpoint(str(folder)).revision != before


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    assert "which is no folder" in refusal(tmp_path / "missing")
    assert "cannot be had from the hub" in refusal("nobody/nothing")
    assert "cannot be had from the hub" in refusal("no body/nothing")


def test_a_folder_of_something_else_is_told(tmp_path: Path) -> None:
    assert "has no config.json" in refusal(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    assert "'llama'; it must be 'qwen2_5_vl'" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000])
def test_a_damaged_config_is_told(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    assert "is damaged" in refusal(folder)


def test_a_pickle_is_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "needs *.safetensors" in refusal(folder)


def test_a_missing_file_of_weights_is_told(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "lacks model-00002-of-00002.safetensors" in refusal(folder)


def test_an_index_without_files_is_told(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text("{}")
    assert "lists no weights" in refusal(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:5],
        lambda data: data[:100],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: data[:8] + b"[" * (len(data) - 8),
        lambda data: (2).to_bytes(8, "little") + b"{}",
        lambda data: (11).to_bytes(8, "little") + b'{"a": null}',
    ],
)
def test_damaged_weights_are_told(folder: Path, damage) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    assert f"{path} is damaged" in refusal(folder)


def test_no_torch_is_needed(tiny_qwen: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import data_pipeline.caption; from data_pipeline.caption.qwen import Qwen\n"
        "model = Qwen(sys.argv[1]); assert model.revision\n"
        "try: model.load()\n"
        "except ValueError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", program, tiny_qwen], capture_output=True, text=True, check=True).stdout
    assert "need `pip install '.[captions]'`" in told
