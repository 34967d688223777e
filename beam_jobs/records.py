"""A document's record: its table rows and its KEY.json as packed JSON, without what the corpus decides."""

import zlib
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from beam_jobs.references import Reference
from data_pipeline.caption.control import UNANSWERED, Flag
from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from schemas.captions import IN_SAMPLE, Caption, SampleCaptions
from schemas.reasons import DropReason, Fate, Stage
from schemas.rows import CaptionRow, DocumentRow, LayerRow
from schemas.sample import Rejection, Sample

Record = dict[str, Any]


def record_of(outcome: Sample | Rejection, metadata: dict[str, Any] | None) -> Record:
    """`metadata` is the KEY.json of a sample, None for a rejection; its captions are kept whole, beside it."""
    record = {"document": _row(outcome.document), "layers": [_row(layer) for layer in outcome.layers]}
    if metadata is None or isinstance(outcome, Rejection):
        return record | {"metadata": None}
    rest = {name: value for name, value in metadata.items() if name not in ("captions", "layer_captions")}
    return with_captions(record | {"metadata": rest}, SampleCaptions(outcome.captions, outcome.layer_captions))


def with_captions(record: Record, captions: SampleCaptions) -> Record:
    """The record of a sample, its captions replaced; layers that were not asked about have none."""
    of_layers = captions.layer_captions or (None,) * len(record["metadata"]["layers"])
    return record | {
        "captions": [asdict(one) for one in captions.captions],
        "layer_captions": [one and asdict(one) for one in of_layers],
    }


def or_earlier(captions: SampleCaptions, record: Record) -> SampleCaptions:
    """Where the model gave no answer, what the record says in that language and length, flagged `earlier`."""
    return SampleCaptions(
        tuple(_or_earlier(one, record["captions"]) for one in captions.captions),
        tuple(
            one and _or_earlier(one, [before] if before else [])
            for one, before in zip(captions.layer_captions, record["layer_captions"], strict=False)  # or none at all
        ),
    )


def _or_earlier(caption: Caption, before: Sequence[dict[str, Any]]) -> Caption:
    if Flag.FAILED not in caption.flags:
        return caption
    slot = caption.language, caption.length
    for one in before:
        if (one["language"], one["length"]) == slot and one["text"]:
            flags = dict.fromkeys([Flag.EARLIER.value, *one["flags"]])
            return Caption(**one | {"flags": tuple(flags)})
    return caption


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
    key = record["metadata"]["key"]
    rows = [_caption(key, None, caption) for caption in record["captions"]]
    for index, caption in enumerate(record["layer_captions"]):
        if caption is not None:
            rows.append(_caption(key, index, caption))
    return rows


def sample_json(record: Record, reference: Reference) -> dict[str, Any]:
    """KEY.json, with what the corpus decided."""
    return key_json(record) | {"split": reference.split, "family_id": reference.family_id}


def key_json(record: Record) -> dict[str, Any]:
    """KEY.json before the corpus has decided anything."""
    metadata: dict[str, Any] = record["metadata"]
    return metadata | {
        "captions": [_in_sample(one) for one in record["captions"]],
        "layer_captions": [one and _in_sample(one) for one in record["layer_captions"]],
    }


def _caption(key: str, index: int | None, values: dict[str, Any]) -> CaptionRow:
    return CaptionRow(key, index, **values | {"flags": [*values["flags"]]})


def is_answered(record: Record) -> bool:
    """Whether a model has answered all that it was asked about a sample."""
    captions = [*record["captions"], *record["layer_captions"]]
    return not any(caption and UNANSWERED.intersection(caption["flags"]) for caption in captions)


def _in_sample(caption: dict[str, Any]) -> dict[str, Any]:
    return {name: caption[name] for name in IN_SAMPLE}


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
