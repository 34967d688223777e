"""`make decompose`: pictures in, each one's layers as PNGs and as a PSD out.

    python -m inference.decompose IMAGE ... --checkpoint FOLDER [--layers 4|auto] [--prompt TEXT] [--output FOLDER]

IMAGE is a picture or a folder of them. Without a prompt the checkpoint's own Qwen2.5-VL captions each. OUTPUT/NAME is
the folder of PNGs, OUTPUT/NAME.psd the same for Photoshop. `--recurse 2` decomposes layer 2 of what came out once
more, in its place. Exit status: 0; 2 something is wrong, and said; 3 stopped. What was listed before is written, whole.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from data_pipeline.compose import compose
from inference.captions import caption_pictures
from inference.command_line import (
    add_drawing,
    batches,
    check_targets,
    drawing_options,
    names_of,
    progress,
    run_door,
    warn,
    warn_of_auto,
    write,
)
from inference.drawing import DrawOptions, Progress, draw
from inference.loaded import Loaded, adapters_of, checkpoint_folder, device_of, load
from inference.picture_file import read_picture
from inference.pictures import pictures_in, to_model
from model.buckets import bucket
from schemas.members import MAX_LAYERS
from schemas.stack import Stack


def decompose(
    loaded: Loaded,
    pictures: Sequence[np.ndarray],
    prompts: Sequence[str],
    options: DrawOptions,
    first: int = 0,
    on_step: Progress = lambda step: None,
) -> list[Stack]:
    """Layer stacks of pictures (uint8 straight RGBA [H, W, 4]) at the bucket of each one's aspect, in one batch."""
    sizes = [bucket(rgba.shape[1], rgba.shape[0], options.resolution) for rgba in pictures]
    conditions = [to_model(rgba, size) for rgba, size in zip(pictures, sizes, strict=True)]
    return draw(loaded, prompts, conditions, sizes, options, first, on_step)


def decompose_layer(
    loaded: Loaded,
    stack: Stack,
    index: int,
    prompt: str,
    options: DrawOptions,
    on_step: Progress = lambda step: None,
) -> Stack:
    """A layer of a stack decomposed once more, on its own canvas; its layers take its place, in a group of its name."""
    if not 0 <= index < len(stack.layers):
        raise ValueError(f"there is no layer {index}; the stack has {len(stack.layers)}, 0 is the bottom")
    layer = stack.layers[index]
    size = (stack.width, stack.height)
    alone = compose(Stack(*size, (layer,)))
    inner = draw(loaded, [prompt], [to_model(alone, size)], [size], options, on_step=on_step)[0]
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
    parser.add_argument("--recurse", type=int, metavar="LAYER", help="decompose this layer once more, 0 is the bottom")
    return run_door(_lines, parser.parse_args(arguments))


def _lines(options: argparse.Namespace) -> Iterator[str]:
    """What was written. What cannot be is said before any work."""
    wanted = drawing_options(options)
    device_of(options.device)
    deeper, most = options.recurse, wanted.layers or MAX_LAYERS
    if deeper is not None and not 0 <= deeper < most:
        raise ValueError(f"recurse is {deeper}; it must be a layer that is drawn, 0..{most - 1}")
    paths = pictures_in(options.images)
    names, output = names_of(paths), Path(options.output)
    check_targets(output, names)
    for path in paths:
        height, width, _ = read_picture(path).shape
        bucket(width, height, wanted.resolution)
    folder = checkpoint_folder(options.checkpoint)
    adapters_of(options.lora, folder)
    prompts = [options.prompt] * len(paths) if options.prompt else caption_pictures(folder, paths)
    loaded = load(options.checkpoint, options.device, options.lora)
    warn_of_auto(loaded, wanted)
    parts = batches(len(paths), options.batch)
    draws = len(parts) + (0 if deeper is None else len(paths))
    with progress(draws * wanted.sampler.steps) as on_step:
        for part in parts:
            pictures = [read_picture(path) for path in paths[part]]
            stacks = decompose(loaded, pictures, prompts[part], wanted, part.start, on_step)
            for stack, name, prompt in zip(stacks, names[part], prompts[part], strict=True):
                if deeper is not None and deeper < len(stack.layers):
                    stack = decompose_layer(loaded, stack, deeper, prompt, wanted, on_step)
                elif deeper is not None:
                    warn(f"{name} came out in {len(stack.layers)} layers, so none is layer {deeper}, to recurse into")
                yield write(stack, output, name)


if __name__ == "__main__":
    sys.exit(main())
