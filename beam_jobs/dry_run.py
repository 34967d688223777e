"""INPUT in, lines for a person out: what a run would do. PSDs tell of themselves in their headers, and their time and
bytes are forecast."""

import io
from collections.abc import Iterator, Sequence

from psd_tools.psd.header import FileHeader

from beam_jobs import files, scratch, state
from beam_jobs.inputs import Input
from beam_jobs.models import with_model
from beam_jobs.options import JobOptions
from beam_jobs.references import Reference
from beam_jobs.sources import inputs_of
from data_pipeline.document import HEADER_BYTES, Refusal, canvas_refusal, read_header
from schemas.options import MODEL_CAPTIONERS
from schemas.spelling import printable

# Measured on design files of 0.1 to 5 MiB: one core, encoding included; and the share of their bytes that is stored.
SECONDS_TO_START = 4.0
SECONDS_PER_DOCUMENT = 0.01
SECONDS_PER_MIB = 0.2
STORED_SHARE = 0.3


def forecast(options: JobOptions) -> Iterator[str]:
    """One line for each document, then the totals. Writes nothing."""
    files.configure(options.beam_flags)
    inputs = inputs_of(options)
    options = with_model(options)
    state.check_configuration(options)
    before = state.recall(options.output)
    work = state.divide(inputs, before, options)
    todo = {one.document.uri for one in work.todo}
    found = {one.document.uri: scratch.find(options.output, one.document) for one in work.todo}
    finished = {uri: reference for uri, reference in found.items() if reference is not None}
    seconds, stored_bytes, new = 0.0, 0.0, 0
    for document in inputs:
        header, problem = _look(document, options)
        what = "unchanged" if document.uri not in todo else f"reject: {problem}" if problem else "curate"
        if document.uri in finished:
            what = "finished"  # by a run that was stopped
        new += what == "curate"
        if what == "curate" and header is not None:
            size = document.size_bytes or 0
            seconds += SECONDS_PER_DOCUMENT + SECONDS_PER_MIB * size / (1 << 20)
            stored_bytes += STORED_SHARE * size * min(1.0, options.curate.max_area / (header.width * header.height))
        yield f"{what:<12} {printable(document.uri)}  {_describe(document, header)}"
    seconds = SECONDS_TO_START + seconds / options.workers
    removed = state.left_out(inputs, before)
    if removed:
        yield f"{len(removed)} documents of OUTPUT are not in INPUT: they are removed, {printable(removed[0])} for one"
    cost = f"about {seconds:.0f} s with {options.workers} workers, {stored_bytes / (1 << 20):.1f} MiB of shards"
    yield (
        f"{len(inputs)} documents, {len(inputs) - len(todo)} unchanged, {len(finished)} finished, "
        f"{len(todo) - len(finished)} to do: {cost if options.format == 'psd' else 'time and bytes are not forecast'}"
    )
    if options.curate.captioner in MODEL_CAPTIONERS:
        yield _captions(new, [*finished.values(), *work.known], options)


def _captions(new: int, curated: Sequence[Reference], options: JobOptions) -> str:
    """What a model is asked for: of documents that are curated their layers are known, of new ones their cap."""
    curated = [one for one in curated if one.images is not None and not one.captioned]
    each = len(options.captions.languages) * len(options.captions.lengths)
    what = f"{each * (new + len(curated)):,} captions of samples"
    if options.captions.caption_layers:
        layers = new * options.curate.max_layers + sum(one.layers for one in curated)
        what += f" and {layers:,} of stored layers (a new document counts with {options.curate.max_layers})"
    return f"{options.caption_model} is asked for at most {what}, less what it has answered; its time is not forecast"


def _look(document: Input, options: JobOptions) -> tuple[FileHeader | None, str | None]:
    """The header, and why the document would be rejected for it."""
    if document.problem is not None or options.format != "psd":
        return None, document.problem
    try:
        with files.open_read(document.path) as file:
            header = read_header(io.BytesIO(file.read(HEADER_BYTES)))
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    if isinstance(header, Refusal):
        return None, header.reason
    refusal = canvas_refusal(header.width, header.height, options.curate)
    return header, None if refusal is None else refusal.reason


def _describe(document: Input, header: FileHeader | None) -> str:
    size = "" if document.size_bytes is None else f"{document.size_bytes / (1 << 20):.1f} MiB"
    if header is None:
        return size
    mode = header.color_mode.name.lower()
    return f"{header.width}x{header.height} {mode} {header.depth} bit{' PSB' if header.version == 2 else ''}, {size}"
