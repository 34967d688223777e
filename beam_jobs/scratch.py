"""A curated document in, its reference out: pixels and rows are left in scratch, under the hash of their content.

The reference is filed under the document's uri and fingerprint, last, so a run that was killed finds what is finished.
"""

import hashlib
from dataclasses import asdict
from typing import Any

from beam_jobs import files
from beam_jobs.inputs import Input
from beam_jobs.records import pack_record, record_of
from beam_jobs.references import Reference, Slice
from data_pipeline.shard_io import pack
from data_pipeline.stack_io import decode_json, describe, encode_json, encode_preview, image_members, text_members
from schemas.options import CurateOptions
from schemas.sample import Rejection, Sample

FOLDER = "state/scratch"
_LONGEST_SPLIT = {"split": "validation", "family_id": "0" * 16}


def store(output: str, document: Input, outcome: Sample | Rejection, options: CurateOptions) -> Reference:
    """Writes everything; raises ValueError where an image cannot be encoded as the options ask."""
    metadata, images, picture, sample_bytes, layers = None, None, None, 0, 0
    if isinstance(outcome, Sample):
        metadata = describe(outcome, options.image_format)
        images = _put(output, pack(image_members(outcome, options.image_format)))
        sample_bytes = images.length + len(pack(text_members(metadata | _LONGEST_SPLIT)))
        picture = _picture(outcome)
        layers = len(outcome.stack.layers)
    previews, key = None, outcome.document.sha256
    if options.previews and outcome.previews and key is not None:
        named = ((f"{key[:16]}.{name}.webp", rgba) for name, rgba in sorted(outcome.previews.items()))
        previews = _put(output, pack((name, encode_preview(rgba)) for name, rgba in named))
    reference = Reference(
        uri=document.uri,
        fingerprint=document.fingerprint,
        sha256=outcome.document.sha256,
        reason=outcome.document.reason,
        picture=picture,
        layers=layers,
        sample_bytes=sample_bytes,
        record=_put(output, pack_record(record_of(outcome, metadata))),
        images=images,
        previews=previews,
    )
    files.write(files.join(output, _finished(document)), encode_json(asdict(reference)))
    return reference


def find(output: str, document: Input) -> Reference | None:
    """What a run that was killed has left of a document."""
    path = files.join(output, _finished(document))
    if not files.exists(path):
        return None
    return reference_from(decode_json(files.read(path)))


def reference_from(values: dict[str, Any]) -> Reference:
    slices = {name: values[name] and Slice(**values[name]) for name in ("record", "images", "previews")}
    return Reference(**values | slices)


def read_slice(output: str, part: Slice) -> bytes:
    """ValueError where the bytes are not the ones that were written."""
    data = files.read_part(files.join(output, part.path), part.offset, part.length)
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise ValueError(f"{part.path} under OUTPUT was changed at byte {part.offset}; delete it and run again")
    return data


def _finished(document: Input) -> str:
    name = hashlib.sha256(f"{document.uri}\n{document.fingerprint}".encode()).hexdigest()
    return f"{FOLDER}/finished/{name[:2]}/{name}"


def _put(output: str, data: bytes) -> Slice:
    digest = hashlib.sha256(data).hexdigest()
    path = f"{FOLDER}/{digest[:2]}/{digest}"
    if not files.exists(files.join(output, path)):
        files.write(files.join(output, path), data)
    return Slice(path, 0, len(data), digest)


def _picture(sample: Sample) -> str:
    digest = hashlib.sha256(f"{sample.stack.width}x{sample.stack.height}\n".encode())
    digest.update(sample.composite.tobytes())
    return digest.hexdigest()
