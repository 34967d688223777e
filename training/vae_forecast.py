"""The VAE stage's configuration in; the memory and the time of its steps out, and what would make them fit.

A forward and a backward pass over crops are gone through on shapes alone, and what they allocate and compute is
counted: nothing is computed, and no weight is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from evaluation.reconstruction.lpips import Lpips
from model.configs import VaeConfig
from model.rgba_vae import RgbaVae
from training.allocations import Allocations
from training.configuration import RunConfig, VaeStage
from training.discriminator import Adversary
from training.footprint import Memory, Parameters, states
from training.forecast import Gpus
from training.network_options import Network
from training.networks import DTYPES
from training.places import is_dealt, micro_steps, most_crops
from training.vae_losses import edges_at_scales
from training.vae_module import Judges, VaeBatch, VaeModule

_META = torch.device("meta")
_FLOAT32 = 4  # bytes
_COPIES = 4  # of what learns beside the VAE: weights, gradients, two moments


@dataclass(frozen=True)
class Held:
    """Bytes: of a forward and backward pass, beside weights and their gradients; and of what is not the VAE: frozen
    weights, and those that learn, with gradients and moments."""

    passing: int
    judges: int


def vae_memory(config: RunConfig, vae: VaeConfig, ranks: int) -> Memory:
    """Of the fullest pack. `ranks` are all GPUs."""
    total, largest = _parameters(vae)
    held = _held(vae, config.network, config.vae, config.engine.precision, most_crops(config, ranks))
    return Memory(
        **states(Parameters(total, total, largest), config.engine, ranks), frozen=0, encoding=0,
        activations=held.passing, judges=held.judges,
    )  # fmt: skip


def vae_step_seconds(config: RunConfig, vae: VaeConfig, gpus: Gpus) -> float:
    """Of one step: in every micro-step all wait for who has most crops."""
    crops = most_crops(config, gpus.count) * micro_steps(config, gpus.count)
    flops = crops * _flops(vae, config.network, config.vae, config.engine.precision)
    return flops / (gpus.peak_flops * gpus.utilisation)


def vae_remedies(config: RunConfig, vae: VaeConfig, gpus: Gpus) -> list[str]:
    """Settings with any of which the run would fit, the mildest of each kind; none where nothing helps."""

    def fits(change: _Change) -> bool:
        if not is_dealt(change.config, change.gpus):  # as such a run would be refused
            return False
        return vae_memory(change.config, vae, change.gpus).peak <= gpus.memory_bytes

    families = (family(config, gpus.count) for family in (_recomputed, _fewer, _offloaded, _shared))
    found = (next(filter(fits, family), None) for family in families)
    return [change.name for change in found if change is not None]


@dataclass(frozen=True)
class _Change:
    name: str
    config: RunConfig
    gpus: int


def _recomputed(config: RunConfig, gpus: int) -> Iterator[_Change]:
    if config.network.recompute == "none":
        yield _Change(
            "network.recompute=full", replace(config, network=replace(config.network, recompute="full")), gpus
        )


def _fewer(config: RunConfig, gpus: int) -> Iterator[_Change]:
    """Crops at a time."""
    crops = most_crops(config, gpus) // 2
    while crops:
        yield _Change(f"vae.micro_batch={crops}", replace(config, vae=replace(config.vae, micro_batch=crops)), gpus)
        crops //= 2


def _offloaded(config: RunConfig, gpus: int) -> Iterator[_Change]:
    if not config.engine.offload_optimizer:
        engine = replace(config.engine, offload_optimizer=True)
        yield _Change("engine.offload_optimizer=true", replace(config, engine=engine), gpus)


def _shared(config: RunConfig, gpus: int) -> Iterator[_Change]:
    """By twice as many GPUs, and so on, as long as each has a crop."""
    while 2 * gpus <= config.schedule.batch:
        gpus *= 2
        yield _Change(f"GPUS={gpus}", config, gpus)


@lru_cache(maxsize=64)
def _parameters(vae: VaeConfig) -> tuple[int, int]:
    """(all, those of the largest tensor)."""
    with _META:
        sizes = [tensor.numel() for tensor in RgbaVae(vae).parameters()]
    return sum(sizes), max(sizes)


@lru_cache(maxsize=64)
def _held(vae: VaeConfig, network: Network, stage: VaeStage, precision: str, crops: int) -> Held:
    module, judges = _outlined(vae, network, stage, precision, crops)
    weights = [*module.parameters(), *judges]
    for weight in weights:
        weight.grad = torch.zeros_like(weight) if weight.requires_grad else None
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    batch = _batch(vae, stage, precision, crops)
    with Allocations(*weights, *gradients) as made:
        module(batch).samples_B.sum().backward()
    copies = sum(tensor.numel() * (_COPIES if tensor.requires_grad else 1) for tensor in judges)
    return Held(made.most, _FLOAT32 * copies)


@lru_cache(maxsize=64)
def _flops(vae: VaeConfig, network: Network, stage: VaeStage, precision: str) -> int:
    """Of one crop. By itself, as what counts it keeps tensors that would be counted as memory."""
    module, _ = _outlined(vae, network, stage, precision, 1)
    batch = _batch(vae, stage, precision, 1)
    with FlopCounterMode(display=False) as counter:
        module(batch).samples_B.sum().backward()
    return int(counter.get_total_flops())


def _outlined(
    vae: VaeConfig, network: Network, stage: VaeStage, precision: str, crops: int
) -> tuple[VaeModule, list[torch.Tensor]]:
    """What the stage trains, as shapes, and the weights of what judges it."""
    with _META:
        trained, lpips = RgbaVae(vae).to(DTYPES[precision]), Lpips() if stage.lpips else None
    trained.recomputes = network.recompute != "none"
    trained.to(memory_format=torch.contiguous_format)
    adversary = Adversary(1.0, 0, _META) if stage.adversarial > 0 else None
    distance = edges_at_scales if lpips is None else lpips.forward
    frozen = [] if lpips is None else [*lpips.parameters(), *lpips.buffers()]
    learning = [] if adversary is None else adversary.weights
    return VaeModule(trained, stage, crops, Judges(distance, adversary)), [*frozen, *learning]


def _batch(vae: VaeConfig, stage: VaeStage, precision: str, crops: int) -> VaeBatch:
    """Of a step in which all that judges has its say."""
    side = stage.crop_px
    x_BCHW = torch.empty(crops, vae.image_channels, side, side, dtype=DTYPES[precision], device=_META)
    noise_Bzhw = torch.empty(crops, vae.z_dim, side // vae.stride, side // vae.stride, device=_META)
    return VaeBatch(stage.adversarial_start, x_BCHW, noise_Bzhw)
