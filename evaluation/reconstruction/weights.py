"""The file of a network's published weights in, its tensors out. It is never downloaded: the user names it."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

# What torch and safetensors raise of files that are damaged, or hold something else.
_DAMAGE = (
    ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError, EOFError,
    pickle.UnpicklingError, SafetensorError,
)  # fmt: skip
_WRAPPERS = ("params", "state_dict")  # under which some files keep the tensors


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Of a `.safetensors`, or of what torch saved, which may hold tensors alone and no code.

    Raises ValueError, naming the file, where it cannot be read.
    """
    try:
        stored = load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    except _DAMAGE as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise ValueError(f"{path} cannot be read as weights: {reason}") from error
    for wrapper in _WRAPPERS:
        if isinstance(stored, Mapping) and isinstance(stored.get(wrapper), Mapping):
            stored = stored[wrapper]
    if (
        not isinstance(stored, Mapping)
        or not stored
        or not all(isinstance(one, torch.Tensor) for one in stored.values())
    ):
        raise ValueError(f"{path} holds no tensors by name")
    return dict(stored)


def fill(network: torch.nn.Module, tensors: Mapping[str, torch.Tensor], origin: str) -> None:
    """Copies `tensors` into all parameters and buffers of `network`; more tensors than it has are let be.

    Raises ValueError, naming `origin`, where one is missing, of another shape or not finite.
    """
    with torch.no_grad():
        for name, own in network.state_dict().items():
            if name not in tensors:
                raise ValueError(f"{origin} has no tensor {name}: it holds another network's weights")
            given = tensors[name]
            if given.shape != own.shape:
                raise ValueError(f"{origin} has {name} of {tuple(given.shape)}; {tuple(own.shape)} is due")
            if not torch.isfinite(given).all():
                raise ValueError(f"{origin} is damaged: {name} is not finite")
            own.copy_(given)


def _unpickled(path: Path) -> object:
    return torch.load(path, map_location="cpu", weights_only=True)
