"""A curated document in, its reference out: pixels and rows are left in scratch, under the hash of their content.

The reference is filed under the document's uri and fingerprint, last, so a run that was killed finds what is finished.
"""

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from beam_jobs import files
from beam_jobs.inputs import Input
from beam_jobs.records import Record, is_answered, key_json, pack_record, record_of
from beam_jobs.references import Reference, Slice
from data_pipeline.duplicates import perceptual_hash, picture_hashes
from data_pipeline.shard_io import pack
from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from data_pipeline.stack_io.images import encode_preview
from data_pipeline.stack_io.sample import describe, image_members, text_members
from schemas.members import key_of
from schemas.options import CurateOptions
from schemas.sample import Rejection, Sample

FOLDER = "state/scratch"
_LONGEST_SPLIT = {"split": "validation", "family_id": "0" * 16}


@dataclass(frozen=True)
class Encoded:
    """All that is kept of a document, as bytes; `images` and `previews` are runs of tar members."""

    record: bytes
    images: bytes  # empty for a rejection
    previews: bytes
    sample_bytes: int


def encode(outcome: Sample | Rejection, options: CurateOptions) -> Encoded:
    """Touches no file."""
    metadata, images, previews, sample_bytes = None, b"", b"", 0
    if isinstance(outcome, Sample):
        metadata = describe(outcome, options.image_format)
        images = pack(image_members(outcome, options.image_format))
        sample_bytes = len(images) + _text_bytes(metadata)
    sha256 = outcome.document.sha256
    if options.previews and outcome.previews and sha256 is not None:
        named = ((f"{key_of(sha256)}.{name}.webp", rgba) for name, rgba in sorted(outcome.previews.items()))
        previews = pack((name, encode_preview(rgba)) for name, rgba in named)
    return Encoded(pack_record(record_of(outcome, metadata)), images, previews, sample_bytes)


def store(output: str, document: Input, outcome: Sample | Rejection, encoded: Encoded) -> Reference:
    """Writes pixels and record as one file, then the reference."""
    record, images, previews = _put(output, encoded.record, encoded.images, encoded.previews)
    reference = Reference(
        uri=document.uri,
        fingerprint=document.fingerprint,
        sha256=outcome.document.sha256,
        reason=outcome.document.reason,
        picture=_picture(outcome) if isinstance(outcome, Sample) else None,
        look=perceptual_hash(outcome.composite) if isinstance(outcome, Sample) else None,
        aspect=outcome.stack.width / outcome.stack.height if isinstance(outcome, Sample) else 1.0,
        pictures=picture_hashes(outcome.stack) if isinstance(outcome, Sample) else (),
        layers=len(outcome.stack.layers) if isinstance(outcome, Sample) else 0,
        sample_bytes=encoded.sample_bytes,
        area_px=outcome.stack.width * outcome.stack.height if isinstance(outcome, Sample) else 0,
        published=document.split,
        record=record,
        images=images if encoded.images else None,
        previews=previews if encoded.previews else None,
    )
    files.write(files.join(output, _finished(document)), encode_json(asdict(reference)))
    return reference


def store_captions(output: str, one: Reference, record: Record) -> Reference:
    """The reference of a sample whose record has got its captions; the next run asks again for one that is missing."""
    (kept,) = _put(output, pack_record(record))
    size = (one.images.length if one.images else 0) + _text_bytes(key_json(record))
    return replace(one, record=kept, sample_bytes=size, captioned=is_answered(record))


def find(output: str, document: Input) -> Reference | None:
    """What a run that was killed has left of a document."""
    path = files.join(output, _finished(document))
    if not files.exists(path):
        return None
    return reference_from(decode_json(files.read(path)))


def reference_from(values: dict[str, Any]) -> Reference:
    slices = {name: values[name] and Slice(**values[name]) for name in ("record", "images", "previews")}
    return Reference(**values | slices | {"pictures": tuple(values["pictures"])})


def read_slice(output: str, part: Slice) -> bytes:
    """ValueError where the bytes are not the ones that were written."""
    data = files.read_part(files.join(output, part.path), part.offset, part.length)
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise ValueError(f"{part.path} under OUTPUT was changed at byte {part.offset}; delete it and run again")
    return data


def _finished(document: Input) -> str:
    name = hashlib.sha256(f"{document.uri}\n{document.fingerprint}".encode()).hexdigest()
    return f"{FOLDER}/finished/{name[:2]}/{name}"


def _put(output: str, *parts: bytes) -> list[Slice]:
    digests = [hashlib.sha256(part).hexdigest() for part in parts]
    name = hashlib.sha256("".join(digests).encode()).hexdigest()
    path = f"{FOLDER}/{name[:2]}/{name}"
    if not files.exists(files.join(output, path)):
        files.write(files.join(output, path), b"".join(parts))
    starts = itertools.accumulate((len(part) for part in parts), initial=0)
    return [Slice(path, start, len(part), digest) for part, start, digest in zip(parts, starts, digests, strict=False)]


def _text_bytes(metadata: Mapping[str, Any]) -> int:
    """What KEY.json and KEY.txt take in a shard."""
    return len(pack(text_members({**metadata, **_LONGEST_SPLIT})))


def _picture(sample: Sample) -> str:
    digest = hashlib.sha256(f"{sample.stack.width}x{sample.stack.height}\n".encode())
    digest.update(sample.composite.tobytes())
    return digest.hexdigest()
