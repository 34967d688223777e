"""`make generate`: a prompt in, the layers of a new picture as PNGs and as a PSD out.

    python -m inference.generate PROMPT ... --checkpoint FOLDER [--layers 4|auto] [--size 1024x768] [--from FOLDER]

Layers are drawn from the text at once; with `--from`, a text-to-image folder of diffusers' layout (Qwen/Qwen-Image)
draws a flat picture first, which is then decomposed. OUTPUT/0 is the folder of PNGs of the first prompt, OUTPUT/0.psd
the same for Photoshop. Exit status: 0; 2 something is wrong, and said; 3 stopped. What was listed before is written,
whole.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from inference.command_line import (
    add_drawing,
    batches,
    check_targets,
    drawing_options,
    progress,
    run_door,
    warn_of_auto,
    write,
)
from inference.decompose import decompose
from inference.drawing import DrawOptions, Progress, draw, draw_flat
from inference.loaded import Loaded, adapters_of, checkpoint_folder, device_of, load, load_text_to_image
from model.buckets import bucket
from schemas.stack import Stack


def generate(
    loaded: Loaded,
    prompts: Sequence[str],
    size: tuple[int, int],
    options: DrawOptions,
    first: int = 0,
    on_step: Progress = lambda step: None,
) -> list[Stack]:
    """Layer stacks of `size` (width, height) in pixels from text alone, in one batch."""
    count = len(prompts)
    return draw(loaded, prompts, [None] * count, [size] * count, options, first, on_step)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m inference.generate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", nargs="+", metavar="PROMPT")
    add_drawing(parser, default_output="out/generated")
    parser.add_argument("--size", default="1x1", help="WIDTHxHEIGHT, of which the aspect counts; default square")
    parser.add_argument("--from", dest="source", help="a text-to-image folder that draws the picture to decompose")
    return run_door(_lines, parser.parse_args(arguments))


def _lines(options: argparse.Namespace) -> Iterator[str]:
    """What was written. What cannot be is said before any work."""
    wanted, prompts, output = drawing_options(options), options.prompts, Path(options.output)
    device_of(options.device)
    size = bucket(*_size(options.size), wanted.resolution)
    names = [str(index) for index in range(len(prompts))]
    check_targets(output, names)
    adapters_of(options.lora, checkpoint_folder(options.checkpoint))
    if options.source:
        checkpoint_folder(options.source)
    parts = batches(len(prompts), options.batch)
    with progress(len(parts) * wanted.sampler.steps * (2 if options.source else 1)) as on_step:
        flat = []
        if options.source:
            painter = load_text_to_image(options.source, options.device)
            for part in parts:
                flat += draw_flat(painter, prompts[part], size, wanted, part.start, on_step)
            del painter  # two networks of 20 B parameters do not lie on one card
        loaded = load(options.checkpoint, options.device, options.lora)
        warn_of_auto(loaded, wanted)
        for part in parts:
            if options.source:
                stacks = decompose(loaded, flat[part], prompts[part], wanted, part.start, on_step)
            else:
                stacks = generate(loaded, prompts[part], size, wanted, part.start, on_step)
            for stack, name in zip(stacks, names[part], strict=True):
                yield write(stack, output, name)


def _size(spelt: str) -> tuple[int, int]:
    """(width, height) of 1024x768."""
    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", spelt, re.ASCII)
    if match is None:
        raise ValueError(f"size is {spelt!r}; it is spelt like 1024x768")
    return int(match[1]), int(match[2])


if __name__ == "__main__":
    sys.exit(main())
