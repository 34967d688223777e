"""Stages 1 to 3 as the loop's work: planned packs of samples in, flow-matching losses of the VLD-MMDiT out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.checkpoint import PROCESSOR, load_mmdit, save_pipeline
from model.flops import adapting_flops, training_flops
from model.lora import merge, save_lora
from model.mmdit import VldMmdit
from training.adapters import trained_adapters
from training.batches import encode, flow_batch
from training.configuration import RunConfig
from training.counting import counting_of
from training.data import Reader
from training.distributed import Ranks
from training.flow_module import PARTS, FlowBatch, FlowModule
from training.flow_pictures import FlowPictures
from training.flow_validation import FlowValidation
from training.indexes import not_held_out, not_there, open_held_out, open_indexes
from training.latent_cache import LatentCache
from training.networks import DTYPES, fingerprint, frozen_encoders, stored_fingerprint, text_folder, trained_mmdit
from training.origin import origin_of
from training.planner import Planner
from training.recipes import Planned
from training.shown import Shown
from training.work import Packs

_MODULE = "mmdit."
_LORA = "lora"  # of an export: the adapters by themselves


class LayeredWork:
    """Raises ValueError, before any work, for data or networks that do not fit the configuration."""

    parts: tuple[str, ...] = PARTS

    def __init__(self, config: RunConfig, output: Path, ranks: Ranks) -> None:
        self._config, self._ranks = config, ranks
        origin = origin_of(config.init, config.stage)
        self._text_source = text_folder(config, origin, output, ranks)
        self._encoders = frozen_encoders(self._text_source, config, origin, ranks)
        vae, text = self._encoders.vae, self._encoders.text
        counting = counting_of(text)
        self._indexes = open_indexes(config.data.sources, config.data.split, counting, output / "index", ranks)
        validation = open_held_out(config, counting, output / "index", ranks)
        mmdit = trained_mmdit(config, origin, text.width, vae.config.z_dim, ranks)
        self._mmdit_config = mmdit.config
        self._base = origin.transformer if config.lora.rank else None  # that adapters are of
        self.module = FlowModule(mmdit, ranks.sequence_group)
        self.planner = Planner(self._indexes, config, ranks.groups, mmdit.config, vae.config.stride)
        self._cache = None
        if config.data.latents:
            rows = [samples.rows for samples in self.planner.samples]
            self._cache = LatentCache(self._indexes, rows, config, self._encoders)
        self._frozen = fingerprint(vae, self._encoders.condition_vae, text)
        if self._base is not None:
            self._frozen += f" {stored_fingerprint(self._base)}"
        if not config.encodes_texts:
            text.to("meta")  # most of a GPU's memory that is not trained
        self._validation = FlowValidation(validation, config, self._encoders, self._mmdit_config)
        self._pictures = FlowPictures(validation, config, self._encoders, self._mmdit_config)

    def plan(self, step: int) -> Packs:
        return self.planner.step(step)

    def reader(self) -> Callable[[Sequence[Planned]], Any]:
        return Reader(self._indexes) if self._cache is None else self._cache.reader

    def prepare(self, read: Any, device: torch.device) -> FlowBatch:
        encoded = encode(read, self._encoders, device) if self._cache is None else self._cache.encoded(read, device)
        tasks = self._config.tasks
        return flow_batch(
            encoded, self._config.flow, tasks.composite_weight, self._config.seed, self._mmdit_config.patch, self._ranks
        )

    def keys(self, pack: Sequence[Planned]) -> list[str]:
        return [self._indexes[one.source].name(one.index) for one in pack]

    def notices(self) -> list[str]:
        """What a person should know before the first step: which samples are left out, and why."""
        told = not_held_out(self._config) + not_there(self._indexes, self._config.data.skip)
        if not (self._text_source / PROCESSOR).is_dir():
            told.append(f"{self._text_source} has no {PROCESSOR}: what is exported needs a prompt for every picture")
        wanted = self._config.validation.pictures
        if len(self._pictures) < wanted:
            told.append(f"of {wanted} pictures of the validation there are samples for {len(self._pictures)}")
        for source, samples in enumerate(self.planner.samples):
            for reason, rows in samples.excluded.items():
                first = self._indexes[source].name(int(rows[0]))
                told.append(
                    f"left out: {len(rows)} of {len(self._indexes[source])} samples ({reason}), the first {first}"
                )
        return told

    def tokens(self, pack: Sequence[Planned]) -> int:
        return sum(one.shape.tokens for one in pack)

    def flops(self, pack: Sequence[Planned]) -> float:
        flops = adapting_flops if self._config.lora.rank else training_flops
        return float(flops([one.shape for one in pack], self._mmdit_config))

    def validate(self, ranks: Ranks) -> dict[str, float]:
        return self._validation.losses(self.module, ranks)

    def pictures(self, ranks: Ranks) -> list[Shown]:
        return self._pictures.drawn(self.module, ranks)

    def after_step(self, step: int) -> None:
        """Nothing follows: the transformer is all that is trained."""

    def extra(self) -> dict[str, Tensor]:
        return {}

    def load_extra(self, tensors: Mapping[str, Tensor]) -> None:
        """There is nothing beside the transformer's state."""

    def frozen(self) -> str:
        return self._frozen

    def export(self, weights: Mapping[str, Tensor], folder: Path) -> None:
        """Adapters are merged into the transformer that they are of, and lie beside it by themselves (`lora`)."""
        dtype, lora = DTYPES[self._config.engine.precision], self._config.lora
        named = {name.removeprefix(_MODULE): name for name in weights}
        adapters = {}
        if self._base is None:
            with torch.device("meta"):
                model = VldMmdit(self._mmdit_config)
            model.load_state_dict({name: weights[key].to(dtype) for name, key in named.items()}, assign=True)
        else:
            model = load_mmdit(self._base, dtype=dtype)
            adapters = trained_adapters({name: weights[key] for name, key in named.items()}, lora)
            merge(model, adapters)
        stops = self._config.tasks.blanks > 0
        vae, own = self._encoders.vae, self._encoders.condition_vae
        save_pipeline(folder, model, vae, self._text_source, stops, condition_vae=None if own is vae else own)
        if adapters:
            save_lora(folder / _LORA, adapters, lora.numerator, lora.targets)
