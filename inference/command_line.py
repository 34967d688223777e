"""What `make decompose` and `make generate` have in common: their flags, their names and their warning."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from data_pipeline.stack_io.formats import write_stack
from inference.drawing import DrawOptions
from inference.loaded import DEVICES, Loaded
from model.sampler import GUIDANCES, SamplerOptions
from schemas.stack import Stack


def add_drawing(parser: argparse.ArgumentParser, default_output: str) -> None:
    default, sampler = DrawOptions(), SamplerOptions()
    parser.add_argument("--checkpoint", required=True, help="a folder of diffusers' layout, or a name on the hub")
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
    """What each picture's layers are called: by its file, numbered where two files have one name."""
    names: list[str] = []
    for path in paths:
        name, number = path.stem, 2
        while name in names:
            name, number = f"{path.stem}-{number}", number + 1
        names.append(name)
    return names


def warn_of_auto(loaded: Loaded, options: DrawOptions) -> None:
    if options.layers is None and not loaded.learns_to_stop:
        print(
            f"lamina: {loaded.folder} does not say that it was trained to leave layers blank; "
            "LAYERS=auto may keep layers that the picture does not need",
            file=sys.stderr,
        )


def write(stack: Stack, output: Path, name: str) -> str:
    """Writes the folder of PNGs and the PSD; a line that says so."""
    folder, psd = output / name, output / f"{name}.psd"
    write_stack(stack, folder)
    write_stack(stack, psd)
    return f"{folder}, {psd}: {len(stack.layers)} layers of {stack.width} x {stack.height} px"
