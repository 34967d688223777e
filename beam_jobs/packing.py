"""References of the whole corpus in, the artifacts of OUTPUT out: which documents lie in which tar or table part.

An artifact's recipe is the hash of all that decides its bytes, so an earlier run's file of the same recipe is kept.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from beam_jobs.references import Reference
from data_pipeline.stack_io.canonical_json import encode_json
from schemas.members import SPLITS

ROWS_PER_PART = 2_000  # documents
MIB = 1 << 20
SHARD, PREVIEWS, ROWS = "shard", "previews", "rows"


@dataclass(frozen=True)
class Artifact:
    """`name` is unique, and that of its files; `documents` are in their order within it."""

    kind: str
    name: str
    documents: tuple[Reference, ...]

    @property
    def recipe(self) -> str:
        parts = [(one.record.sha256, *self._decides(one)) for one in self.documents]
        return hashlib.sha256(encode_json([self.kind, self.name, parts])).hexdigest()

    def _decides(self, one: Reference) -> tuple[str | None, ...]:
        if self.kind == SHARD:
            return one.images.sha256 if one.images else None, one.split, one.family_id
        if self.kind == PREVIEWS:
            return (one.previews.sha256 if one.previews else None,)
        return one.fingerprint, one.reason, one.message, one.split, one.family_id


def plan(documents: Iterable[Reference], shard_size: int) -> Iterator[Artifact]:
    """Shards by split, previews, then table parts; `shard_size` in MiB. The order of `documents` does not matter."""
    ordered = sorted(documents, key=lambda one: one.order)
    _check_keys(ordered)
    limit_bytes = shard_size * MIB
    for split in SPLITS:
        samples = [one for one in ordered if one.split == split]
        for number, part in enumerate(_cut(samples, [one.sample_bytes for one in samples], limit_bytes)):
            yield Artifact(SHARD, f"{split}-{number:06d}", part)
    seen = list({one.key: one for one in reversed(ordered) if one.previews is not None}.values())[::-1]
    sizes = [one.previews.length if one.previews else 0 for one in seen]
    for number, part in enumerate(_cut(seen, sizes, limit_bytes)):
        yield Artifact(PREVIEWS, f"previews-{number:06d}", part)
    for number, start in enumerate(range(0, len(ordered), ROWS_PER_PART)):
        yield Artifact(ROWS, f"part-{number:06d}", tuple(ordered[start : start + ROWS_PER_PART]))


def _cut(documents: list[Reference], sizes: list[int], limit_bytes: int) -> Iterator[tuple[Reference, ...]]:
    """Consecutive parts of at most `limit_bytes`; a document above it is a part of its own."""
    part: list[Reference] = []
    total = 0
    for document, size in zip(documents, sizes, strict=True):
        if part and total + size > limit_bytes:
            yield tuple(part)
            part, total = [], 0
        part.append(document)
        total += size
    if part:
        yield tuple(part)


def _check_keys(ordered: list[Reference]) -> None:
    kept = [one for one in ordered if one.split is not None]
    for before, after in pairwise(kept):
        if before.key == after.key:
            raise ValueError(f"{before.uri} and {after.uri} share the key {after.key}; remove one of them from INPUT")
