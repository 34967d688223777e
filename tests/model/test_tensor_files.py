"""Files of weights that do not fit, or are damaged, are an error that names the tensor or the file."""

import weakref
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.checkpoint import load_mmdit
from model.configs import MMDIT_CONFIGS
from model.tensor_files import TensorFiles, write_tensors
from tests.model.released import released_transformer

TINY = MMDIT_CONFIGS["tiny"]


@pytest.fixture
def transformer_folder(tmp_path):
    released_transformer(TINY).save_pretrained(tmp_path / "transformer", max_shard_size="500KB")
    return tmp_path / "transformer"


def changed(folder: Path, change) -> None:
    for path in folder.glob("*.safetensors"):
        tensors = load_file(path)
        save_file(change(tensors), path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {k: v for k, v in t.items() if k != "img_in.bias"}, "lacks img_in.bias"),
        (lambda t: {k: v for k, v in t.items() if not k.startswith("time_text")}, "lacks time_text_embed"),
        (lambda t: {**t, "more": torch.zeros(1)}, "has more, which this configuration has not"),
        (lambda t: {**t, "img_in.bias": torch.zeros(5)}, r"img_in.bias of .* is \[5\]; .* has \[64\]"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(tmp_path, change, message):
    released_transformer(TINY).save_pretrained(tmp_path)
    changed(tmp_path, change)
    with pytest.raises(ValueError, match=message):
        load_mmdit(tmp_path)


def test_weights_of_whole_numbers_are_named(tmp_path):
    released_transformer(TINY).save_pretrained(tmp_path)
    changed(tmp_path, lambda t: {**t, "img_in.bias": t["img_in.bias"].int()})
    with pytest.raises(ValueError, match=r"img_in.bias of .*safetensors is of type I32"):
        load_mmdit(tmp_path)


def test_a_tensor_in_two_files_is_named(transformer_folder):
    one, other, *_ = sorted(transformer_folder.glob("*.safetensors"))
    tensors = load_file(one)
    save_file(load_file(other) | {"img_in.bias": tensors["img_in.bias"].clone()}, other)
    with pytest.raises(ValueError, match=f"{other.name} has img_in.bias, which {one.name} has too"):
        load_mmdit(transformer_folder)


def test_a_shard_that_is_missing_or_cut_short_is_named(transformer_folder):
    path = sorted(transformer_folder.glob("*.safetensors"))[1]
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match=f"{path.name} is no whole safetensors file"):
        load_mmdit(transformer_folder)
    path.unlink()
    with pytest.raises(ValueError, match=f"{path.name} is missing"):
        load_mmdit(transformer_folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"weight_map": {"a": "../secret.safetensors"}}', "names '../secret.safetensors', which is no file beside it"),
        ('{"weight_map": {"a": "/etc/secret.safetensors"}}', "no file beside it"),
        ('{"weight_map": {"a": ".."}}', "is missing"),
        ('{"weight_map": {"a": null}}', "is missing"),
        ('{"weight_map": ["a"]}', "has no weight_map"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_an_index_that_leads_nowhere_is_refused(transformer_folder, content, message):
    (transformer_folder / "diffusion_pytorch_model.safetensors.index.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        load_mmdit(transformer_folder)


def test_a_pickle_is_no_weights(transformer_folder):
    for path in transformer_folder.glob("*.safetensors*"):
        path.unlink()
    torch.save({}, transformer_folder / "diffusion_pytorch_model.bin")
    with pytest.raises(ValueError, match=r"model.safetensors is missing"):
        load_mmdit(transformer_folder)


def test_tensors_are_read_and_converted_one_at_a_time(transformer_folder, monkeypatch):
    """So weights are never in memory twice, whatever type they are stored in."""
    read = TensorFiles.read
    alive = []

    def watched(self, names, device):
        sources = []
        for name, tensor in read(self, names, device):
            sources.append(weakref.ref(tensor))
            alive.append(sum(source() is not None for source in sources))
            yield name, tensor

    monkeypatch.setattr(TensorFiles, "read", watched)
    load_mmdit(transformer_folder, dtype=torch.bfloat16)  # of float32
    assert len(alive) > 50
    assert max(alive) <= 2  # one, and the one before it


def test_weights_that_are_written_are_for_other_accounts_too(tmp_path):
    write_tensors(tmp_path, [("a", torch.zeros(4)), ("b", torch.zeros(4))], shard_bytes=16)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.safetensors")} == {0o644}
