"""`make bench-model`: what the networks cost, beside diffusers' and beside padded batches, each ratio in one run.

    python -m tests.bench_model [--only vae|packing|utilisation] [--repeats 3]

`vae`: encoding and decoding at the released widths. `packing`: tokens a second of a mix of 1 to 20 layers, packed,
padded to the longest of the batch, and one by one. `utilisation` needs a GPU: the share of its peak that forward and
backward of the real width use. Rows are Markdown, as BENCHMARKS.md holds them.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch

import data_pipeline.torchvision_ops  # noqa: F401 - before diffusers

# isort: split
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel

from model.configs import MMDIT_CONFIGS, MmditConfig, VaeConfig
from model.flops import training_flops
from model.inflate import from_released
from model.mmdit import VldMmdit, compile_blocks
from model.packing import SampleShape, layout_of
from model.recompute import Recompute
from model.rgba_vae import RgbaVae

_PEAK_FLOPS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}  # dense bf16, of the makers' data sheets
_FRAMES, _GRID, _TEXT = 11, (40, 40), 256  # ten layers and their composite at 640 x 640
_GPU_DEPTH = 12  # of the real width; what fits one card with gradients


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Of the fastest of some calls after a first; a shared machine only ever adds."""
    on_gpu = torch.cuda.is_available()
    best = float("inf")
    for turn in range(repeats + 1):
        if on_gpu:
            torch.cuda.synchronize()
        start = time.perf_counter()
        call()
        if on_gpu:
            torch.cuda.synchronize()
        if turn:
            best = min(best, time.perf_counter() - start)
    return best


