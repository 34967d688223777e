"""`make convert INPUT=stack OUTPUT=stack`: a layer stack from one format into another; or all of a dataset or a folder.

    python -m data_pipeline.stack_io.convert INPUT OUTPUT
    python -m data_pipeline.stack_io.convert INPUT FOLDER --format psd

Exit status: 0 done; 1 a stack could not be read or written, each is named; 2 wrong INPUT or OUTPUT, nothing was done;
3 stopped, and what was written is whole.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from data_pipeline.stack_io.collection import StackRef, check_apart, stacks_in
from data_pipeline.stack_io.formats import SUFFIXES, check_name, write_stack, write_stack_folder
from data_pipeline.stack_io.writable import printable

FOLDER = "folder"
FORMATS = (FOLDER, *(suffix[1:] for suffix in SUFFIXES))
DONE, INCOMPLETE, WRONG, STOPPED = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert, and say what could not be."""
    parser = argparse.ArgumentParser(
        prog="python -m data_pipeline.stack_io.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", type=Path, help="a stack, a folder of stacks, a shard, or a dataset")
    parser.add_argument("output", type=Path, help="a stack; with --format a folder of stacks")
    parser.add_argument("--format", choices=FORMATS, help="that of each stack in the folder OUTPUT")
    options = parser.parse_args(arguments)
    try:
        check_apart(options.output, options.input)
        found = stacks_in(options.input)
        if options.format is None:
            _check_single(found, options.input, options.output)
        elif options.format == FOLDER:
            _check_unnested(found)
        failed = list(_failures(found, options.output, options.format))
    except ValueError as error:
        print(f"lamina: {printable(str(error))}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("lamina: stopped", file=sys.stderr)
        return STOPPED
    for message in failed:
        print(f"lamina: {printable(message)}", file=sys.stderr)
    print(f"converted {len(found) - len(failed)} of {len(found)}")
    return INCOMPLETE if failed else DONE


def _check_single(found: Sequence[StackRef], source: Path, target: Path) -> None:
    if len(found) > 1:
        raise ValueError(f"{source} holds {len(found)} stacks; --format names that of a folder of them")
    check_name(target)


def _check_unnested(found: Sequence[StackRef]) -> None:
    """A folder of pictures is one stack to the bottom: what lay in it would not be found again."""
    for one, other in pairwise(sorted(found, key=lambda ref: ref.name.split("/"))):
        if other.name.startswith(f"{one.name}/"):
            raise ValueError(f"{one.where} would be a folder with that of {other.where} in it; take another --format")


def _failures(found: Sequence[StackRef], target: Path, form: str | None) -> Iterator[str]:
    """Convert one after the other."""
    for ref in found:
        try:
            stack = ref.read()
            if form == FOLDER:
                write_stack_folder(stack, target / ref.name)
            else:
                write_stack(stack, target if form is None else target / f"{ref.name}.{form}")
        except ValueError as error:
            yield str(error)


if __name__ == "__main__":
    sys.exit(main())
