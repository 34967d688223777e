"""What finished runs left under OUTPUT in, what this run must do out.

Nothing is trusted that is not there: an artifact whose files are gone or of another size is built again, and the
documents whose record or pixels lay in it are curated again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow.parquet as pq

from beam_jobs import files
from beam_jobs.build import Built, File
from beam_jobs.child import Todo
from beam_jobs.inputs import Input
from beam_jobs.options import JobOptions
from beam_jobs.packing import PREVIEWS, ROWS, SHARD
from beam_jobs.references import Reference, Slice
from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from schemas.caption_options import CaptionOptions
from schemas.members import key_of
from schemas.options import MODEL_CAPTIONERS
from schemas.reasons import Reason
from schemas.spelling import printable

CARD = "README.md"
ARTIFACTS = "state/artifacts.json"
CONFIGURATION = "state/configuration.json"
_OF_CAPTIONS = frozenset(
    {"captioner", "caption_model", "caption_revision", *(one.name for one in fields(CaptionOptions))}
)


@dataclass(frozen=True)
class State:
    """`known` by uri: references as curation left them. `paths` are all that was written, whole or not."""

    built: dict[str, Built]
    known: dict[str, Reference]
    paths: frozenset[str]
    complete: bool  # nothing of what was written is gone


@dataclass(frozen=True)
class Work:
    """`known` needs no child; `todo` does."""

    known: list[Reference]
    todo: list[Todo]


def check_configuration(options: JobOptions) -> None:
    """Raises ValueError where OUTPUT holds the work of another configuration, or of other software."""
    path = files.join(options.output, CONFIGURATION)
    if not files.exists(path):
        ours = (CARD, "manifest.json", "shards", "tables", "previews")
        foreign = [name for name in ours if files.exists(files.join(options.output, name))]
        if foreign:
            raise ValueError(f"OUTPUT {options.output} holds {foreign[0]} of something else; choose another OUTPUT")
        return
    before, now = _json(path), decode_json(encode_json(options.recipe))
    changed = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    if changed:
        what = ", ".join(f"{name}={before.get(name)} (now {now.get(name)})" for name in changed)
        fix = "choose another OUTPUT, or go back to that"
        if options.curate.captioner in MODEL_CAPTIONERS and _OF_CAPTIONS.issuperset(changed):
            fix += f", or make captions DATA={options.output} with these"
        raise ValueError(f"OUTPUT {options.output} was written with {what}; {fix}")


def check_shrinking(inputs: Sequence[Input], before: State, options: JobOptions) -> None:
    """Raises ValueError where most documents of OUTPUT are not in INPUT: hardly ever is that meant."""
    gone = left_out(inputs, before)
    if not options.shrink and len(gone) > len(before.known) / 2:
        raise ValueError(
            f"{len(gone)} of the {len(before.known)} documents in OUTPUT {options.output} are not in INPUT and would "
            f"be removed, {printable(gone[0])} for one; choose another OUTPUT, or confirm with --shrink"
        )


def left_out(inputs: Sequence[Input], before: State) -> list[str]:
    """Uris of the documents that OUTPUT holds and INPUT does not; a run removes them."""
    return sorted(before.known.keys() - {document.uri for document in inputs})


def claim(options: JobOptions) -> None:
    """From now on OUTPUT belongs to this configuration."""
    path = files.join(options.output, CONFIGURATION)
    if not files.exists(path):
        files.write(path, encode_json(options.recipe))


def recall(output: str, *, verify: bool = False) -> State:
    """What finished runs left; with `verify` their files are hashed, and a damaged one counts as gone."""
    path = files.join(output, ARTIFACTS)
    if not files.exists(path):
        return State({}, {}, frozenset(), complete=False)
    built = [_built(values) for values in _json(path)]
    intact = [one for one in built if all(_is_there(output, file, verify) for file in one.files)]
    images = _places(output, [one for one in intact if one.kind == SHARD])
    previews = _places(output, [one for one in intact if one.kind == PREVIEWS])
    known = {}
    for one in intact:
        if one.kind == ROWS:
            for row in _index(output, one):
                reference = _reference(row, images, previews)
                if reference is not None:
                    known[reference.uri] = reference
    paths = frozenset(file.path for one in built for file in one.files)
    return State({one.name: one for one in intact}, known, paths, _has_ends(output) and len(intact) == len(built))


def _has_ends(output: str) -> bool:
    """Whether the manifest is whole and the card that it names is there."""
    path = files.join(output, "manifest.json")
    try:
        card_bytes = decode_json(files.read(path))["card"]["bytes"]
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return bool(files.size(files.join(output, CARD)) == card_bytes)


def _json(path: str) -> Any:
    try:
        return decode_json(files.read(path))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); put it back, or choose another OUTPUT") from error


def built_json(built: list[Built]) -> bytes:
    return encode_json([asdict(one) for one in built])


def divide(inputs: list[Input], state: State, options: JobOptions) -> Work:
    """Unchanged documents are known; a touched file, and with `verify` every file, is hashed again first."""
    known: list[Reference] = []
    todo: list[Todo] = []
    for document in inputs:
        before = state.known.get(document.uri)
        if (
            before is None
            or before.reason in options.retry
            or _may_be_read_now(document, before)
            or not _may_be_same(document, before)
        ):
            todo.append(Todo(document))
        elif options.verify or before.fingerprint != document.fingerprint:
            todo.append(Todo(document, before if document.problem is None else None))
        else:
            known.append(before)
    is_settled = not todo and len(known) == len(state.known)
    return _without_orphans(known, todo, {document.uri: document for document in inputs}, is_settled)


def is_done(work: Work, state: State, options: JobOptions) -> bool:
    """Whether OUTPUT already is what this run would write, and no caption is missing."""
    if options.curate.captioner in MODEL_CAPTIONERS and any(one.images and not one.captioned for one in work.known):
        return False
    return state.complete and not work.todo and len(work.known) == len(state.known)


def moved(before: State, after: State) -> list[str]:
    """Samples whose split changed because the corpus gave their family a smaller key; for the run's report."""
    lines = []
    for uri, old in sorted(before.known.items()):
        new = after.known.get(uri)
        if new is not None and old.images is not None and new.images is not None:
            splits = [one.path.rpartition("/")[2].rpartition("-")[0] for one in (old.images, new.images)]
            if splits[0] != splits[1]:
                lines.append(f"{new.key}: {splits[0]} -> {splits[1]}")
    return lines


