"""`make convert INPUT=stack OUTPUT=stack`: a layer stack from one format into another; or all of a dataset or a folder.

    python -m data_pipeline.stack_io.convert INPUT OUTPUT
    python -m data_pipeline.stack_io.convert INPUT FOLDER --format psd

Exit status: 0 done, 1 a stack could not be read or written (each is named), 2 wrong INPUT or OUTPUT, nothing was done.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from data_pipeline.stack_io.collection import StackRef, stacks_in
from data_pipeline.stack_io.folder import write_folder
from data_pipeline.stack_io.formats import SUFFIXES, check_name, write_stack
from data_pipeline.stack_io.writable import printable, writable

FOLDER = "folder"
FORMATS = (FOLDER, *(suffix[1:] for suffix in SUFFIXES))


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert, and say what could not be."""
    parser = argparse.ArgumentParser(
        prog="python -m data_pipeline.stack_io.convert", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("input", type=Path, help="a stack, a folder of stacks, a shard, or a dataset")
    parser.add_argument("output", type=Path, help="a stack; with --format a folder of stacks")
    parser.add_argument("--format", choices=FORMATS, help="that of each stack in the folder OUTPUT")
    options = parser.parse_args(arguments)
    try:
        found = stacks_in(options.input)
        if options.format is None:
            _check_single(found, options.input, options.output)
    except ValueError as error:
        print(f"lamina: {printable(str(error))}", file=sys.stderr)
        return 2
    failed = list(_failures(found, options.output, options.format))
    for message in failed:
        print(f"lamina: {printable(message)}", file=sys.stderr)
    print(f"converted {len(found) - len(failed)} of {len(found)}")
    return 1 if failed else 0


def _check_single(found: Sequence[StackRef], source: Path, target: Path) -> None:
    if len(found) > 1:
        raise ValueError(f"{source} holds {len(found)} stacks; --format names that of a folder of them")
    check_name(target)


def _failures(found: Sequence[StackRef], target: Path, form: str | None) -> Iterator[str]:
    """Convert one after the other."""
    for ref in found:
        try:
            stack = ref.read()
            if form is None:
                write_stack(stack, target)
            elif form == FOLDER:
                write_folder(writable(stack), target / ref.name)
            else:
                write_stack(stack, target / f"{ref.name}.{form}")
        except (ValueError, OSError) as error:
            yield str(error)


if __name__ == "__main__":
    sys.exit(main())
