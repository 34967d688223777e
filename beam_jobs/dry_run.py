"""INPUT in, lines for a person out: what a run would do, from the files' headers, with a forecast of time and bytes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from beam_jobs import files, state
from beam_jobs.inputs import Input, find_inputs, printable
from beam_jobs.options import JobOptions

HEADER_BYTES = 26
MODES = {0: "bitmap", 1: "greyscale", 2: "indexed", 3: "RGB", 4: "CMYK", 7: "multichannel", 8: "duotone", 9: "Lab"}
# Measured on design files of 0.1 to 5 MiB: one core, encoding included; and the share of their bytes that is stored.
SECONDS_TO_START = 2.5
SECONDS_PER_DOCUMENT = 0.01
SECONDS_PER_MIB = 0.2
STORED_SHARE = 0.3


@dataclass(frozen=True)
class Header:
    width: int
    height: int
    channels: int
    depth: int
    mode: str
    big: bool  # PSB


def read_header(data: bytes) -> Header | None:
    """None where it is no PSD's."""
    if len(data) < HEADER_BYTES:
        return None
    signature, version, channels, height, width, depth, mode = struct.unpack(">4sH6xHIIHH", data[:HEADER_BYTES])
    depths = (1, 8, 16, 32)
    if signature != b"8BPS" or version not in (1, 2) or mode not in MODES or depth not in depths:
        return None
    if not (width and height and 1 <= channels <= 56):
        return None
    return Header(width, height, channels, depth, MODES[mode], version == 2)


def forecast(options: JobOptions) -> Iterator[str]:
    """One line for each document, then the totals. Writes nothing."""
    files.configure(options.beam_flags)
    inputs = find_inputs(options.input)[: options.limit]
    state.check_configuration(options)
    before = state.recall(options.output)
    work = state.divide(inputs, before, options)
    todo = {one.document.uri for one in work.todo}
    seconds, stored_bytes = 0.0, 0.0
    for document in inputs:
        header, problem = _look(document, options)
        what = "unchanged" if document.uri not in todo else f"reject: {problem}" if problem else "curate"
        if what == "curate" and header is not None:
            size = document.size_bytes or 0
            seconds += SECONDS_PER_DOCUMENT + SECONDS_PER_MIB * size / (1 << 20)
            stored_bytes += STORED_SHARE * size * min(1.0, options.curate.max_area / (header.width * header.height))
        yield f"{what:<12} {printable(document.uri)}  {_describe(document, header)}"
    seconds = SECONDS_TO_START + seconds / options.workers
    yield (
        f"{len(inputs)} documents, {len(inputs) - len(todo)} unchanged, {len(todo)} to do: about {seconds:.0f} s "
        f"with {options.workers} workers, {stored_bytes / (1 << 20):.1f} MiB of shards"
    )


def _look(document: Input, options: JobOptions) -> tuple[Header | None, str | None]:
    if document.problem is not None:
        return None, document.problem
    try:
        with files.open_read(document.path) as file:
            header = read_header(file.read(HEADER_BYTES))
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    if header is None:
        return None, "no PSD"
    limits = options.curate
    fits = max(header.width, header.height) <= limits.max_side_px
    fits = fits and header.width * header.height <= limits.max_canvas_px
    return header, None if fits else "canvas too large"


def _describe(document: Input, header: Header | None) -> str:
    size = "" if document.size_bytes is None else f"{document.size_bytes / (1 << 20):.1f} MiB"
    if header is None:
        return size
    return f"{header.width}x{header.height} {header.mode} {header.depth} bit{' PSB' if header.big else ''}, {size}"
