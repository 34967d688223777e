"""One artifact in, its finished files out: a shard, a tar of previews, or a part of the three tables.

Files are written complete under `state/next`, from where `commit` moves them. Each artifact comes with an index:
where in its files the pixels and records of its documents lie.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields

import pyarrow as pa
import pyarrow.parquet as pq

from beam_jobs import files
from beam_jobs.counts import count, count_captions
from beam_jobs.packing import PREVIEWS, SHARD, Artifact
from beam_jobs.records import caption_rows, document_row, layer_rows, sample_json, unpack_record
from beam_jobs.references import Reference, Slice
from beam_jobs.scratch import read_slice
from beam_jobs.tables import TableWriter
from data_pipeline.shard_io import BLOCK_BYTES, TarWriter, pack
from data_pipeline.stack_io.sample import text_members
from schemas.reasons import Reason
from schemas.rows import CaptionRow, DocumentRow, LayerRow

NEXT = "state/next"
_PLACES = pa.schema([("key", pa.string()), ("path", pa.string()), ("offset", pa.int64()), ("length", pa.int64()),
                     ("sha256", pa.string())])  # fmt: skip
_KNOWN = pa.schema([("uri", pa.string()), ("fingerprint", pa.string()), ("sha256", pa.string()),
                    ("reason", pa.string()), ("picture", pa.string()), ("look", pa.string()),
                    ("aspect", pa.float64()), ("pictures", pa.list_(pa.string())), ("layers", pa.int64()),
                    ("sample_bytes", pa.int64()), ("area_px", pa.int64()), ("captioned", pa.bool_()),
                    ("was_near", pa.bool_()), ("published", pa.string()), ("has_images", pa.bool_()),
                    ("has_previews", pa.bool_()),
                    *[(f"record_{name.name}", _PLACES.field(name.name).type) for name in fields(Slice)]])  # fmt: skip


@dataclass(frozen=True)
class File:
    """One file of OUTPUT; `items` are its samples, documents or rows."""

    path: str
    bytes: int
    sha256: str
    items: int


@dataclass(frozen=True)
class Built:
    """An artifact that lies on disk. The first of its files is the index."""

    kind: str
    name: str
    recipe: str
    files: tuple[File, ...]
    counts: dict[str, int] = field(default_factory=dict)


def build(artifact: Artifact, output: str, beam_flags: tuple[str, ...]) -> Built:
    """Writes the files of an artifact."""
    files.configure(beam_flags)
    if artifact.kind == SHARD:
        return _shard(artifact, output)
    return _previews(artifact, output) if artifact.kind == PREVIEWS else _rows(artifact, output)


def _shard(artifact: Artifact, output: str) -> Built:
    def runs() -> Iterator[tuple[bytes, bytes]]:
        for one, images in zip(artifact.documents, slices, strict=True):
            record = unpack_record(read_slice(output, one.record))
            yield read_slice(output, images), pack(text_members(sample_json(record, one)))

    slices = [one.images for one in artifact.documents if one.images is not None]
    return _tar(artifact, output, f"shards/{artifact.name}.tar", runs())


def _previews(artifact: Artifact, output: str) -> Built:
    slices = [one.previews for one in artifact.documents if one.previews is not None]
    return _tar(artifact, output, f"previews/{artifact.name}.tar", ((read_slice(output, one), b"") for one in slices))


def _tar(artifact: Artifact, output: str, path: str, runs: Iterator[tuple[bytes, bytes]]) -> Built:
    """`runs` are (what the index points at, what follows it), one for each document."""
    places = []
    with files.create(files.join(output, NEXT, path)) as file:
        writer = TarWriter(file)
        for document, (run, rest) in zip(artifact.documents, runs, strict=True):
            places.append({
                "key": document.key, "path": path, "offset": writer.offset, "length": len(run),
                "sha256": hashlib.sha256(run).hexdigest(),
            })  # fmt: skip
            writer.add_run(run)
            writer.add_run(rest)
        digest = writer.finish()
    index = _write_index(artifact, output, pa.Table.from_pylist(places, _PLACES))
    return Built(artifact.kind, artifact.name, artifact.recipe,
                 (index, File(path, writer.offset, digest, len(places))))  # fmt: skip


def _rows(artifact: Artifact, output: str) -> Built:
    name = artifact.name
    tables = {"documents": DocumentRow, "layers": LayerRow, "captions": CaptionRow}
    paths = {table: f"tables/{table}/{name}.parquet" for table in tables}
    records_path = f"state/records/{name}.tar"
    counts: Counter[str] = Counter()
    places = []
    with ExitStack() as stack:
        writers = {
            table: TableWriter(stack.enter_context(files.create(files.join(output, NEXT, path))), tables[table])
            for table, path in paths.items()
        }
        records = TarWriter(stack.enter_context(files.create(files.join(output, NEXT, records_path))))
        for one in artifact.documents:
            packed = read_slice(output, one.record)
            record = unpack_record(packed)
            document, layers = document_row(record, one), layer_rows(record, one)
            counts.update(count(document, layers))
            writers["documents"].add([document])
            writers["layers"].add(layers)
            if document.status == "accepted":
                captions = caption_rows(record)
                counts.update(count_captions(captions))
                writers["captions"].add(captions)
            place = Slice(records_path, records.offset + BLOCK_BYTES, len(packed), one.record.sha256)
            records.add(f"{document.document_id}.json.z", packed)
            places.append(_known(one, place))
        for writer in writers.values():
            writer.finish()
        records_digest = records.finish()
    index = _write_index(artifact, output, pa.Table.from_pylist(places, _KNOWN))
    parts = [_measured(output, path, writers[table].rows) for table, path in paths.items()]
    kept = File(records_path, records.offset, records_digest, len(places))
    return Built(artifact.kind, name, artifact.recipe, (index, *parts, kept), dict(counts))


def _known(one: Reference, place: Slice) -> dict[str, object]:
    """What the next run needs to know: the outcome of curation, without what the corpus decided."""
    return {
        "uri": one.uri, "fingerprint": one.fingerprint, "sha256": one.sha256,
        "reason": one.reason if one.message is None else None,
        "picture": one.picture, "look": one.look, "aspect": one.aspect, "pictures": list(one.pictures),
        "layers": one.layers, "sample_bytes": one.sample_bytes, "area_px": one.area_px, "captioned": one.captioned,
        "was_near": one.reason == Reason.NEAR_DUPLICATE, "published": one.published,
        "has_images": one.picture is not None, "has_previews": one.previews is not None,
        **{f"record_{name}": value for name, value in asdict(place).items()},
    }  # fmt: skip


def _write_index(artifact: Artifact, output: str, table: pa.Table) -> File:
    path = f"state/index/{artifact.kind}-{artifact.name}.parquet"
    with files.create(files.join(output, NEXT, path)) as file:
        pq.write_table(table, file, compression="zstd")
    return _measured(output, path, table.num_rows)


def _measured(output: str, path: str, items: int) -> File:
    digest, total = hashlib.sha256(), 0
    with files.open_read(files.join(output, NEXT, path)) as file:
        while block := file.read(1 << 20):
            digest.update(block)
            total += len(block)
    return File(path, total, digest.hexdigest(), items)