@torch.no_grad()
def bench_vae(repeats: int) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    config = VaeConfig()
    theirs = AutoencoderKLQwenImage(input_channels=4).eval()
    ours = RgbaVae(config).eval()
    tensors = theirs.state_dict().items()
    ours.load_state_dict({name: from_released(name, value) for name, value in tensors if ".time_conv." not in name})
    theirs, ours = theirs.to(device, dtype), ours.to(device, dtype)
    print("| VAE, released widths | diffusers s | ours s | ratio |\n|---|---:|---:|---:|")
    for side in (256, 512):
        x = torch.rand(1, 4, side, side, device=device, dtype=dtype) * 2 - 1
        z = torch.randn(1, 16, side // 8, side // 8, device=device, dtype=dtype)
        # In turns, so that a change of the machine's pace meets both.
        pairs = {
            "encode": (lambda x=x: theirs.encode(x[:, :, None]), lambda x=x: ours.encode(x)),
            "decode": (lambda z=z: theirs.decode(z[:, :, None]), lambda z=z: ours.decode(z)),
        }
        for name, (released, own) in pairs.items():
            turns = [(seconds(released, 1), seconds(own, 1)) for _ in range(repeats)]
            slow, fast = min(one for one, _ in turns), min(one for _, one in turns)
            ratio = statistics.median(one / other for one, other in turns)
            print(f"| {name} {side} x {side} | {slow:.3f} | {fast:.3f} | {ratio:.2f} |", flush=True)


def mixed(count: int, grid: tuple[int, int], seed: int = 0) -> list[SampleShape]:
    """Samples of 1 to 20 layers, their composite and condition, and captions of 40 to 200 tokens."""
    generator = torch.Generator().manual_seed(seed)
    layers = torch.randint(1, 21, (count,), generator=generator).tolist()
    texts = torch.randint(40, 201, (count,), generator=generator).tolist()
    return [SampleShape((grid,) * (1 + n), text, grid) for n, text in zip(layers, texts, strict=True)]


@torch.no_grad()
def bench_packing(repeats: int) -> None:
    """Padded is what a batch of one shape costs: every sample as long as the longest."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = MMDIT_CONFIGS["base" if device == "cuda" else "tiny"]
    grid = (20, 20) if device == "cuda" else (8, 8)
    model = VldMmdit(config).eval().to(device, torch.bfloat16 if device == "cuda" else torch.float32)
    batches = [mixed(8, grid, seed) for seed in range(4)]

    def longest(shapes: Sequence[SampleShape]) -> list[SampleShape]:
        most = max(shapes, key=lambda shape: len(shape.frames))
        return [replace(most, text=max(shape.text for shape in shapes))] * len(shapes)

    ways = {
        "packed": batches,
        "padded to the longest": [longest(shapes) for shapes in batches],
        "one by one": [[shape] for shapes in batches for shape in shapes],
    }
    tokens = sum(shape.tokens for shapes in batches for shape in shapes)
    times = dict.fromkeys(ways, float("inf"))
    for _ in range(repeats):
        for way, packs in ways.items():
            times[way] = min(times[way], seconds(lambda packs=packs: [forward(model, pack) for pack in packs], 1))
    print("\n| 32 samples of 1 to 20 layers | their own tokens/s | packed is faster by |\n|---|---:|---:|")
    for way, took in times.items():
        print(f"| {way} | {tokens / took:,.0f} | {took / times['packed']:.2f} |", flush=True)


def forward(model: VldMmdit, shapes: Sequence[SampleShape]) -> torch.Tensor:
    weight = model.img_in.weight
    image = weight.new_zeros(sum(shape.image_tokens for shape in shapes), model.config.token_channels)
    text = weight.new_zeros(sum(shape.text for shape in shapes), model.config.text_width)
    sigma = torch.full((len(shapes),), 0.5, device=weight.device)
    return model(image, text, sigma, layout_of(shapes, weight.device))


def bench_utilisation(repeats: int) -> None:
    if not torch.cuda.is_available():
        print("\nutilisation: not measured here, as there is no GPU; `make bench-model ARGS='--only utilisation'`")
        return
    name = torch.cuda.get_device_name()
    peak = next((flops for card, flops in _PEAK_FLOPS.items() if card in name), None)
    if peak is None:
        print(f"\nutilisation: not measured, as the peak of {name} is not known here")
        return
    config = MmditConfig(depth=_GPU_DEPTH)
    shape = SampleShape((_GRID,) * _FRAMES, _TEXT, _GRID)
    flops = training_flops([shape], config)
    what = f"{name}, {_GPU_DEPTH} blocks of the real width, {shape.tokens} tokens"
    print(f"\n| {what} | s | share of the peak |\n|---|---:|---:|")
    with torch.device("cuda"):
        model = VldMmdit(config).to(torch.bfloat16)
    compile_blocks(model)
    for recompute in (Recompute.FULL, Recompute.SELECTIVE):
        model.recompute = recompute
        took = seconds(partial(our_step, model, shape), repeats)
        print(f"| ours, {recompute.value} recomputation | {took:.3f} | {flops / took / peak:.1%} |", flush=True)
    del model
    torch.cuda.empty_cache()
    with torch.device("cuda"):
        theirs = QwenImageTransformer2DModel(num_layers=_GPU_DEPTH, use_additional_t_cond=True, use_layer3d_rope=True)
    theirs = theirs.to(torch.bfloat16)
    theirs.enable_gradient_checkpointing()
    took = seconds(partial(released_step, theirs, shape), repeats)
    print(f"| diffusers, full recomputation | {took:.3f} | {flops / took / peak:.1%} |", flush=True)


def our_step(model: VldMmdit, shape: SampleShape) -> None:
    forward(model, [shape]).square().mean().backward()


def released_step(model: QwenImageTransformer2DModel, shape: SampleShape) -> None:
    like = model.img_in.weight
    out = model(
        hidden_states=like.new_zeros(1, shape.image_tokens, 64),
        encoder_hidden_states=like.new_zeros(1, shape.text, 3584),
        timestep=like.new_full((1,), 0.5),
        img_shapes=[[(1, *grid) for grid in shape.grids]],
        additional_t_cond=torch.zeros(1, dtype=torch.int64, device=like.device),
        return_dict=False,
    )[0]
    out.square().mean().backward()


PARTS = {"vae": bench_vae, "packing": bench_packing, "utilisation": bench_utilisation}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            part(arguments.repeats)


if __name__ == "__main__":
    main()
