"""A dataset in, its held-out samples as folders of layers out, at the size and on the ground that training sees them.

    python -m training.true_stacks DATA OUTPUT --resolution 64 [--splits validation,test] [--max-layers 20] [--limit N]

What is transparent is laid on a ground, which becomes the bottom layer. OUTPUT appears whole.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from data_pipeline.compose import compose
from data_pipeline.stack_io.collection import stacks_in
from data_pipeline.stack_io.folder import write_folder
from model.buckets import bucket
from schemas.members import MAX_LAYERS, SPLITS
from schemas.stack import PlainLayer, Stack
from training.ground import is_opaque
from training.painting import resized
from training.terminal import WRONG, told

HELD_OUT = ("validation", "test")
_LEAST_LAYERS = 2  # of what can be decomposed
_OPAQUE = 255


def write_true_stacks(
    data: Path, output: Path, splits: Sequence[str], resolution: int, max_layers: int, limit: int | None = None
) -> int:
    """How many were written: the first `limit` of the samples of two layers or more, by name.

    ValueError where there is no dataset, or no such sample in it.
    """
    if not shards_of(data, splits):
        raise ValueError(f"{data} has no shards of {', '.join(splits)}; it must be a dataset of make shards")
    made = output.with_name(f".{output.name}.partial")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    count = 0
    for name, stack in true_stacks(data, splits, resolution, max_layers):
        if count == limit:
            break
        write_folder(stack, made / name)
        count += 1
    if not count:
        shutil.rmtree(made)
        raise ValueError(f"{data} has no sample of {_LEAST_LAYERS} to {max_layers} layers in {', '.join(splits)}")
    shutil.rmtree(output, ignore_errors=True)
    os.replace(made, output)
    return count


def true_stacks(data: Path, splits: Sequence[str], resolution: int, max_layers: int) -> Iterator[tuple[str, Stack]]:
    """Each sample's KEY, and its layers at the bucket of `resolution`, which compose a picture as opaque as those that
    are trained on."""
    for shard in shards_of(data, splits):
        for ref in stacks_in(shard):
            stack = ref.read()
            if len(stack.layers) < _LEAST_LAYERS:
                continue
            shown = at_size(stack, resolution)
            if not is_opaque(compose(stack)[..., 3]):  # as the index has it
                shown = on_ground(shown, ref.name)
            if len(shown.layers) <= max_layers:
                yield ref.name, shown


def shards_of(data: Path, splits: Sequence[str]) -> list[Path]:
    """Of a dataset of make shards, by split and name; none where it is no such dataset."""
    return [path for split in splits for path in sorted((data / "shards").glob(f"{split}-*.tar"))]


def at_size(stack: Stack, resolution: int) -> Stack:
    size = bucket(stack.width, stack.height, resolution)
    return Stack(*size, tuple(resized(stack.layers, (stack.width, stack.height), size)))


def on_ground(stack: Stack, key: str) -> Stack:
    """Over a ground, whose colour hangs on the key alone."""
    ground = np.empty((stack.height, stack.width, 4), np.uint8)
    ground[..., :3] = np.random.default_rng(int(key, 16)).integers(0, 256, 3)
    ground[..., 3] = _OPAQUE
    return Stack(stack.width, stack.height, (PlainLayer((0, 0, stack.width, stack.height), ground), *stack.layers))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.true_stacks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--resolution", type=int, required=True)
    parser.add_argument("--splits", default=",".join(HELD_OUT), help=f"of {', '.join(SPLITS)}; %(default)s")
    parser.add_argument("--max-layers", type=int, default=MAX_LAYERS)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args(arguments)
    splits = options.splits.split(",")
    try:
        if unknown := [split for split in splits if split not in SPLITS]:
            raise ValueError(f"splits has {unknown[0]!r}; it must be of {', '.join(SPLITS)}")
        count = write_true_stacks(
            options.data, options.output, splits, options.resolution, options.max_layers, options.limit
        )
    except (ValueError, OSError) as error:
        return told(error, WRONG)
    print(f"{count} true stacks in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
