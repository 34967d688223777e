"""A configuration, GPUs and planned steps in; the memory and the time they take out, and what would make them fit.

Nothing is computed and no weight is read: networks are shapes. Time is that of arithmetic, at a share of the GPUs' peak
that is assumed; what ranks send each other, reading and offloading come on top.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import islice
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from model.configs import MmditConfig, VaeConfig
from model.flops import adapting_flops, forward_flops, training_flops
from model.recompute import Recompute
from model.rgba_vae import RgbaVae
from training.batches import AT_ONCE_PX
from training.configuration import RunConfig
from training.footprint import Load, Memory, memory
from training.recipes import Planned
from training.work import Packs

UTILISATION = 0.4  # assumed; of the peak, recomputation counted
_MOST_GPUS = 4096


@dataclass(frozen=True)
class Networks:
    """What a run trains and what it encodes with. `text_parameters` are those of the text encoder, and the tokens of
    its template come before every prompt."""

    mmdit: MmditConfig
    vae: VaeConfig
    text_parameters: int
    template_tokens: int

    @cached_property
    def frozen_parameters(self) -> int:
        with torch.device("meta"):
            vae = sum(tensor.numel() for tensor in RgbaVae(self.vae).parameters())
        return vae + self.text_parameters


@dataclass(frozen=True)
class Gpus:
    count: int
    memory_bytes: int
    peak_flops: float
    utilisation: float = UTILISATION
    name: str = ""


def fullest(steps: Sequence[Packs], networks: Networks, config: RunConfig) -> Load:
    """The pack of most tokens. A rank has its share of the sequence, and encodes all frames of the pack."""
    packs = [pack for packs in steps for row in packs for pack in row]
    tokens = max(sum(one.shape.tokens for one in pack) for pack in packs)
    encoded = max(sum(one.recipe.frames * one.recipe.size[0] * one.recipe.size[1] for one in pack) for pack in packs)
    return Load(-(-tokens // config.engine.sequence_parallel), min(encoded, AT_ONCE_PX))


def forecast_memory(config: RunConfig, networks: Networks, ranks: int, load: Load) -> Memory:
    return memory(config, networks.mmdit, networks.vae, networks.frozen_parameters, ranks, load)


def step_seconds(packs: Packs, networks: Networks, config: RunConfig, gpus: Gpus) -> float:
    """Of one step: in every micro-step all wait for the slowest."""
    slowest = sum(max(_pack_flops(pack, networks, config) for pack in row) for row in packs)
    return slowest / (gpus.peak_flops * gpus.utilisation)


def remedies(config: RunConfig, networks: Networks, gpus: Gpus, load: Load, longest: int) -> list[str]:
    """Settings with any of which the run would fit; none where nothing helps. `longest`: tokens of the longest sample,
    which a pack must hold."""
    case = _Case(config, gpus.count, load.tokens)

    def fits(case: _Case) -> bool:
        made = forecast_memory(case.config, networks, case.gpus, replace(load, tokens=case.tokens))
        return made.peak <= gpus.memory_bytes

    families = _changes(case, longest, networks.mmdit.heads)
    found = [next((name for name, change in family if fits(change(case))), None) for family in families]
    settings: dict[str, str] = {}
    if not any(found):
        for family in families:
            name, change = family[-1]
            settings.update(_settings(name))
            case = change(case)
            if fits(case):
                return [_joined(settings)]
    more = (str(count) for count in _more(gpus.count) if fits(replace(case, gpus=count)))
    return [*filter(None, found), *(_joined({**settings, "GPUS": count}) for count in islice(more, 1))]


def _settings(text: str) -> dict[str, str]:
    return dict(setting.split("=") for setting in text.split())


def _joined(settings: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings.items())


@dataclass(frozen=True)
class _Case:
    config: RunConfig
    gpus: int
    tokens: int  # of a rank in the fullest pack

    def engine(self, **changed: Any) -> "_Case":
        return replace(self, config=replace(self.config, engine=replace(self.config.engine, **changed)))

    def shared(self, ranks: int, longest: int) -> "_Case":
        """Packs no longer than the longest sample, each shared by so many ranks."""
        return replace(self.engine(sequence_parallel=ranks), tokens=min(self.tokens, -(-longest // ranks)))

    def recomputed(self) -> "_Case":
        network = replace(self.config.network, recompute=Recompute.FULL.value)
        return replace(self, config=replace(self.config, network=network))


def _changes(case: _Case, longest: int, heads: int) -> list[list[tuple[str, Callable[[_Case], _Case]]]]:
    """Settings that ask for less memory, the mildest first; of each the mildest first, too."""
    shared = case.config.engine.sequence_parallel
    sharing = [ranks for ranks in (2, 4, 8) if ranks > shared and case.gpus % ranks == heads % ranks == 0]
    families: list[list[tuple[str, Callable[[_Case], _Case]]]] = [
        [("network.recompute=full", _Case.recomputed)],
        [("engine.zero=3", partial(_Case.engine, zero=3))],
        [(f"data.pack_tokens={-(-longest // shared)}", partial(_Case.shared, ranks=shared, longest=longest))],
        [
            (
                f"engine.sequence_parallel={ranks} data.pack_tokens={-(-longest // ranks)}",
                partial(_Case.shared, ranks=ranks, longest=longest),
            )
            for ranks in sharing
        ],
        [("engine.offload_optimizer=true", partial(_Case.engine, offload_optimizer=True))],
        [(
            "engine.zero=3 engine.offload_parameters=true",
            partial(_Case.engine, zero=3, offload_parameters=True),
        )],
    ]  # fmt: skip
    useful = ([(name, change) for name, change in family if change(case) != case] for family in families)
    return [family for family in useful if family]


def _more(gpus: int) -> Iterator[int]:
    """Twice as many, and so on."""
    while 2 * gpus <= _MOST_GPUS:
        gpus *= 2
        yield gpus


def _pack_flops(pack: Sequence[Planned], networks: Networks, config: RunConfig) -> float:
    """Of one rank: forward, backward and what is computed again, shared by a sequence group; and encoding, which is
    not shared, and done before where latents are stored."""
    shapes = [one.shape for one in pack]
    computed = (adapting_flops if config.lora.rank else training_flops)(shapes, networks.mmdit)
    if config.network.recompute == Recompute.FULL:
        computed += forward_flops(shapes, networks.mmdit)
    trained = computed / config.engine.sequence_parallel
    if config.data.latents:
        return trained
    pictures = sum(one.recipe.frames * _encoding_flops(networks.vae, one.recipe.size) for one in pack)
    words = sum(one.shape.text + networks.template_tokens for one in pack)
    return trained + pictures + 2 * networks.text_parameters * words


@lru_cache(maxsize=256)
def _encoding_flops(vae: VaeConfig, size: tuple[int, int]) -> int:
    """Of one frame."""
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        RgbaVae(vae).encode(torch.empty(1, vae.image_channels, size[1], size[0]))
    return int(counter.get_total_flops())
