"""What `make decompose` and `make generate` have in common: flags, names, progress, and how what is wrong is told."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from tqdm import tqdm

from data_pipeline.stack_io.folder import check_replaceable, write_folder
from data_pipeline.stack_io.formats import write_stack
from data_pipeline.stack_io.writable import printable, writable
from inference.drawing import DrawOptions, Progress
from inference.loaded import DEVICES, Loaded
from model.sampler import GUIDANCES, SamplerOptions
from schemas.stack import Stack

DONE, WRONG, STOPPED = 0, 2, 3
_NO_MEMORY = re.compile("out of memory|can't allocate memory")  # how torch says it of other memory than a GPU's


def run_door(lines: Callable[[argparse.Namespace], Iterable[str]], options: argparse.Namespace) -> int:
    """The exit status of a command that tells line by line what it wrote; what goes wrong is one sentence."""
    try:
        for line in lines(options):
            tqdm.write(line)  # above the progress bar
    except (ValueError, OSError) as error:
        return _told(str(error), WRONG)
    except KeyboardInterrupt:
        return _told("stopped", STOPPED)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not _NO_MEMORY.search(str(error)):
            raise
        return _told("out of memory; give fewer LAYERS, a smaller RESOLUTION, or ARGS='--batch 1'", WRONG)
    return DONE


def warn(message: str) -> None:
    tqdm.write(f"lamina: {printable(message)}", file=sys.stderr)


def _told(message: str, status: int) -> int:
    warn(" ".join(message.split()))
    return status


def add_drawing(parser: argparse.ArgumentParser, default_output: str) -> None:
    default, sampler = DrawOptions(), SamplerOptions()
    parser.add_argument("--checkpoint", required=True, help="a folder of diffusers' layout, or a name on the hub")
    parser.add_argument("--lora", help="adapters of its transformer: a file as diffusers writes it, or its folder")
    parser.add_argument("--output", default=default_output, help=f"a folder; default {default_output}")
    parser.add_argument("--layers", default=str(default.layers), help="how many, or auto; default %(default)s")
    parser.add_argument("--resolution", type=int, default=default.resolution, help="default %(default)s")
    parser.add_argument("--steps", type=int, default=sampler.steps, help="default %(default)s")
    parser.add_argument("--guidance", type=float, default=sampler.guidance, help="1 is none; default %(default)s")
    parser.add_argument("--rule", default=sampler.rule, help=f"of guidance: {', '.join(GUIDANCES)}")
    parser.add_argument("--negative", default=default.negative, help="the prompt to be led away from")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--batch", type=int, default=1, help="samples at a time; default %(default)s")
    parser.add_argument("--device", default="auto", help=", ".join(DEVICES))


def drawing_options(options: argparse.Namespace) -> DrawOptions:
    """ValueError for a value that cannot be."""
    if options.batch < 1:
        raise ValueError(f"batch is {options.batch}; it must be at least 1")
    if options.layers != "auto" and not options.layers.isdecimal():
        raise ValueError(f"layers is {options.layers!r}; it must be a number or auto")
    return DrawOptions(
        layers=None if options.layers == "auto" else int(options.layers),
        resolution=options.resolution,
        negative=options.negative,
        seed=options.seed,
        sampler=SamplerOptions(options.steps, options.guidance, options.rule),
    )


def names_of(paths: Sequence[Path]) -> list[str]:
    """What each picture's layers are called: by its file, numbered where two files have one name.

    Dots become underscores: what follows one would be taken for a format.
    """
    names: dict[str, None] = {}
    for path in paths:
        stem = path.stem.replace(".", "_")
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names[name] = None
    return list(names)


def check_targets(output: Path, names: Iterable[str]) -> None:
    """Raises ValueError where stacks of these names could not be written, before they are drawn."""
    there = next(path for path in (output, *output.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"output is {output}; {there} is no folder that can be written to")
    for name in names:
        folder, psd = output / name, output / f"{name}.psd"
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is there and no folder; give another OUTPUT")
        if psd.is_dir():
            raise ValueError(f"{psd} is a folder; give another OUTPUT")
        try:
            check_replaceable(folder)
        except ValueError as error:
            raise ValueError(f"{folder}: {error}; give another OUTPUT") from error


def batches(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


@contextmanager
def progress(steps: int) -> Iterator[Progress]:
    """A bar of so many steps, where a person looks on; what is yielded is called at each."""
    with tqdm(total=steps, unit="step", disable=None) as bar:
        yield lambda step: bar.update() and None


def warn_of_auto(loaded: Loaded, options: DrawOptions) -> None:
    if options.layers is None and not loaded.learns_to_stop:
        warn(
            f"{loaded.folder} does not say that it was trained to leave layers blank; "
            "LAYERS=auto may keep layers that the picture does not need"
        )


def write(stack: Stack, output: Path, name: str) -> str:
    """Writes the folder of PNGs and the PSD; a line that says so."""
    folder, psd = output / name, output / f"{name}.psd"
    write_folder(writable(stack), folder)
    write_stack(stack, psd)
    return printable(f"{folder}, {psd}: {len(stack.layers)} layers of {stack.width} x {stack.height} px")