def _without_orphans(known: list[Reference], todo: list[Todo], documents: dict[str, Input], is_settled: bool) -> Work:
    """A duplicate composite has no pixels in the shards: without its winner it is curated again.

    So is a near duplicate, whose family may have another best document now, but where all is as it was.
    """
    pictures = {one.picture for one in known if one.images is not None}
    is_kept = [one.reason is not None or one.picture in pictures or (is_settled and one.was_near) for one in known]
    kept = [one for one, stays in zip(known, is_kept, strict=True) if stays]
    orphans = [Todo(documents[one.uri]) for one, stays in zip(known, is_kept, strict=True) if not stays]
    sure = [
        one if one.known is None or one.known.reason is not None or one.known.images is not None else Todo(one.document)
        for one in todo
    ]
    return Work(kept, sorted(sure + orphans, key=lambda one: one.document.uri))


def _may_be_read_now(document: Input, before: Reference) -> bool:
    """What the file system refused once is asked for again; its size and time would not tell."""
    return before.reason == Reason.UNREADABLE and document.problem is None


def _may_be_same(document: Input, before: Reference) -> bool:
    size, attributes = before.fingerprint.partition(":")[0], before.fingerprint.rpartition(":")[2]
    return size == str(document.size_bytes) and attributes == document.attributes_hash


def _reference(row: dict[str, Any], images: dict[str, Slice], previews: dict[str, Slice]) -> Reference | None:
    """None where its previews are gone."""
    key = row["sha256"] and key_of(row["sha256"])
    has_images, has_previews = row.pop("has_images"), row.pop("has_previews")
    if has_previews and key not in previews:
        return None
    record = Slice(**{name: row.pop(f"record_{name}") for name in ("path", "offset", "length", "sha256")})
    return Reference(
        **row | {"pictures": tuple(row["pictures"])},
        record=record,
        images=images.get(key) if has_images else None,
        previews=previews[key] if has_previews else None,
    )


def _places(output: str, built: list[Built]) -> dict[str, Slice]:
    return {row.pop("key"): Slice(**row) for one in built for row in _index(output, one)}


def _index(output: str, built: Built) -> list[dict[str, Any]]:
    with files.open_read(files.join(output, built.files[0].path)) as file:
        rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return rows


def _built(values: dict[str, Any]) -> Built:
    return Built(**values | {"files": tuple(File(**file) for file in values["files"])})


def _is_there(output: str, file: File, verify: bool) -> bool:
    path = files.join(output, file.path)
    return files.size(path) == file.bytes and (not verify or files.sha256(path) == file.sha256)
