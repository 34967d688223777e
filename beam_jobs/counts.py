"""Rows in, the counts of manifest.json out: documents, layers and captions, and what became of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from data_pipeline.caption.control import UNANSWERED
from schemas.reasons import Fate
from schemas.rows import LEAF_KINDS, CaptionRow, DocumentRow, LayerRow


def count(document: DocumentRow, layers: Sequence[LayerRow]) -> Counter[str]:
    """Dotted names. Layers are those of accepted documents; leaves are layers with pixels of their own."""
    counts = Counter({"inputs": 1, "input_bytes": document.bytes or 0})
    if document.status != "accepted":
        counts["rejected.all"] = counts[f"rejected.{document.reason}"] = 1
        return counts
    counts["accepted"] = counts[f"splits.{document.split}"] = 1
    counts["gold"] = int(document.gold or False)
    counts["single"] = int(document.layers_stored == 1)
    counts[f"stored_layers.{document.layers_stored:02d}"] = 1
    counts["layers.images"] = document.layers_stored or 0
    for layer in layers:
        counts["layers.in"] += 1
        if layer.fate == Fate.DROPPED:
            counts[f"layers.dropped.{layer.drop_reason}"] += 1
        else:
            counts[f"layers.{layer.fate}"] += 1
            if layer.kind in LEAF_KINDS and layer.fate != Fate.DISSOLVED:
                counts["leaves.kept" if layer.fate in (Fate.STORED, Fate.MERGED) else "leaves.flattened"] += 1
    counts["documents_flattened"] = int(counts["leaves.flattened"] > 0)
    return counts


def count_captions(captions: Sequence[CaptionRow]) -> Counter[str]:
    """All of a document's, those that are flagged, and those that a model left unanswered."""
    counts = Counter({"captions.all": len(captions), "captions.flagged": sum(bool(one.flags) for one in captions)})
    counts["captions.failed"] = sum(not UNANSWERED.isdisjoint(one.flags or ()) for one in captions)
    return counts


def nested(counts: Mapping[str, int]) -> dict[str, Any]:
    """`rejected.unfaithful` becomes `{"rejected": {"unfaithful": ...}}`."""
    result: dict[str, Any] = {}
    for name, value in sorted(counts.items()):
        *folders, last = name.split(".")
        place = result
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return result


def median_stored_layers(counts: Mapping[str, Any]) -> int:
    """Of the accepted documents; the lower one of two, 0 without documents."""
    histogram = sorted((int(layers), number) for layers, number in counts.get("stored_layers", {}).items())
    half = sum(number for _, number in histogram) / 2
    for layers, number in histogram:
        half -= number
        if half <= 0:
            return layers
    return 0
