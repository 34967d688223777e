"""Parquet tables go in, held against what the shards say; problems and recounted totals come out.

The tables are streamed: of every document a few values are remembered, of rows one batch.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.check_samples import SampleFacts, digest
from audit.findings import Findings
from data_pipeline.caption.control import UNANSWERED
from schemas.members import SPLITS, document_id_of, is_key, key_of
from schemas.reasons import DropReason, Fate, Objection, Reason, Stage
from schemas.rows import LEAF_KINDS, CaptionRow, DocumentRow, LayerRow, arrow_schema

TABLES = {"documents": DocumentRow, "layers": LayerRow, "captions": CaptionRow}
MAX_GROUP_BYTES = 1 << 30  # of one row group, uncompressed
MAX_NODES = 100_000  # of one document
_BATCH_ROWS = 2_048
_NOT_STORED = (Fate.DROPPED, Fate.DISSOLVED)


@dataclass(frozen=True)
class Limits:
    """The settings of the manifest that decide whether a document is faithful, and what becomes of one that is not."""

    max_mean: float
    min_within2: float
    unfaithful: str = "reject"

    def holds(self, row: dict[str, Any]) -> bool:
        """Whether an accepted row says what these settings let it say."""
        flagged = self.unfaithful == "flag" and Reason.UNFAITHFUL in (row["flags"] or ())
        mean, within2 = row["fidelity_mean"], row["fidelity_within2"] or 0
        return mean is None or flagged or (mean <= self.max_mean and within2 >= self.min_within2)


@dataclass(frozen=True)
class Document:
    """What the other tables need to know of a row of `documents`."""

    key: str | None
    accepted: bool
    layers_in: int | None


@dataclass
class Corpus:
    """Grows while the tables are read; `samples` are those of the shards, by key."""

    samples: dict[str, SampleFacts]
    documents: dict[str, Document] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)  # keys
    families: dict[str, str] = field(default_factory=dict)
    described: set[str] = field(default_factory=set)  # document_ids with rows of layers
    captioned: set[str] = field(default_factory=set)  # keys with rows of captions
    counts: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)  # by file


def check_documents(root: str, paths: Sequence[str], limits: Limits, corpus: Corpus, findings: Findings) -> None:
    for where, row in _rows(root, paths, "documents", corpus, findings):
        place = f"{where} {row['uri']!r}"
        known = row["document_id"] in corpus.documents
        findings.expect(not known, "documents", place, f"document_id {row['document_id']} occurs twice")
        own = document_id_of(row["uri"])
        findings.expect(row["document_id"] == own, "documents", place, "document_id is not the hash of the uri")
        key = key_of(row["sha256"]) if row["sha256"] else None
        findings.expect(row["key"] == key, "documents", place, "key is not the start of sha256")
        accepted = row["status"] == "accepted"
        findings.expect(row["status"] in ("accepted", "rejected"), "documents", place, f"status is {row['status']!r}")
        corpus.documents[row["document_id"]] = Document(row["key"], accepted, row["layers_in"])
        corpus.counts.update({"inputs": 1, "input_bytes": row["bytes"] or 0})
        if row["key"] is not None:
            corpus.keys.add(row["key"])
        if accepted:
            _check_accepted(row, place, limits, corpus, findings)
        else:
            _check_rejected(row, place, corpus, findings)


def _check_accepted(row: dict[str, Any], place: str, limits: Limits, corpus: Corpus, findings: Findings) -> None:
    key, split, stored = row["key"], row["split"], row["layers_stored"]
    reasons = (row["stage"], row["reason"], row["message"])
    findings.expect(reasons == (None, None, None), "documents", place, "accepted, and yet with a reason")
    if not findings.expect(key is not None and is_key(key), "keys", place, f"accepted with the key {key!r}"):
        return
    findings.expect(key not in corpus.accepted, "keys", place, f"a second accepted document has the key {key}")
    corpus.accepted.add(key)
    findings.expect(split in SPLITS, "splits", place, f"accepted with the split {split!r}")
    first = corpus.families.setdefault(row["family_id"], split)
    findings.expect(first == split, "splits", place, f"family {row['family_id']} is in {first} and in {split}")
    good = limits.holds(row)
    findings.expect(good, "fidelity", place, "accepted, though its figures break the limits of the manifest")
    corpus.counts.update({"accepted": 1, f"splits.{split}": 1, "gold": int(row["gold"] or False)})
    corpus.counts.update(
        {"single": int(stored == 1), f"stored_layers.{stored or 0:02d}": 1, "layers.images": stored or 0}
    )
    sample = corpus.samples.get(key)
    if not findings.expect(sample is not None, "documents", place, f"accepted, but no shard has {key}"):
        return
    assert sample is not None
    findings.expect(sample.split == split, "splits", place, f"in {split}, but its sample is in {sample.shard}")
    findings.expect(
        sample.layers == stored, "documents", place, f"layers_stored {stored}, the sample has {sample.layers}"
    )
    values = [split, row["family_id"], row["source"], row["licence"]]
    values += [
        row["fidelity_mean"],
        row["fidelity_within2"],
        row["final_mean"] if row["fidelity_mean"] is not None else None,
    ]
    same = digest(values) == sample.identity
    findings.expect(same, "documents", place, "split, family, source, licence or fidelity differ from KEY.json")


def _check_rejected(row: dict[str, Any], place: str, corpus: Corpus, findings: Findings) -> None:
    stages, reasons = set(Stage), set(Reason)
    findings.expect(row["stage"] in stages, "documents", place, f"rejected at the stage {row['stage']!r}")
    findings.expect(row["reason"] in reasons, "documents", place, f"rejected for the reason {row['reason']!r}")
    findings.expect(bool(row["message"]), "documents", place, "rejected without a message")
    findings.expect(row["split"] is None, "splits", place, f"rejected, and yet in {row['split']}")
    corpus.counts.update({"rejected.all": 1, f"rejected.{row['reason']}": 1})


def check_layers(root: str, paths: Sequence[str], corpus: Corpus, findings: Findings) -> None:
    rows = _rows(root, paths, "layers", corpus, findings)
    for document_id, group in groupby(rows, key=lambda pair: pair[1]["document_id"]):
        pairs = list(islice(group, MAX_NODES))
        where = f"{pairs[0][0]} {document_id}"
        findings.expect(len(pairs) < MAX_NODES, "layers", where, f"{MAX_NODES} rows or more")
        findings.expect(document_id not in corpus.described, "layers", where, "its rows do not stand together")
        corpus.described.add(document_id)
        document = corpus.documents.get(document_id)
        if not findings.expect(document is not None, "layers", where, "no such document") or document is None:
            continue
        nodes = [row for _, row in pairs]
        ids = [row["layer_id"] for row in nodes]
        findings.expect(ids == list(range(len(ids))), "layers", where, "layer_id does not count 0, 1, 2, ...")
        same = document.layers_in in (None, len(nodes))
        findings.expect(same, "layers", where, f"{len(nodes)} rows, but layers_in is {document.layers_in}")
        for row in nodes:
            _check_node(row, f"{where} layer {row['layer_id']}", ids, document.accepted, findings)
        if document.accepted:
            _check_links(nodes, where, corpus.samples.get(document.key or ""), findings)
            _count_layers(nodes, corpus.counts)


def _check_node(row: dict[str, Any], where: str, ids: Sequence[int], accepted: bool, findings: Findings) -> None:
    fate, dropped, index = row["fate"], row["drop_reason"], row["stored_index"]
    findings.expect(fate in set(Fate), "layers", where, f"its fate is {fate!r}")
    findings.expect(
        dropped in set(DropReason) if fate == Fate.DROPPED else dropped is None,
        "layers", where, f"its fate is {fate}, its drop_reason {dropped!r}",
    )  # fmt: skip
    linked = (index is None) == (fate in _NOT_STORED) and (accepted or index is None)
    findings.expect(linked, "layers", where, f"its fate is {fate}, its stored_index {index}")
    measures = dict(row["measures"] or ())
    named = {_detector(flag) for flag in row["flags"] or ()} <= measures.keys()
    findings.expect(named, "layers", where, f"flags {row['flags']} are of detectors that measured nothing")
    if dropped in measures:  # an effect that goes with its owner was not measured
        value, threshold = row["value"], row["threshold"]
        told = value == measures[dropped] and threshold is not None and value > threshold
        findings.expect(
            told, "layers", where, f"dropped as {dropped} at {measures[dropped]}, but {value=}, {threshold=}"
        )
    for name in ("parent_id", "owner_id"):
        other = row[name]
        known = other is None or (0 <= other < len(ids) and other != row["layer_id"])
        findings.expect(known, "layers", where, f"{name} {other} is no other layer of the document")


def _detector(flag: str) -> str:
    """The detector that a flag is of, whether or not it tells a second opinion's objection."""
    name, _, ending = flag.rpartition("_")
    return name if ending in set(Objection) else flag


