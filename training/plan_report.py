"""A planner, networks and GPUs in; what a run will do, as JSON has it and as people read it, out.

Samples and epochs are counted exactly. Packs, tokens, memory and time are those of some steps, evenly over the run.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from training.configuration import RunConfig
from training.footprint import Load, Memory
from training.forecast import Gpus, Networks, forecast_memory, fullest, remedies, step_seconds
from training.index import Index
from training.planner import Planner
from training.recipes import Planned
from training.work import Packs

_STEPS = 32  # that are planned
_EXAMPLES = 3  # of samples that are left out, for each reason
_UNEVEN = 0.1  # of imbalance, which people are told of
_GIB = 1 << 30


def planned(
    planner: Planner, indexes: Sequence[Index], config: RunConfig, networks: Networks, gpus: Gpus
) -> tuple[dict[str, Any], str | None]:
    """What is planned, and why it cannot be done; None where it can."""
    numbers = np.unique(np.linspace(0, config.schedule.steps - 1, _STEPS).astype(np.int64)).tolist()
    steps = [planner.step(number) for number in numbers]
    load = fullest(steps, networks, config)
    memory = forecast_memory(config, networks, gpus.count, load)
    full = forecast_memory(config, networks, gpus.count, replace(load, tokens=config.data.pack_tokens))
    seconds = float(np.mean([step_seconds(packs, networks, config, gpus) for packs in steps]))
    drawn = planner.order.drawn(config.schedule.steps * config.schedule.batch)
    used = [(len(one.rows), one.excluded) for one in planner.samples]
    facts = {
        "stage": config.stage,
        "gpus": gpu_facts(gpus),
        "sources": source_facts(config, indexes, used, drawn),
        "buckets": _buckets(planner),
        "steps": _steps(planner, steps, config),
        "memory_gib": memory_facts(memory),
        "memory_of_a_full_pack_gib": round(full.peak / _GIB, 3),
        "seconds_per_step": seconds,
        "seconds": seconds * config.schedule.steps,
    }
    return facts, _too_large(planner, config, networks, gpus, load, memory)


def lines_of(facts: Mapping[str, Any]) -> Iterator[str]:
    """The same for people."""
    gpus, steps = facts["gpus"], facts["steps"]
    yield from source_lines(facts)
    yield "samples by the size of their frames: " + ", ".join(
        f"{size} {count:,}" for size, count in facts["buckets"].items()
    )
    yield f"of a step, in {steps['planned']} planned ones of {steps['count']:,}:"
    yield f"  samples {steps['batch']}; by task {', '.join(f'{name} {n:.1%}' for name, n in steps['tasks'].items())}"
    yield f"  frames of a sample {steps['frames']:.1f}; tokens {steps['tokens']:,.0f}, padding {steps['padding']}"
    yield (
        f"  micro-steps {steps['micro_steps']:.1f}, packs {steps['packs']:.0f},"
        f" the fullest of {steps['fullest_pack']:,} of {steps['pack_tokens']:,} tokens"
    )
    hint = " (a larger schedule.batch evens that out)" if steps["imbalance"] > _UNEVEN else ""
    yield f"  a step takes {steps['imbalance']:.2%} longer than if all ranks had alike to do{hint}"
    memory = facts["memory_gib"]
    full = facts["memory_of_a_full_pack_gib"]
    warning = ", which does not fit" if memory["peak"] <= gpus["memory_gib"] < full else ""
    yield f"memory of a GPU, forecast: {memory['peak']:.1f} GiB; {full:.1f} where a pack is full{warning}"
    yield from part_lines(facts)


def gpu_facts(gpus: Gpus) -> dict[str, Any]:
    return {
        "count": gpus.count, "name": gpus.name, "memory_gib": gpus.memory_bytes / _GIB,
        "peak_tflops": gpus.peak_flops / 1e12, "utilisation": gpus.utilisation,
    }  # fmt: skip


def memory_facts(memory: Memory) -> dict[str, float]:
    return {name: round(value / _GIB, 3) for name, value in {**asdict(memory), "peak": memory.peak}.items()}


def source_facts(
    config: RunConfig, indexes: Sequence[Index], used: Sequence[tuple[int, Mapping[str, Any]]], drawn: Sequence[int]
) -> list[dict[str, Any]]:
    """`used` says of each source how many samples are, and the rows that are not, by reason; `drawn` how often any is
    taken in the run."""
    return [
        {
            "where": source.where,
            "samples": samples,
            "epochs": count / samples,
            "excluded": {
                reason: {"samples": len(rows), "examples": [index.name(int(row)) for row in rows[:_EXAMPLES]]}
                for reason, rows in excluded.items()
            },
        }
        for source, index, (samples, excluded), count in zip(config.data.sources, indexes, used, drawn, strict=True)
    ]


def source_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    gpus, steps = facts["gpus"], facts["steps"]
    yield f"stage {facts['stage']} on {gpus['count']} x {gpus['name']} ({gpus['memory_gib']:.0f} GiB)"
    for source in facts["sources"]:
        yield (
            f"{source['where']}: {source['samples']:,} samples, each {source['epochs']:.2f} times"
            f" in {steps['count']:,} steps"
        )
        for reason, out in source["excluded"].items():
            named = f"{', '.join(out['examples'])}{', ...' if out['samples'] > len(out['examples']) else ''}"
            yield f"  left out: {out['samples']:,} {reason} ({named})"


def part_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """What takes the memory, and how long the run takes."""
    gpus, memory = facts["gpus"], facts["memory_gib"]
    parts = {name: value for name, value in memory.items() if name not in ("peak", "host") and value >= 0.05}
    yield f"  {', '.join(f'{name} {value:.1f}' for name, value in parts.items())} (not all of them at once)"
    if memory["host"]:
        yield f"  memory of the machine for each GPU {memory['host']:.1f} GiB"
    yield (
        f"time, forecast at {gpus['utilisation']:.0%} of {gpus['peak_tflops']:.0f} TFLOP/s: "
        f"{facts['seconds_per_step']:.3g} s a step, {_duration(facts['seconds'])} the run"
    )


def _buckets(planner: Planner) -> dict[str, int]:
    sizes, counts = np.unique(np.concatenate([one.sizes for one in planner.samples]), axis=0, return_counts=True)
    return {
        f"{width} x {height}": count for (width, height), count in zip(sizes.tolist(), counts.tolist(), strict=True)
    }


def _steps(planner: Planner, steps: Sequence[Packs], config: RunConfig) -> dict[str, Any]:
    """Means over the steps, where nothing else is said."""
    packs = [pack for packs in steps for row in packs for pack in row]
    samples: list[Planned] = [one for pack in packs for one in pack]
    tasks = Counter(str(one.recipe.task) for one in samples)
    tokens = sum(one.shape.tokens for one in samples)
    return {
        "count": config.schedule.steps,
        "planned": len(steps),
        "batch": config.schedule.batch,
        "tasks": {name: count / len(samples) for name, count in sorted(tasks.items())},
        "frames": sum(one.recipe.frames for one in samples) / len(samples),
        "tokens": tokens / len(steps),
        "tokens_of_the_run": tokens / len(steps) * config.schedule.steps,
        "padding": 0,  # samples lie one behind another
        "micro_steps": sum(map(len, steps)) / len(steps),
        "packs": len(packs) / len(steps),
        "fullest_pack": max(sum(one.shape.tokens for one in pack) for pack in packs),
        "pack_tokens": planner.budget,
        "imbalance": _imbalance(planner, steps),
    }


def _imbalance(planner: Planner, steps: Sequence[Packs]) -> float:
    """How much longer steps take than if every rank had the same to do."""
    loads = [[sum(map(planner.cost, pack)) for pack in row] for packs in steps for row in packs]
    return sum(map(max, loads)) / sum(sum(row) / len(row) for row in loads) - 1


def _too_large(
    planner: Planner, config: RunConfig, networks: Networks, gpus: Gpus, load: Load, memory: Memory
) -> str | None:
    if memory.peak <= gpus.memory_bytes:
        return None
    longest = max(int(one.most_tokens.max()) for one in planner.samples)
    ways = remedies(config, networks, gpus, load, longest)
    return too_large(memory, gpus, ways)


def too_large(memory: Memory, gpus: Gpus, ways: Sequence[str]) -> str:
    """`ways` are settings with any of which it would fit."""
    would = f"it would with {', or with '.join(ways)}" if ways else "nothing that is known here would make it fit"
    return (
        f"the run takes {memory.peak / _GIB:.1f} GiB of a GPU, which has {gpus.memory_bytes / _GIB:.1f}: "
        f"it does not fit; {would}"
    )


def _duration(seconds: float) -> str:
    for unit, of_it in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * of_it:
            return f"{seconds / of_it:.1f} {unit}"
    return f"{seconds:.1f} s"
