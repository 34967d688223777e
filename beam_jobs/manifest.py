"""Artifacts in, manifest.json out: versions, configuration, counts, and every file with its sha256."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from beam_jobs.build import Built
from beam_jobs.counts import nested
from beam_jobs.options import JobOptions
from beam_jobs.packing import PREVIEWS, ROWS, SHARD


def manifest(built: Sequence[Built], options: JobOptions) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for one in built:
        counts.update(one.counts)
    return {
        "versions": dict(options.software),
        "configuration": options.configuration,
        "configuration_hash": options.recipe_hash,
        "counts": nested(counts),
        "shards": [
            {"split": one.name.rpartition("-")[0], **entry}
            for one in built
            if one.kind == SHARD
            for entry in _entries([one], "samples", "shards/")
        ],
        "tables": list(_entries([one for one in built if one.kind == ROWS], "rows", "tables/")),
        "previews": list(_entries([one for one in built if one.kind == PREVIEWS], "documents", "previews/")),
    }


def _entries(built: Iterable[Built], items: str, folder: str) -> Iterable[dict[str, Any]]:
    for one in built:
        for file in one.files:
            if file.path.startswith(folder):
                yield {"path": file.path, "bytes": file.bytes, "sha256": file.sha256, items: file.items}
