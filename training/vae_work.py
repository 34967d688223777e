"""The VAE stage as the loop's work: crops of composites and layers in, reconstruction losses of the RGBA-VAE out.

RGB and RGBA are mixed in every batch: some crops lie on a solid colour and are opaque.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from evaluation.reconstruction.lpips import Lpips, distances, load_lpips
from model.checkpoint import load_vae, save_vae
from model.configs import VAE_CONFIGS, VaeConfig
from model.rgba_vae import RgbaVae
from training.configuration import RunConfig
from training.crop_reader import CropBatch, CropReader
from training.data_options import Source
from training.discriminator import Adversary
from training.distributed import Ranks
from training.held_out import SEED
from training.index import Counting, Index
from training.indexes import held_out, not_held_out, not_there, open_held_out, open_indexes
from training.networks import DTYPES, fingerprint
from training.noising import noise_of
from training.origin import origin_of
from training.picture_sheet import sheet
from training.places import Place, Places, micro_steps, step_of
from training.shown import Shown, gathered
from training.tasks import SKIPPED
from training.vae_losses import edges_at_scales
from training.vae_module import ADVERSARIAL, PARTS, Judges, VaeBatch, VaeModule
from training.vae_start import new_vae
from training.vae_validation import as_input, measure, reconstructed
from training.work import Packs

Item = TypeVar("Item")

_MODULE = "vae."
WORDLESS = Counting("none", lambda prompt: 0)  # the VAE sees no text
_MEASURED = 256  # crops whose latents give the statistics of a new VAE
_LEAST_STD = 1e-2  # of a latent channel: one that says nothing is not made loud
_TRAINING = 3  # times the arithmetic of a forward pass


class VaeWork:
    """Raises ValueError, before any work, for data or networks that do not fit the configuration."""

    def __init__(self, config: RunConfig, output: Path, ranks: Ranks) -> None:
        check(config, ranks.groups)
        self._config, self._ranks = config, ranks
        self._source = origin_of(config.init, config.stage).vae
        self._indexes = open_indexes(config.data.sources, config.data.split, WORDLESS, output / "index", ranks)
        self._held_sources = held_out(config)
        self._held_out = open_held_out(config, WORDLESS, output / "index", ranks)
        vae = _trained_vae(config, self._source, ranks)
        self._vae_config = vae.config
        self._lpips = _lpips(config, ranks)
        self._adversary = None
        if config.vae.adversarial > 0:
            self._adversary = Adversary(config.schedule.lr, config.seed, ranks.device)
        distance = edges_at_scales if self._lpips is None else self._lpips.forward
        self.parts = PARTS if self._adversary is None else (*PARTS, *ADVERSARIAL)
        self.module = VaeModule(vae, config.vae, config.schedule.batch, Judges(distance, self._adversary))
        self._places = self._places_of(self._indexes, config.data.sources, config.seed)
        self._forward_flops = forward_flops(vae.config, config.vae.crop_px)

    def plan(self, step: int) -> Packs:
        return step_of(self._places, self._config, self._ranks.groups, step)

    def reader(self) -> Callable[[Sequence[Place]], CropBatch]:
        return CropReader(self._indexes, self._config.vae, self._config.seed)

    def prepare(self, read: CropBatch, device: torch.device) -> VaeBatch:
        x_BCHW = as_input(self.module.vae, read.pixels)
        stride = self._vae_config.stride
        shape = (self._vae_config.z_dim, x_BCHW.shape[2] // stride, x_BCHW.shape[3] // stride)
        noise = [noise_of(self._config.seed, position, shape, device) for position in read.positions]
        return VaeBatch(read.positions[0] // self._config.schedule.batch, x_BCHW, torch.stack(noise))

    def notices(self) -> list[str]:
        told = not_held_out(self._config) + not_there(self._indexes, self._config.data.skip)
        for index, rows in zip(self._indexes, self._places.rows, strict=True):
            if len(rows) < len(index):
                told.append(f"left out: {len(index) - len(rows)} of {len(index)} samples ({SKIPPED})")
        if self._lpips is None and self._config.vae.perceptual > 0:
            told.append("perceptual loss: edges at three sizes; vae.lpips names the weights of LPIPS to have that")
        return told

    def keys(self, pack: Sequence[Place]) -> list[str]:
        return [self._indexes[one.source].name(one.index) for one in pack]

    def tokens(self, pack: Sequence[Place]) -> int:
        """Latent cells."""
        return len(pack) * (self._config.vae.crop_px // self._vae_config.stride) ** 2

    def flops(self, pack: Sequence[Place]) -> float:
        return float(_TRAINING * self._forward_flops * len(pack))

    def validate(self, ranks: Ranks) -> dict[str, float]:
        if not self._held_out:
            return {}
        measured = None if self._lpips is None else distances(self._lpips)
        return measure(self.module.vae, self._held_crops(self._config.validation.samples, ranks), measured, ranks)

    def pictures(self, ranks: Ranks) -> list[Shown]:
        if not self._held_out:
            return []
        own = {}
        for batch in self._held_crops(self._config.validation.pictures, ranks):
            made_BHW4 = reconstructed(self.module.vae, batch.pixels)
            for position, truth_HW4, made_HW4 in zip(batch.positions, batch.pixels, made_BHW4, strict=True):
                pictures = sheet(("true", "reconstructed"), [(truth_HW4, made_HW4)])
                own[position] = Shown(f"crop {position}", "", {}, pictures)
        return gathered(own, ranks)

    def _held_crops(self, count: int, ranks: Ranks) -> Iterator[CropBatch]:
        """This rank's of the first `count` held-out crops, the same ones whenever it is asked."""
        stage = replace(self._config.vae, rgb_share=0.0)
        held = self._places_of(self._held_out, self._held_sources, SEED)
        places = [held.at(position) for position in range(ranks.group, count, ranks.groups)]
        batches = self._read(CropReader(self._held_out, stage, SEED), places)
        return chain(batches, self._idle(len(places), count, ranks))

    def _idle(self, own: int, count: int, ranks: Ranks) -> Iterator[CropBatch]:
        """Empty batches, so that all ranks go through the VAE as often: under ZeRO-3 they gather it together."""
        most, side = -(-count // ranks.groups), self._config.vae.crop_px
        rounds = [-(-crops // self._config.vae.micro_batch) for crops in (own, most)]
        return repeat(CropBatch((), (), np.empty((0, side, side, 4), np.uint8)), rounds[1] - rounds[0])

    def after_step(self, step: int) -> None:
        if self._adversary is not None and step >= self._config.vae.adversarial_start:
            self._adversary.step()

    def extra(self) -> dict[str, Tensor]:
        return {} if self._adversary is None else self._adversary.state()

    def load_extra(self, tensors: Mapping[str, Tensor]) -> None:
        if self._adversary is not None:
            self._adversary.load_state(tensors)

    def frozen(self) -> str:
        return "" if self._lpips is None else fingerprint(self._lpips)

    def export(self, weights: Mapping[str, Tensor], folder: Path) -> None:
        """`folder/vae`. A new VAE's latents get statistics of their own; those of one that was trained before stay, as
        transformers know them."""
        with torch.device("meta"):
            vae = RgbaVae(self._vae_config)
        dtype = DTYPES[self._config.engine.precision]
        state = {name.removeprefix(_MODULE): tensor.to(self._ranks.device, dtype) for name, tensor in weights.items()}
        vae.load_state_dict(state, assign=True)
        if self._source is None:
            mean, std = self._statistics(vae.requires_grad_(False))
            vae.config = replace(vae.config, latents_mean=mean, latents_std=std)
        save_vae(vae, folder / "vae", self._source)

    @torch.no_grad()
    def _statistics(self, vae: RgbaVae) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation of every latent channel over the same crops whenever it is asked."""
        stage = replace(self._config.vae, rgb_share=0.0)
        drawn = self._places_of(self._indexes, self._config.data.sources, SEED)
        places = list(map(drawn.at, range(_MEASURED)))
        z_Nz = torch.cat([
            vae.encode(as_input(vae, batch.pixels))[0].double().permute(0, 2, 3, 1).flatten(0, 2).cpu()
            for batch in self._read(CropReader(self._indexes, stage, SEED), places)
        ])  # fmt: skip
        deviation = z_Nz.std(dim=0).clamp_min(_LEAST_STD)
        return tuple(z_Nz.mean(dim=0).tolist()), tuple(deviation.tolist())

    def _read(self, reader: CropReader, places: Sequence[Place]) -> Iterator[CropBatch]:
        return map(reader, _in_runs(places, self._config.vae.micro_batch))

    def _places_of(self, indexes: Sequence[Index], sources: Sequence[Source], seed: int) -> Places:
        return Places(indexes, sources, self._config.data.skip, seed)


def _in_runs(items: Sequence[Item], length: int) -> list[tuple[Item, ...]]:
    return [tuple(items[start : start + length]) for start in range(0, len(items), length)]


def forward_flops(config: VaeConfig, side_px: int) -> int:
    """Of encoding and decoding one square picture: multiplications and additions of convolutions and attention."""
    with torch.device("meta"):
        vae, x = RgbaVae(config), torch.empty(1, config.image_channels, side_px, side_px)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        vae.decode(vae.encode(x)[0])
    return int(counter.get_total_flops())


def check(config: RunConfig, groups: int) -> None:
    """ValueError for what this stage does not do, on so many ranks."""
    engine = config.engine
    if engine.sequence_parallel > 1:
        raise ValueError(
            f"engine.sequence_parallel is {engine.sequence_parallel}; the VAE has no sequence: set it to 1"
        )
    if config.network.compile:
        raise ValueError("network.compile is true; the VAE is not compiled: set network.compile=false")
    micro_steps(config, groups)


def _trained_vae(config: RunConfig, source: Path | None, ranks: Ranks) -> RgbaVae:
    """The stored VAE, an RGB one inflated where RGBA is asked for, or a new one."""
    channels = config.vae.image_channels
    if source is None:
        new = replace(VAE_CONFIGS[config.network.vae], image_channels=channels)
        vae = new_vae(new, config.seed).to(ranks.device)
    else:
        vae = load_vae(source, ranks.device, torch.float32, channels)
    if config.vae.crop_px % vae.config.stride:
        raise ValueError(f"vae.crop_px is {config.vae.crop_px}; it must be a multiple of {vae.config.stride}")
    vae.recomputes = config.network.recompute != "none"
    return vae.to(memory_format=torch.contiguous_format).train()  # DeepSpeed sends weights as they lie in memory


def _lpips(config: RunConfig, ranks: Ranks) -> Lpips | None:
    return load_lpips([Path(path) for path in config.vae.lpips]).to(ranks.device) if config.vae.lpips else None
