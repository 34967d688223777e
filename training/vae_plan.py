"""The VAE stage's configuration, indexes and GPUs in; what a run will do, as JSON has it and as people read it, out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from model.configs import VaeConfig
from training.configuration import RunConfig
from training.forecast import Gpus
from training.index import Index
from training.places import Places, micro_steps, most_crops
from training.plan_report import gpu_facts, memory_facts, part_lines, source_facts, source_lines, too_large
from training.tasks import SKIPPED
from training.vae_forecast import vae_memory, vae_remedies, vae_step_seconds


def planned_crops(
    places: Places, indexes: Sequence[Index], config: RunConfig, vae: VaeConfig, gpus: Gpus
) -> tuple[dict[str, Any], str | None]:
    """What is planned, and why it cannot be done; None where it can."""
    steps, batch, stage = config.schedule.steps, config.schedule.batch, config.vae
    left_out = [np.setdiff1d(np.arange(len(index)), rows) for index, rows in zip(indexes, places.rows, strict=True)]
    used = [(len(rows), {SKIPPED: out} if len(out) else {}) for rows, out in zip(places.rows, left_out, strict=True)]
    memory, seconds = vae_memory(config, vae, gpus.count), vae_step_seconds(config, vae, gpus)
    facts = {
        "stage": config.stage,
        "gpus": gpu_facts(gpus),
        "sources": source_facts(config, indexes, used, places.order.drawn(steps * batch)),
        "crops": {
            "side_px": stage.crop_px,
            "of_layers": _of_layers(places, indexes, config),
            "enlarged_samples": _enlarged(places, indexes, stage.crop_px),
        },
        "steps": {
            "count": steps, "batch": batch, "micro_steps": micro_steps(config, gpus.count),
            "fullest_pack": most_crops(config, gpus.count),
        },
        "memory_gib": memory_facts(memory),
        "seconds_per_step": seconds,
        "seconds": seconds * steps,
    }  # fmt: skip
    if memory.peak <= gpus.memory_bytes:
        return facts, None
    return facts, too_large(memory, gpus, vae_remedies(config, vae, gpus))


def crop_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """The same for people."""
    crops, steps = facts["crops"], facts["steps"]
    yield from source_lines(facts)
    yield f"crops of {crops['side_px']} px, {crops['of_layers']:.1%} of layers, the others of composites"
    if crops["enlarged_samples"]:
        yield f"  {crops['enlarged_samples']:,} samples are smaller than a crop; of these a square is enlarged"
    yield (
        f"of a step: crops {steps['batch']}, micro-steps {steps['micro_steps']},"
        f" of at most {steps['fullest_pack']} crops on a GPU"
    )
    yield f"memory of a GPU, forecast: {facts['memory_gib']['peak']:.1f} GiB"
    yield from part_lines(facts)


def _of_layers(places: Places, indexes: Sequence[Index], config: RunConfig) -> float:
    """Which share of crops is of a layer: of flat pictures none can be."""
    drawn = places.order.drawn(config.schedule.steps * config.schedule.batch)
    layered = [
        count * float(np.mean(index.table["layers"].to_numpy()[rows] > 0))
        for count, index, rows in zip(drawn, indexes, places.rows, strict=True)
    ]
    return config.vae.layer_share * sum(layered) / sum(drawn)


def _enlarged(places: Places, indexes: Sequence[Index], crop_px: int) -> int:
    """Samples that have no `crop_px` a side."""
    return sum(
        int(
            np.count_nonzero(
                np.minimum(*(index.table[name].to_numpy()[rows] for name in ("width", "height"))) < crop_px
            )
        )
        for index, rows in zip(indexes, places.rows, strict=True)
    )
