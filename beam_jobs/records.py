"""A document's record: its table rows and its KEY.json as packed JSON, without what the corpus decides."""

import zlib
from dataclasses import fields, replace
from typing import Any

from beam_jobs.references import Reference
from data_pipeline.stack_io import decode_json, encode_json
from schemas.captions import Caption
from schemas.reasons import DropReason, Fate, Stage
from schemas.rows import CaptionRow, DocumentRow, LayerRow
from schemas.sample import Rejection, Sample

Record = dict[str, Any]


def record_of(outcome: Sample | Rejection, metadata: dict[str, Any] | None) -> Record:
    """`metadata` is the KEY.json of a sample, None for a rejection."""
    return {
        "document": _row(outcome.document),
        "layers": [_row(layer) for layer in outcome.layers],
        "metadata": metadata,
    }


def pack_record(record: Record) -> bytes:
    """The same record gives the same bytes."""
    return zlib.compress(encode_json(_plain(record)), 6)


def unpack_record(data: bytes) -> Record:
    record: Record = decode_json(zlib.decompress(data))
    return record


def document_row(record: Record, reference: Reference) -> DocumentRow:
    """The row of `documents`, with what the corpus decided."""
    row = dict(record["document"])
    if reference.message is not None:
        row |= {"status": "rejected", "stage": Stage.DEDUPLICATE}
        row |= {"reason": reference.reason, "message": reference.message}
    return DocumentRow(**row | {"split": reference.split, "family_id": reference.family_id})


def layer_rows(record: Record, reference: Reference) -> list[LayerRow]:
    """The rows of `layers`: of a document that the corpus rejected, nothing is stored."""
    rows = [LayerRow(**row) for row in record["layers"]]
    if reference.message is None:
        return rows
    return [row if row.stored_index is None else _without_store(row) for row in rows]


def _without_store(row: LayerRow) -> LayerRow:
    dropped = replace(row, fate=Fate.DROPPED, drop_reason=DropReason.DOCUMENT_REJECTED, stored_index=None)
    return replace(dropped, baked=False, backdrop_dependence=0.0)


def caption_rows(record: Record) -> list[CaptionRow]:
    """Of a sample: its own captions, then those of its layers, bottom to top."""
    metadata = record["metadata"]
    rows = [_caption(metadata["key"], None, caption) for caption in metadata["captions"]]
    for index, caption in enumerate(metadata["layer_captions"]):
        if caption is not None:
            rows.append(_caption(metadata["key"], index, caption))
    return rows


def sample_json(record: Record, reference: Reference) -> dict[str, Any]:
    """KEY.json, with what the corpus decided."""
    metadata: dict[str, Any] = record["metadata"]
    return metadata | {"split": reference.split, "family_id": reference.family_id}


def _caption(key: str, index: int | None, values: dict[str, Any]) -> CaptionRow:
    caption = Caption(**values)
    return CaptionRow(key, index, caption.text, caption.language, caption.captioner, flags=list(caption.flags))


def _row(row: DocumentRow | LayerRow) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _plain(value: Any) -> Any:
    """As JSON holds it: numpy's numbers become Python's, and text valid UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_plain(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value
