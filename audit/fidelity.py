"""How near pictures came to Photoshop's own, file by file -> the report of `bench_fidelity`."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from data_pipeline.bench import LARGE_PX
from data_pipeline.fidelity import Distance

MEANS = (0.5, 1.0, 2.0)  # at most, in 1/255
SHARES = (0.95, 0.99)  # of the pixels, at least, within 2/255
PASS_MEAN, PASS_SHARE = 1.0, 0.99
STEPS = ("open", "paint", "verify", "curate", "psd-tools")


@dataclass(frozen=True)
class Outcome:
    """One file. A distance is None where nothing could be compared; `cpu_s` by step, the better of two runs."""

    path: str
    message: str = ""  # why it is no sample
    pixels: int = 0
    ours: Distance | None = None
    psd_tools: Distance | None = None
    features: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    leaves: int = 0
    leaves_kept: int = 0
    layers_stored: int | None = None
    cpu_s: dict[str, float] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether it is as near as a sample of the best kind has to be."""
        return self.ours is not None and self.ours.mean <= PASS_MEAN and self.ours.within2 >= PASS_SHARE


def report(outcomes: Sequence[Outcome]) -> str:
    """Markdown: the yield, the features, the layers, the CPU."""
    return "\n".join([*_yield(outcomes), "", *_features(outcomes), "", *_layers(outcomes), "", *_cpu(outcomes)])


def _yield(outcomes: Sequence[Outcome]) -> Iterator[str]:
    compared = sum(one.ours is not None for one in outcomes)
    yield f"{len(outcomes)} files, {compared} compared with Photoshop's picture; the others are misses of both."
    yield ""
    yield "| of all files | ours | psd-tools |"
    yield "| --- | ---: | ---: |"
    tests: list[tuple[str, Callable[[Distance], bool]]] = [
        *((f"mean difference <= {mean:g}/255", lambda d, m=mean: d.mean <= m) for mean in MEANS),
        *((f">= {share:.0%} of pixels within 2/255", lambda d, s=share: d.within2 >= s) for share in SHARES),
    ]
    for name, test in tests:
        ours = sum(one.ours is not None and test(one.ours) for one in outcomes)
        theirs = sum(one.psd_tools is not None and test(one.psd_tools) for one in outcomes)
        yield f"| {name} | {_share(ours, len(outcomes))} | {_share(theirs, len(outcomes))} |"


def _features(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield f"| feature | files with it | over {PASS_MEAN:g}/255 or under {PASS_SHARE:.0%} |"
    yield "| --- | ---: | ---: |"
    found = Counter(feature for one in outcomes for feature in one.features)
    failing = Counter(feature for one in outcomes if not one.passes for feature in one.features)
    for feature, count in sorted(found.items()):
        yield f"| {feature} | {count} | {failing[feature]} |"
    yield ""
    undrawn = Counter(name for one in outcomes for name in one.unsupported)
    yield f"Named as not drawn: {', '.join(f'{name} ({n})' for name, n in undrawn.most_common()) or 'nothing'}."


def _layers(outcomes: Sequence[Outcome]) -> Iterator[str]:
    leaves, kept = sum(one.leaves for one in outcomes), sum(one.leaves_kept for one in outcomes)
    flattened = sum(one.leaves_kept < one.leaves for one in outcomes)
    stored = [one.layers_stored for one in outcomes if one.layers_stored is not None]
    yield f"Leaf layers that survive as their own: {_share(kept, leaves)}."
    yield f"Documents with a flattened group: {flattened}."
    yield f"Median stored layers: {statistics.median(stored) if stored else 0:g}."


def _cpu(outcomes: Sequence[Outcome]) -> Iterator[str]:
    timed = [one for one in outcomes if set(STEPS) <= set(one.cpu_s)]
    large = [one for one in timed if one.pixels >= LARGE_PX]
    yield f"| CPU seconds | {' | '.join(STEPS)} |"
    yield f"| --- |{' ---: |' * len(STEPS)}"
    for name, group in (("total", timed), (f"median of {len(large)} of >= {LARGE_PX / 1e6} Mpx", large)):
        if group:
            of = sum if name == "total" else statistics.median
            yield f"| {name} | {' | '.join(f'{of([one.cpu_s[step] for one in group]):.3f}' for step in STEPS)} |"
    if large:
        ratio = statistics.median(one.cpu_s["psd-tools"] / (one.cpu_s["open"] + one.cpu_s["paint"]) for one in large)
        yield ""
        yield f"Median over them of psd-tools' CPU to that of our open and paint: {ratio:.1f}."


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "0"
