"""`make edit`: a layer stack and edits in, the edited stack and its picture out.

    python -m inference.edit INPUT [--edit 'move layer=2 dx=10; opacity layer=title value=0.5'] [--script EDITS.yaml]
                             [--output OUTPUT]

INPUT is what a stack lies in: a PSD, a folder of PNGs, ..., or PATH#NAME for one of several: a sample of a shard or a
dataset by its KEY. Without edits its layers are listed. OUTPUT is a folder, or a file whose suffix says its format; the
picture is composite.png in the folder, or NAME.composite.png beside the file. Exit status: 0; 2 nothing was written;
3 stopped.
"""

import argparse
import io
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from data_pipeline.shard_io import whole_file
from data_pipeline.stack_io.collection import StackRef, check_apart, stacks_in
from data_pipeline.stack_io.formats import write_stack
from data_pipeline.stack_io.images import encode_image
from data_pipeline.stack_io.writable import picture_of, printable, writable
from inference.addresses import path_of
from inference.apply_edits import apply_edits, frame_of
from inference.edit_spelling import parse_edits, read_script
from inference.edits import Edit
from schemas.members import COMPOSITE
from schemas.spelling import nearest
from schemas.stack import Stack

DONE, WRONG, STOPPED = 0, 2, 3


def path_and_name(source: str) -> tuple[Path, str | None]:
    """PATH#NAME apart; a path that is there is one, whatever it is called."""
    path, sign, name = source.rpartition("#")
    return (Path(path), name) if sign and not Path(source).exists() else (Path(source), None)


def stack_at(source: str) -> StackRef:
    """The one stack at PATH, or the one called NAME at PATH#NAME. Raises ValueError where that is not clear."""
    path, name = path_and_name(source)
    found = stacks_in(path)
    if name is None and len(found) > 1:
        raise ValueError(f"{path}: holds {len(found):,} stacks; say which one, e.g. {path}#{found[0].name}")
    if name is None:
        return found[0]
    by_name = {ref.name: ref for ref in found}
    if name not in by_name:
        raise ValueError(f"{path}: holds no stack {name!r}{nearest(name, list(by_name)[:20])}")
    return by_name[name]


def listing(stack: Stack) -> Iterator[str]:
    """Lines for people: the canvas, then every layer, the top one first, as layers are listed everywhere."""
    yield f"{stack.width} x {stack.height} px, {len(stack.layers)} layers"
    for index in reversed(range(len(stack.layers))):
        frame = frame_of(stack.layers[index])
        where = "shows nothing" if frame is None else f"{frame[0]},{frame[1]},{frame[2]},{frame[3]}"
        yield f"{index:>4}  {where:<23} {printable(path_of(stack.layers[index]))}".rstrip()


def write_edited(stack: Stack, output: Path) -> Path:
    """The stack at `output`, and its picture, whose path is returned."""
    write_stack(stack, output)
    if output.is_dir():
        return output / f"{COMPOSITE}.png"
    picture = output.with_name(f"{output.stem}.{COMPOSITE}.png")
    with whole_file(picture) as file:
        file.write(encode_image(picture_of(writable(stack)), "png"))
    return picture


def run(source: str, edits: Sequence[Edit], output: Path) -> list[str]:
    """Reads, edits, writes; lines that say what came out. Raises ValueError or OSError, with no stack written."""
    ref = stack_at(source)
    check_apart(output, path_and_name(source)[0])
    after = apply_edits(ref.read(), edits)
    picture = write_edited(after, output)
    return [*listing(after), str(output) if picture.parent == output else f"{output}, {picture}"]


def main(arguments: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path need not be UTF-8
    parser = argparse.ArgumentParser(
        prog="python -m inference.edit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input")
    parser.add_argument("--edit", default="", help="edits, short: 'move layer=2 dx=10; remove layer=title'")
    parser.add_argument("--script", type=Path, help="a YAML or JSON file of edits, done before those of --edit")
    parser.add_argument("--output", type=Path, default=Path("out/edited"), help="default out/edited")
    options = parser.parse_args(arguments)
    try:
        edits = read_script(options.script) if options.script is not None else ()
        edits += parse_edits(options.edit) if options.edit else ()
        lines = run(options.input, edits, options.output) if edits else listing(stack_at(options.input).read())
    except (ValueError, OSError) as error:
        print(f"lamina: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("lamina: stopped", file=sys.stderr)
        return STOPPED
    print("\n".join(lines))
    return DONE


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a list of layers may be piped into something that stops reading
    sys.exit(main())