def _check_links(nodes: Sequence[dict[str, Any]], where: str, sample: SampleFacts | None, findings: Findings) -> None:
    if sample is None:
        return  # reported with its document
    stored: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in nodes:
        if row["stored_index"] is not None:
            stored[row["stored_index"]].append(row)
    whole = set(stored) == set(range(sample.layers))
    findings.expect(whole, "layers", where, f"rows refer to the layers {sorted(stored)} of {sample.layers} stored ones")
    for index, rows in stored.items():
        alone = len(rows) == 1 and rows[0]["fate"] == Fate.MERGED
        findings.expect(not alone, "layers", where, f"stored layer {index} is merged from one layer alone")
    links = sorted([row["layer_id"], row["stored_index"]] for row in nodes if row["stored_index"] is not None)
    findings.expect(digest(links) == sample.links, "layers", where, "stored_index and the layer_ids of KEY.json differ")


def _count_layers(nodes: Sequence[dict[str, Any]], counts: Counter[str]) -> None:
    flattened = 0
    for row in nodes:
        fate = row["fate"]
        counts["layers.in"] += 1
        counts[f"layers.dropped.{row['drop_reason']}" if fate == Fate.DROPPED else f"layers.{fate}"] += 1
        if row["kind"] in LEAF_KINDS and fate not in _NOT_STORED:
            counts["leaves.flattened" if fate == Fate.FLATTENED else "leaves.kept"] += 1
            flattened += fate == Fate.FLATTENED
    counts["documents_flattened"] += int(flattened > 0)


