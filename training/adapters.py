"""A transformer in, the same with low-rank adapters out, which alone are trained; and a checkpoint's adapters."""

from collections.abc import Mapping

import torch
from torch import Tensor

import data_pipeline.torchvision_ops  # noqa: F401 - before transformers, which peft imports

# isort: split
from peft import LoraConfig, inject_adapter_in_model

from model.lora import LowRank, targeted
from model.mmdit import VldMmdit
from training.network_options import Lora

_DOWN, _UP = ".lora_A.default.weight", ".lora_B.default.weight"  # as peft names them


def adapt(model: VldMmdit, lora: Lora, seed: int) -> None:
    """Puts adapters around the modules that `lora` targets and freezes all else. They begin as nothing: `up` is 0.

    The seed alone decides how. ValueError for a target that the transformer has not.
    """
    targeted(model, lora.targets)  # peft would leave out in silence what it does not find
    model.requires_grad_(False)
    config = LoraConfig(r=lora.rank, lora_alpha=lora.numerator, target_modules=list(lora.targets))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, model)


def trained_adapters(weights: Mapping[str, Tensor], lora: Lora) -> dict[str, LowRank]:
    """Those of an adapted transformer's parameters, by the name of the module that they are around."""
    names = [name.removesuffix(_DOWN) for name in weights if name.endswith(_DOWN)]
    scale = lora.numerator / lora.rank
    return {name: LowRank(weights[f"{name}{_DOWN}"], weights[f"{name}{_UP}"], scale) for name in names}
