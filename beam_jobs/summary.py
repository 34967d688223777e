"""The counts of manifest.json in, the table that ends a run out."""

from collections.abc import Iterator, Mapping
from typing import Any

from beam_jobs.counts import median_stored_layers


def summary(manifest: Mapping[str, Any], seconds: float) -> str:
    """`seconds` is how long this run took, which the manifest does not say: time is the run's, not the dataset's."""
    rows = [*_rows(manifest["counts"], manifest), ("time", f"{seconds:>10,.1f}  s")]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _rows(counts: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    inputs, accepted = counts.get("inputs", 0), counts.get("accepted", 0)
    rejected = dict(counts.get("rejected", {}))
    total = rejected.pop("all", 0)
    yield "inputs", f"{inputs:>10,}  {_size(counts.get('input_bytes', 0))}"
    yield (
        "accepted",
        f"{accepted:>10,}  {_share(accepted, inputs)}; gold {counts.get('gold', 0):,}, "
        + (f"single-layer {counts.get('single', 0):,}"),
    )
    yield "rejected", f"{total:>10,}  {_share(total, inputs)}"
    for reason, number in sorted(rejected.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {reason}", f"{number:>10,}  {_share(number, inputs)}"
    layers = counts.get("layers", {})
    yield "layers in", f"{layers.get('in', 0):>10,}"
    for fate in ("stored", "merged", "flattened", "dissolved"):
        yield f"  {fate}", f"{layers.get(fate, 0):>10,}"
    dropped = layers.get("dropped", {})
    yield "  dropped", f"{sum(dropped.values()):>10,}"
    for reason, number in sorted(dropped.items(), key=lambda item: (-item[1], item[0])):
        yield f"    {reason}", f"{number:>10,}"
    yield "layers out", f"{layers.get('images', 0):>10,}  median {median_stored_layers(counts)} a sample"
    leaves = counts.get("leaves", {})
    kept = leaves.get("kept", 0)
    yield "leaves kept", f"{kept:>10,}  {_share(kept, kept + leaves.get('flattened', 0))} of the visible ones"
    yield "flattened", f"{counts.get('documents_flattened', 0):>10,}  documents with a flattened group"
    captions = counts.get("captions", {})
    yield "captions", f"{captions.get('all', 0):>10,}  {_captioner(captions, manifest['configuration'])}"
    for split, number in counts.get("splits", {}).items():
        yield split, f"{number:>10,}  samples"
    yield "shards", f"{len(manifest['shards']):>10,}  {_size(sum(one['bytes'] for one in manifest['shards']))}"


def _captioner(captions: Mapping[str, Any], configuration: Mapping[str, Any]) -> str:
    """Who wrote them, and how many of a model's are in doubt."""
    captioner = configuration["captioner"]
    if captioner == "layers":
        return "from texts and layer names; with MODEL= or URL= Qwen2.5-VL writes them"
    if not configuration["caption_model"]:
        return captioner
    failed = captions.get("failed", 0)
    again = f", failed {failed:,}: the same command asks again" if failed else ""
    return f"by {configuration['caption_model']}; flagged {captions.get('flagged', 0):,}{again}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _size(number: int) -> str:
    return f"{number / (1 << 20):,.1f} MiB"