def check_captions(root: str, paths: Sequence[str], corpus: Corpus, findings: Findings) -> None:
    rows = _rows(root, paths, "captions", corpus, findings)
    for key, group in groupby(rows, key=lambda pair: pair[1]["key"]):
        pairs = list(islice(group, MAX_NODES))
        where = f"{pairs[0][0]} {key}"
        flagged = sum(bool(row["flags"]) for _, row in pairs)
        failed = sum(not UNANSWERED.isdisjoint(row["flags"] or ()) for _, row in pairs)
        corpus.counts.update({"captions.all": len(pairs), "captions.flagged": flagged, "captions.failed": failed})
        findings.expect(key not in corpus.captioned, "captions", where, "its rows do not stand together")
        corpus.captioned.add(key)
        sample = corpus.samples.get(key)
        if not findings.expect(sample is not None, "captions", where, "no sample has this key") or sample is None:
            continue
        names = ("layer_index", "text", "language", "length", "captioner", "flags")
        same = digest([[row[name] for name in names] for _, row in pairs]) == sample.captions
        findings.expect(same, "captions", where, "the rows are not the captions of KEY.json")


def check_complete(corpus: Corpus, findings: Findings) -> None:
    """Every sample has its document and its captions, every document its layers."""
    for key, sample in sorted(corpus.samples.items()):
        where = f"{sample.shard} {key}"
        findings.expect(key in corpus.accepted, "documents", where, "no accepted document has this key")
        captioned = key in corpus.captioned or sample.captions == digest([])
        findings.expect(captioned, "captions", where, "its captions are in no row")
    for document_id, document in sorted(corpus.documents.items()):
        described = document_id in corpus.described or not (document.layers_in or document.accepted)
        findings.expect(described, "layers", document_id, "a document with layers, but without rows of them")


def _rows(
    root: str, paths: Sequence[str], table: str, corpus: Corpus, findings: Findings
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, row) of every readable part, in order. A part of another schema is reported and left out."""
    wanted = arrow_schema(TABLES[table])
    for path in paths:
        try:
            with pq.ParquetFile(os.path.join(root, path)) as file:
                same = file.schema_arrow.equals(wanted) and file.schema_arrow.metadata == wanted.metadata
                if not findings.expect(same, "schemas", path, f"not the schema of {table}"):
                    continue
                sizes = [file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)]
                worst = max(sizes, default=0)
                if not findings.expect(worst <= MAX_GROUP_BYTES, "schemas", path, f"a row group has {worst} bytes"):
                    continue
                for batch in file.iter_batches(_BATCH_ROWS):
                    corpus.rows[path] += batch.num_rows
                    for row in batch.to_pylist():
                        yield path, row
        except (OSError, pa.ArrowException) as error:
            findings.fail("schemas", path, f"cannot be read as Parquet: {error}")
