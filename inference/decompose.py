"""`make decompose`: pictures in, each one's layers as PNGs and as a PSD out.

    python -m inference.decompose IMAGE ... --checkpoint FOLDER [--layers 4|auto] [--prompt TEXT] [--output FOLDER]

IMAGE is a picture or a folder of them. Without a prompt the checkpoint's own Qwen2.5-VL captions each. OUTPUT/NAME is
the folder of PNGs, OUTPUT/NAME.psd the same for Photoshop. `--recurse 2` decomposes layer 2 of what came out once
more, in its place. Exit status: 0; 2 nothing was written.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data_pipeline.compose import compose
from inference.buckets import bucket
from inference.captions import caption_pictures
from inference.command_line import add_drawing, drawing_options, names_of, warn_of_auto, write
from inference.drawing import DrawOptions, draw
from inference.loaded import Loaded, checkpoint_folder, load
from inference.pictures import pictures_in, read_picture, to_model
from schemas.stack import Stack

DONE, WRONG = 0, 2


def decompose(
    loaded: Loaded,
    pictures: Sequence[np.ndarray],
    prompts: Sequence[str],
    options: DrawOptions,
    first: int = 0,
    on_step: Callable[[int], None] = lambda step: None,
) -> list[Stack]:
    """Layer stacks of pictures (uint8 straight RGBA [H, W, 4]) at the bucket of each one's aspect, in one batch."""
    sizes = [bucket(rgba.shape[1], rgba.shape[0], options.resolution) for rgba in pictures]
    conditions = [to_model(rgba, size) for rgba, size in zip(pictures, sizes, strict=True)]
    return [one.stack for one in draw(loaded, prompts, conditions, sizes, options, first, on_step)]


def decompose_layer(loaded: Loaded, stack: Stack, index: int, prompt: str, options: DrawOptions) -> Stack:
    """A layer of a stack decomposed once more, on its own canvas; its layers take its place, in a group of its name."""
    if not 0 <= index < len(stack.layers):
        raise ValueError(f"there is no layer {index}; the stack has {len(stack.layers)}, 0 is the bottom")
    layer = stack.layers[index]
    size = (stack.width, stack.height)
    alone = compose(Stack(*size, (layer,)))
    inner = draw(loaded, [prompt], [to_model(alone, size)], [size], options)[0].stack
    parts = (
        replace(part, name=f"{layer.name}.{k}", groups=(*layer.groups, layer.name))
        for k, part in enumerate(inner.layers)
    )
    return replace(stack, layers=(*stack.layers[:index], *parts, *stack.layers[index + 1 :]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m inference.decompose", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    add_drawing(parser, default_output="out/decomposed")
    parser.add_argument("--prompt", help="of all pictures alike; default: each is captioned")
    parser.add_argument("--recurse", type=int, metavar="LAYER", help="decompose this layer once more")
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
    paths = pictures_in(options.images)
    pictures = [read_picture(path) for path in paths]
    for picture in pictures:
        bucket(picture.shape[1], picture.shape[0], wanted.resolution)  # what cannot be is said before any work
    folder = checkpoint_folder(options.checkpoint)
    prompts = [options.prompt] * len(paths) if options.prompt else caption_pictures(folder, pictures)
    loaded = load(options.checkpoint, options.device)
    warn_of_auto(loaded, wanted)
    lines = []
    names = names_of(paths)
    batches = range(0, len(paths), options.batch)
    with tqdm(total=len(batches) * wanted.sampler.steps, unit="step", disable=None) as bar:
        for start in batches:
            part = slice(start, start + options.batch)
            stacks = decompose(loaded, pictures[part], prompts[part], wanted, start, lambda step: bar.update() and None)
            for stack, name, prompt in zip(stacks, names[part], prompts[part], strict=True):
                if options.recurse is not None:
                    stack = decompose_layer(loaded, stack, options.recurse, prompt, wanted)
                lines.append(write(stack, Path(options.output), name))
    return lines


if __name__ == "__main__":
    sys.exit(main())
