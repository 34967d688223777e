"""The name of a model or a folder in, a checkpoint of Qwen2.5-VL out, found and looked over without reading weights.

Only safetensors are weights here: a pickle is never opened. This module needs no torch.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "Qwen/Qwen2.5-VL-7B-Instruct"
_KIND = "qwen2_5_vl"  # `model_type` of its config
_WORDS = ("*.json", "*.jinja", "*.txt")  # config, tokenizer, chat template: all but the weights
_WEIGHTS = "*.safetensors"
_INDEX = "model.safetensors.index.json"
_SLICES, _SLICE_BYTES = 64, 1 << 12  # of a file of weights, that its folder's revision depends on
_LONGEST_HEADER = 100_000_000  # bytes, as safetensors has it


@dataclass(frozen=True)
class Checkpoint:
    """Published weights by `name` and commit, or a folder by its path and a hash.

    That hash is of the small files and of each file of weights' name, size and 64 slices, 256 KiB in all: it costs
    milliseconds, stays as long as the files do, and is another after a training.
    """

    name: str
    revision: str
    folder: Path
    is_published: bool

    def with_weights(self) -> Path:
        """The folder, its weights downloaded where they are published. Raises ValueError where that fails."""
        if self.is_published:
            _snapshot(self.name, self.revision, (*_WORDS, _WEIGHTS))
        check_weights(self.folder)
        return self.folder


def find_checkpoint(model: str) -> Checkpoint:
    """Of a folder, else of a name on the Hugging Face hub, whose small files are downloaded.

    Raises ValueError where there is none, or not of Qwen2.5-VL.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        _check_config(folder)
        check_weights(folder)
        return Checkpoint(model, _revision(folder), folder, False)
    if folder.exists() or model.count("/") != 1 or model.startswith((".", "~", "/")):
        raise ValueError(f"model is {model!r}, which is no folder; give one, or a name on the hub like {DEFAULT}")
    folder = _snapshot(model, None, _WORDS)
    _check_config(folder)
    return Checkpoint(model, folder.name, folder, True)


def check_weights(folder: Path) -> None:
    """Raises ValueError where files of weights are missing, cut short or not safetensors; reads only their heads."""
    names = {path.name for path in folder.glob(_WEIGHTS)}
    if not names:
        raise ValueError(f"{folder} has no weights: a model needs *.safetensors")
    index = folder / _INDEX
    if index.exists():
        listed = _json(index).get("weight_map")
        if not isinstance(listed, dict) or not listed:
            raise ValueError(f"{index} lists no weights; download the model again")
        if missing := sorted({str(name) for name in listed.values()} - names):
            raise ValueError(f"{folder} lacks {', '.join(missing)}; download the model again")
    for name in sorted(names):
        _check_safetensors(folder / name)


def _check_config(folder: Path) -> None:
    config = folder / "config.json"
    if not config.is_file():
        raise ValueError(f"{folder} has no config.json, so it is no model; give the folder of a Qwen2.5-VL")
    kind = {path.name: _json(path) for path in folder.glob("*config.json")}["config.json"].get("model_type")
    if kind != _KIND:
        raise ValueError(f"{folder} holds a model of the kind {kind!r}; it must be {_KIND!r}, a Qwen2.5-VL")


def _check_safetensors(path: Path) -> None:
    """The file is as long as its header says: 8 bytes of length, the header, the tensors."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size - 8, _LONGEST_HEADER):
            raise ValueError(f"{path} is damaged: its header is cut short; download the model again")
        header = file.read(length)
    try:
        ends = [part["data_offsets"][1] for name, part in json.loads(header).items() if name != "__metadata__"]
        expected = 8 + length + max(ends)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: its header cannot be read; download the model again") from error
    if size != expected:
        raise ValueError(f"{path} is damaged: it has {size} bytes and should have {expected}; download the model again")


def _revision(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _WORDS for path in folder.glob(pattern) if path.is_file()}):
        data = path.read_bytes()
        digest.update(f"{path.name} {len(data)}\n".encode() + data)
    for path in sorted(folder.glob(_WEIGHTS)):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            for k in range(_SLICES):
                file.seek(max(size - _SLICE_BYTES, 0) * k // (_SLICES - 1))
                digest.update(file.read(_SLICE_BYTES))
    return digest.hexdigest()


def _snapshot(name: str, revision: str | None, patterns: Iterable[str]) -> Path:
    """The folder, called after the commit, of what is published under that name."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError
    except ImportError as error:
        raise ValueError(f"a model of the hub needs `pip install '.[captions]'`: {error}") from error
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=[*patterns]))
    except (HFValidationError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"model {name!r} is no folder and cannot be had from the hub: {reason}") from error


def _json(path: Path) -> dict:
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged, it is no JSON; download the model again") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} is damaged, it is no JSON object; download the model again")
    return values
