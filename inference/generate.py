"""`make generate`: a prompt in, the layers of a new picture as PNGs and as a PSD out.

    python -m inference.generate PROMPT ... --checkpoint FOLDER [--layers 4|auto] [--size 1024x768] [--from FOLDER]

Layers are drawn from the text at once; with `--from`, a text-to-image folder of diffusers' layout (Qwen/Qwen-Image)
draws a flat picture first, which is then decomposed. OUTPUT/0 is the folder of PNGs of the first prompt, OUTPUT/0.psd
the same for Photoshop. Exit status: 0; 2 nothing was written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from inference.buckets import bucket
from inference.command_line import add_drawing, drawing_options, warn_of_auto, write
from inference.decompose import decompose
from inference.drawing import DrawOptions, draw, noise
from inference.loaded import Loaded, checkpoint_folder, device_of, load
from inference.pictures import to_rgba
from model.checkpoint import load_mmdit, load_vae
from model.sampler import Request, sample
from model.text_encoder import TextEncoderConfig, load_text_encoder
from schemas.stack import Stack

DONE, WRONG = 0, 2


def generate(
    loaded: Loaded, prompts: Sequence[str], size: tuple[int, int], options: DrawOptions, first: int = 0
) -> list[Stack]:
    """Layer stacks of `size` (width, height) in pixels from text alone, in one batch."""
    count = len(prompts)
    return [one.stack for one in draw(loaded, prompts, [None] * count, [size] * count, options, first)]


def flat_pictures(
    source: str, prompts: Sequence[str], size: tuple[int, int], options: DrawOptions, device: str
) -> list[np.ndarray]:
    """uint8 RGBA [H, W, 4], opaque, drawn by a text-to-image folder: one frame, decoded by its own RGB VAE.

    Its noise levels are those of the layered model, not of its own scheduler.
    """
    place = device_of(device)
    dtype = torch.bfloat16 if place.type == "cuda" else torch.float32
    folder = checkpoint_folder(source)
    model = load_mmdit(folder / "transformer", place, dtype).eval()
    vae = load_vae(folder / "vae", place, dtype, image_channels=3).eval()
    texts = load_text_encoder(TextEncoderConfig(folder=str(folder)), place, dtype)([*prompts, options.negative])
    stride, channels = vae.config.stride, vae.config.z_dim
    requests = [
        Request(noise((1, channels, size[1] // stride, size[0] // stride), options.seed, k), text, texts[-1])
        for k, text in enumerate(texts[:-1])
    ]
    with torch.no_grad():
        latents = [vae.denormalise(z.to(place, dtype)) for z in sample(model, requests, options.sampler)]
        return [to_rgba(vae.decode(z)[0]) for z in latents]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m inference.generate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", nargs="+", metavar="PROMPT")
    add_drawing(parser, default_output="out/generated")
    parser.add_argument("--size", default="1x1", help="WIDTHxHEIGHT, of which the aspect counts; default square")
    parser.add_argument("--from", dest="source", help="a text-to-image folder that draws the picture to decompose")
    options = parser.parse_args(arguments)
    try:
        written = _run(options)
    except (ValueError, OSError) as error:
        print(f"lamina: {error}", file=sys.stderr)
        return WRONG
    print("\n".join(written))
    return DONE


def _run(options: argparse.Namespace) -> list[str]:
    wanted = drawing_options(options)
    width, sign, height = options.size.partition("x")
    if not (sign and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ValueError(f"size is {options.size!r}; it is spelt like 1024x768")
    size = bucket(int(width), int(height), wanted.resolution)
    flat = flat_pictures(options.source, options.prompts, size, wanted, options.device) if options.source else None
    loaded = load(options.checkpoint, options.device)
    warn_of_auto(loaded, wanted)
    lines = []
    for index, prompt in enumerate(tqdm(options.prompts, unit="picture", disable=None)):
        if flat is None:
            stack = generate(loaded, [prompt], size, wanted, index)[0]
        else:
            stack = decompose(loaded, [flat[index]], [prompt], wanted, index)[0]
        lines.append(write(stack, Path(options.output), str(index)))
    return lines


if __name__ == "__main__":
    sys.exit(main())
