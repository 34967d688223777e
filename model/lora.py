"""Low-rank adapters of the VLD-MMDiT <-> the file of them that diffusers' `load_lora_weights` reads.

An adapter adds `scale * up @ down` to the weight of a linear module (LoRA, arXiv 2106.09685, section 4.1).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from model.tensor_files import MODE

FILE = "pytorch_lora_weights.safetensors"
# The projections of attention, of both streams.
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
_METADATA = "lora_adapter_metadata"  # peft's configuration, as JSON, in the file's header
_NETWORK = "transformer."  # of a pipeline, whose adapters these are
_NAME = re.compile(r"transformer\.(.+)\.lora_([AB])\.weight\Z")
_REAL = (torch.bfloat16, torch.float16, torch.float32, torch.float64)


@dataclass(frozen=True, eq=False)
class LowRank:
    """`down` [rank, in] and `up` [out, rank]."""

    down: Tensor = field(repr=False)
    up: Tensor = field(repr=False)
    scale: float = 1.0


Adapters = Mapping[str, LowRank]  # by the name of the module


def targeted(model: nn.Module, targets: Sequence[str]) -> dict[str, nn.Linear]:
    """The linear modules whose names end in a target, by name; ValueError where none ends in one of them."""
    found: dict[str, nn.Linear] = {}
    linear = _linear(model)
    for target in targets:
        ending = {name: module for name, module in linear.items() if f".{name}".endswith(f".{target}")}
        if not ending:
            raise ValueError(f"the transformer has no linear module {target!r}; it has such as {', '.join(ATTENTION)}")
        found |= ending
    return found


def save_lora(folder: Path, adapters: Adapters, alpha: float, targets: Sequence[str]) -> None:
    """A folder that `load_lora_weights` takes, with `FILE` in it. All adapters have one rank."""
    rank = len(next(iter(adapters.values())).down)
    # What every peft knows: a key that one version adds, another refuses.
    settings = {
        "peft_type": "LORA", "r": rank, "lora_alpha": alpha, "target_modules": sorted(targets), "lora_dropout": 0.0,
        "bias": "none", "rank_pattern": {}, "alpha_pattern": {}, "use_rslora": False, "use_dora": False,
    }  # fmt: skip
    metadata = json.dumps({f"{_NETWORK}{key}": value for key, value in settings.items()}, indent=2, sort_keys=True)
    tensors = {
        f"{_NETWORK}{name}.lora_{half}.weight": tensor.detach().cpu().contiguous()
        for name, one in adapters.items()
        for half, tensor in (("A", one.down), ("B", one.up))
    }
    folder.mkdir(parents=True)
    save_file(tensors, folder / FILE, {"format": "pt", _METADATA: metadata})
    (folder / FILE).chmod(MODE)


def load_lora(path: Path, model: nn.Module) -> dict[str, LowRank]:
    """Adapters of a file, or of the folder that holds `FILE`, for a transformer, of which only shapes are looked at.

    ValueError where the file is none, holds what is no plain adapter, or one that does not fit.
    """
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"{path} is not there; LORA is such a file or its folder (of a run's OUTPUT: export/ema/lora)")
    halves: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            for name in file.keys():  # noqa: SIM118 - it is no dict
                match = _NAME.match(name)
                if match is None:
                    raise ValueError(f"{path} has {name!r}; names must be like {_NETWORK}MODULE.lora_A.weight")
                halves.setdefault(match[1], {})[match[2]] = file.get_tensor(name)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path} is no safetensors file of adapters: {error}") from error
    if not halves:
        raise ValueError(f"{path} holds no adapters")
    settings, linear = _settings(metadata, path), _linear(model)
    return {name: _joined(name, both, settings, linear, path) for name, both in halves.items()}


@torch.no_grad()
def merge(model: nn.Module, adapters: Adapters) -> None:
    """Adds adapters to the weights of the network that they are of, in float32, each rounded once."""
    for name, one in adapters.items():
        weight = model.get_submodule(name).weight
        up, down = (half.to(weight.device, torch.float32) for half in (one.up, one.down))
        weight.copy_(weight.float() + one.scale * (up @ down))


def _linear(model: nn.Module) -> dict[str, nn.Linear]:
    return {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}


def _settings(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    """Of peft, where the file has them."""
    try:
        stored = json.loads(metadata.get(_METADATA, "{}"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: its {_METADATA} is no JSON: {error}") from error
    if not isinstance(stored, dict):
        raise ValueError(f"{path}: its {_METADATA} is no JSON object")
    settings = {key.removeprefix(_NETWORK): value for key, value in stored.items() if key.startswith(_NETWORK)}
    for key in _unusual(settings):
        raise ValueError(f"{path} is made with {key}, which is not known here")
    return settings


def _unusual(settings: Mapping[str, Any]) -> Iterator[str]:
    yield from (key for key in ("rank_pattern", "alpha_pattern", "use_rslora", "use_dora") if settings.get(key))
    if settings.get("bias", "none") != "none":
        yield "bias"


def _joined(
    name: str, halves: Mapping[str, Tensor], settings: Mapping[str, Any], linear: Mapping[str, nn.Linear], path: Path
) -> LowRank:
    down, up = halves.get("A"), halves.get("B")
    if name not in linear:
        raise ValueError(f"{path} has an adapter of {name}, which the transformer has not")
    if down is None or up is None:
        raise ValueError(f"{path} has but one half of the adapter of {name}")
    if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1] or not {down.dtype, up.dtype} <= {*_REAL}:
        raise ValueError(f"{path}: the halves of the adapter of {name} are {_told(down)} and {_told(up)}")
    if not (down.isfinite().all() and up.isfinite().all()):
        raise ValueError(f"{path}: the adapter of {name} has values that are not finite")
    rank, needed, shape = down.shape[0], [len(up), down.shape[1]], list(linear[name].weight.shape)
    if needed != shape:
        raise ValueError(f"{path}: the adapter of {name} is for weights {needed}; the transformer's are {shape}")
    alpha = settings.get("lora_alpha", rank)  # diffusers takes it so
    if not isinstance(alpha, int | float) or not 0 < alpha < 1e6:
        raise ValueError(f"{path}: lora_alpha is {alpha!r}; it must be a positive number")
    if settings.get("r", rank) != rank:
        raise ValueError(f"{path}: r is {settings['r']!r}, and the adapter of {name} has rank {rank}")
    return LowRank(down, up, alpha / rank)


def _told(tensor: Tensor) -> str:
    return f"{list(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"
