"""What planned packs gain beside other batches, and what planning costs: `python -m tests.bench_train --only planning`.

Two mixes of designs: layers as real ones have them (median 3, one in ten has 6 or more, at most 20), and 1 to 20
evenly. Frames are of 640 x 640 px at aspects from 1:3 to 3:1, captions of 40 to 400 tokens.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pyarrow as pa
import torch

from model.buckets import bucket
from model.configs import MMDIT_CONFIGS
from model.flops import forward_flops
from model.mmdit import VldMmdit
from model.packing import SampleShape, layout_of
from training.configuration import RunConfig, Schedule
from training.data_options import Data, Source, Tasks
from training.index import LAYERED, SCHEMA, CaptionFacts, Index
from training.packs import pack_step
from training.planner import Planner
from training.recipes import COMPOSITE, Task
from training.storage import Shard

RANKS, BUDGET, STEPS = 8, 49_152, 20
NETWORK = MMDIT_CONFIGS["qwen_image_20b"]
_ASPECTS = (1 / 3, 9 / 16, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 16 / 9, 3.0)
_TOKEN_PX = 16

Batch = list[tuple[int, SampleShape]]  # samples: what each is, after its length as it is batched


def real_layers(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.clip(np.rint(np.exp(rng.normal(np.log(3), np.log(2) / 1.2816, count))), 1, 20).astype(int)


def even_layers(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(1, 21, count)


MIXES = {"as real designs": real_layers, "1 to 20 evenly": even_layers}


def shapes_of(layers: np.ndarray, rng: np.random.Generator, side_px: int = 640) -> list[SampleShape]:
    """Composite, layers and condition."""
    sizes = [
        bucket(round(1000 * _ASPECTS[place]), 1000, side_px) for place in rng.integers(0, len(_ASPECTS), len(layers))
    ]
    grids = [(height // _TOKEN_PX, width // _TOKEN_PX) for width, height in sizes]
    texts = rng.integers(40, 401, len(layers)).tolist()
    return [SampleShape((grid,) * (1 + int(n)), text, grid) for n, grid, text in zip(layers, grids, texts, strict=True)]


def bench_planning(repeats: int) -> None:
    bench_balance()
    bench_planner(repeats)
    bench_steps(repeats)


def bench_balance() -> None:
    print(f"| {RANKS} ranks, packs of {BUDGET:,} tokens | batch | padding | waiting | a step takes, of the least |")
    print("|---|---:|---:|---:|---:|")
    for mix, layers in MIXES.items():
        for batch in (64, 128, 256):
            rng = np.random.default_rng(0)
            steps = [shapes_of(layers(rng, batch), rng) for _ in range(STEPS)]
            for name, way in {"packed": packed, "by size and layers": by_size, "one by one": one_by_one}.items():
                _row(f"layers {mix}: {name}", batch, way(steps, rng), [shape for step in steps for shape in step])


def _row(name: str, batch: int, rows: Sequence[Sequence[Batch]], shapes: Sequence[SampleShape]) -> None:
    """`waiting`: how much longer steps take than if all ranks had alike to do; `least`: that, with nothing padded."""
    tokens = sum(shape.tokens for shape in shapes)
    batched = sum(length for row in rows for one in row for length, _ in one)
    loads = [[sum(_cost(length, shape) for length, shape in one) for one in row] for row in rows]
    slowest = sum(map(max, loads))
    waiting = slowest / (sum(map(sum, loads)) / RANKS) - 1
    least = sum(forward_flops([shape], NETWORK) for shape in shapes) / RANKS
    print(f"| {name} | {batch} | {1 - tokens / batched:.1%} | {waiting:.2%} | {slowest / least:.3f} |", flush=True)


def _cost(length: int, shape: SampleShape) -> int:
    """FLOPs of a sample that is padded to a length by text."""
    return forward_flops([replace(shape, text=shape.text + length - shape.tokens)], NETWORK)


def packed(steps: Sequence[Sequence[SampleShape]], rng: np.random.Generator) -> list[list[Batch]]:
    """As the trainer plans them."""
    rows = []
    for shapes in steps:
        cost = [float(forward_flops([shape], NETWORK)) for shape in shapes]
        step = pack_step([shape.tokens for shape in shapes], cost, RANKS, BUDGET)
        rows += [[[(shapes[place].tokens, shapes[place]) for place in pack] for pack in row] for row in step.packs]
    return rows


def by_size(steps: Sequence[Sequence[SampleShape]], rng: np.random.Generator) -> list[list[Batch]]:
    """As trainers do that sort samples into buckets by the size of their frames: a batch is of one bucket and of like
    layer counts, as many as fit, padded to its longest; ranks take batches in random order. All steps' samples are
    sorted together, which leaves few remainders.
    """
    buckets: dict[tuple[int, int], list[SampleShape]] = {}
    for shape in (shape for step in steps for shape in step):
        buckets.setdefault(shape.frames[0], []).append(shape)
    batches: list[Batch] = []
    for shapes in buckets.values():
        shapes.sort(key=lambda shape: (-len(shape.frames), -shape.text))
        while shapes:
            longest = shapes[0].tokens
            count = BUDGET // longest
            batches.append([(longest, shape) for shape in shapes[:count]])
            del shapes[:count]
    order = rng.permutation(len(batches)).tolist()
    return [[batches[place] for place in order[start : start + RANKS]] for start in range(0, len(batches), RANKS)]


def one_by_one(steps: Sequence[Sequence[SampleShape]], rng: np.random.Generator) -> list[list[Batch]]:
    shapes = [shape for step in steps for shape in step]
    return [
        [[(shape.tokens, shape)] for shape in shapes[start : start + RANKS]] for start in range(0, len(shapes), RANKS)
    ]


def bench_planner(repeats: int, samples: int = 1_000_000, batch: int = 1000) -> None:
    """Of designs whose sizes all differ, which is the most there is to do."""
    index = drawn_index(samples)
    tasks = Tasks({Task.IMAGE_TO_LAYERS: 0.9, Task.TEXT_TO_LAYERS: 0.1}, merge=0.1, blanks=0.2)
    config = RunConfig(
        data=Data(sources=(Source("drawn"),), pack_tokens=BUDGET), tasks=tasks, schedule=Schedule(batch=batch)
    )
    began = time.process_time()
    planner = Planner([index], config, RANKS, NETWORK, 8)
    made = time.process_time() - began
    planner.step(0)  # the order of an epoch is drawn
    began = time.process_time()
    for step in range(1, 1 + repeats):
        planner.step(step)
    took = (time.process_time() - began) / repeats
    print("\n| planning | CPU s |\n|---|---:|")
    print(f"| {samples:,} samples, once | {made:.2f} |\n| a step of {batch:,} samples | {took:.3f} |", flush=True)


def drawn_index(count: int) -> Index:
    rng = np.random.default_rng(0)
    layers = np.maximum(2, real_layers(rng, count))
    tokens = rng.integers(40, 401, count).tolist()
    captions = ([asdict(CaptionFacts(COMPOSITE, "en", "long", one, 0, one, one))] for one in tokens)
    columns = {
        "key": [f"{number:016x}" for number in range(count)],
        "shard": pa.array(np.zeros(count), pa.int32()),
        "kind": [LAYERED] * count,
        "width": pa.array(rng.integers(600, 4000, count), pa.int32()),
        "height": pa.array(rng.integers(600, 4000, count), pa.int32()),
        "layers": pa.array(layers, pa.int32()),
        "opaque": pa.array(rng.random(count) < 0.7),
        "captions": pa.array(captions, SCHEMA.field("captions").type),
        "members": pa.array([[]] * count, SCHEMA.field("members").type),
    }
    return Index((Shard("drawn.tar", 0, "0"),), "drawn", 6, pa.table(columns, SCHEMA))


def bench_steps(repeats: int) -> None:
    """Forward and backward of the same 32 samples, in one process and in turns."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"\n| 32 samples, layers as real designs, {device} | packed, steps/s | one by one, steps/s | ratio |")
    print("|---|---:|---:|---:|")
    networks = {"tiny": MMDIT_CONFIGS["tiny"], "small, 2 blocks of it": replace(MMDIT_CONFIGS["small"], depth=2)}
    for name, network in networks.items():
        rng = np.random.default_rng(0)
        shapes = shapes_of(real_layers(rng, 32), rng, 64)
        model = VldMmdit(replace(network, text_width=64)).to(device)
        cost = [float(forward_flops([shape], network)) for shape in shapes]
        step = pack_step([shape.tokens for shape in shapes], cost, 1, 2048)
        packs = [[shapes[place] for place in row[0]] for row in step.packs]
        ways = [partial(_train, model, packs), partial(_train, model, [[shape] for shape in shapes])]
        turns = [[_wall(way) for way in ways] for _ in range(1 + repeats)][1:]
        fast, slow = (min(took) for took in zip(*turns, strict=True))
        print(f"| {name}, 64 px | {1 / fast:.2f} | {1 / slow:.2f} | {slow / fast:.2f} |", flush=True)


def _train(model: VldMmdit, packs: Sequence[Sequence[SampleShape]]) -> None:
    weight = model.img_in.weight
    for pack in packs:
        image = weight.new_zeros(sum(shape.image_tokens for shape in pack), model.config.token_channels)
        text = weight.new_zeros(sum(shape.text for shape in pack), model.config.text_width)
        sigma = torch.full((len(pack),), 0.5, device=weight.device)
        model(image, text, sigma, layout_of(pack, weight.device)).square().mean().backward()
    if weight.is_cuda:
        torch.cuda.synchronize()


def _wall(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
