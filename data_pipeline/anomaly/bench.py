"""Drawn anomalies and real PSDs in, Markdown out: what each detector finds, what it takes wrongly, and what it costs.

    python -m data_pipeline.anomaly.bench [INPUT] [--count 40] [--seed 0] [--limit N]

Per variant, `--count` random designs are drawn, each with one more layer: an anomaly, or a look-alike that belongs to
the design. `found` is of the layers that show; `others` are the false finds among all other layers of those documents,
by any detector. Then the layers that detectors find in the PSDs of INPUT, by name, for a person to judge: nobody has
labelled them. CPU time is that of the detector alone, per megapixel of the layers that it was asked about.
"""

import argparse
import io
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data_pipeline.anomaly import Detector, Judge, Subject, built_in
from data_pipeline.colour import colour_space
from data_pipeline.document import Refusal, Source, open_document
from data_pipeline.drawing import draw_bytes, random_design
from data_pipeline.drawing.anomalies import POSITIVES
from data_pipeline.drawing.inks import Variant
from data_pipeline.drawing.lookalikes import NEGATIVES, NEGATIVES_BELOW
from data_pipeline.filter import drop_layers
from data_pipeline.flatten.node import Node
from data_pipeline.painting import paint_document
from data_pipeline.pixels import DamagedPixels
from schemas.options import DETECTORS, FLAG, IGNORE, CurateOptions
from schemas.reasons import DropReason

# Every detector only flags: all are asked about all layers, and no layer comes to light.
MEASURED = tuple(name for name in DETECTORS if name != DropReason.BLURRED_FACE)  # which has a benchmark of its own
_FLAGGED: dict[str, Any] = {name: FLAG if name in MEASURED else IGNORE for name in DETECTORS}
OPTIONS = CurateOptions(no_stored_image="keep", **_FLAGGED)
OVER, BELOW, GROUND = "over", "below", "ground"  # where the layer is drawn: over all, right above the ground, as it


@dataclass
class Clock:
    """A detector whose calls are timed."""

    detector: Detector
    seconds: float = 0.0
    pixels: int = 0

    @property
    def reason(self) -> DropReason:
        return self.detector.reason

    @property
    def threshold(self) -> float:
        return self.detector.threshold

    def measure(self, subject: Subject) -> float:
        start = time.process_time()
        value = self.detector.measure(subject)
        self.seconds += time.process_time() - start
        self.pixels += subject.layer.rgba.shape[0] * subject.layer.rgba.shape[1]
        return value


@dataclass
class Score:
    """Of the documents of one variant: how often its layer showed and was found, and what else was found."""

    shown: int = 0
    found: int = 0
    others: int = 0
    others_found: Counter[str] = field(default_factory=Counter)


def clocks() -> list[Clock]:
    return [Clock(judge.detector) for judge in built_in(OPTIONS)]


def judge_document(source: Source, asked: Sequence[Clock]) -> list[Node] | None:
    """The nodes of the layers that show, with what the detectors say of them; None for a file that cannot be read."""
    document = open_document(source, OPTIONS)
    if isinstance(document, Refusal):
        return None
    try:
        painted = paint_document(document, colour_space(document), OPTIONS)
    except DamagedPixels:
        return None
    drop_layers(painted.flat, painted.contribution, OPTIONS, [Judge(clock, FLAG) for clock in asked])
    return [node for node in painted.flat.nodes if node.measures and node.owner_id is None]


def score(detector: str, variant: Variant, place: str, count: int, seed: int, asked: Sequence[Clock]) -> Score:
    """Document k depends on the seed, k and the variant's name alone."""
    result = Score()
    for index in range(count):
        rng = np.random.default_rng((seed, index, zlib.crc32(variant.__name__.encode())))
        width, height, layers = random_design(rng)
        drawn = variant(rng, width, height)
        position = {OVER: len(layers), BELOW: 1, GROUND: 0}[place]
        layers[position : position + (place == GROUND)] = [drawn]
        nodes = judge_document(io.BytesIO(draw_bytes(width, height, layers, has_stored=False)), asked)
        assert nodes is not None, "what is drawn can be read"
        last = max(node.layer_id for node in nodes)
        for node in nodes:
            own = node.layer_id == (last if place == OVER else position) and node.name == drawn.name
            result.shown += own
            result.found += own and detector in node.flags
            result.others += not own
            result.others_found.update(() if own else node.flags)
    return result


def drawn_table(count: int, seed: int, asked: Sequence[Clock]) -> str:
    """One row a variant, then one a detector with its recall and precision over all of them."""
    lines = [_row(("detector", "variant", "layers", "found", "others", "found among them")), _row(["---"] * 6)]
    totals: dict[tuple[str, bool], Score] = defaultdict(Score)
    others, others_found = 0, Counter[str]()
    sets = [(POSITIVES, OVER, True), (NEGATIVES, OVER, False), (NEGATIVES_BELOW, BELOW, False)]
    for variants, place, is_anomaly in sets:
        for detector, drawn in variants.items():
            for variant in drawn:
                where = GROUND if detector == "solid_colour" and is_anomaly else place
                own = score(detector, variant, where, count, seed, asked)
                total = totals[detector, is_anomaly]
                total.shown, total.found = total.shown + own.shown, total.found + own.found
                others, others_found = others + own.others, others_found + own.others_found
                title = variant.__name__.strip("_").replace("_", " ")
                cells = (detector, title if is_anomaly else f"not: {title}", own.shown, _share(own.found, own.shown))
                lines.append(_row([*cells, own.others, _counts(own.others_found)]))
    lines += ["", _row(("detector", "recall", "look-alikes found", "precision", "false finds on designs")),
              _row(["---"] * 5)]  # fmt: skip
    for detector in POSITIVES:
        right, wrong = totals[detector, True], totals[detector, False]
        false = others_found[detector]
        precision = _share(right.found, right.found + wrong.found + false)
        shares = (_share(right.found, right.shown), _share(wrong.found, wrong.shown), precision)
        lines.append(_row([detector, *shares, f"{_share(false, others)} of {others} layers"]))
    return "\n".join(lines)


def found_table(paths: Iterable[Path], asked: Sequence[Clock]) -> str:
    """What the detectors find in real documents."""
    lines = [_row(("document", "layer", "kind", "detector", "value")), _row(["---"] * 5)]
    documents = layers = 0
    found: Counter[str] = Counter()
    for path in paths:
        nodes = judge_document(path, asked)
        if nodes is None:
            continue
        documents, layers = documents + 1, layers + len(nodes)
        for node in nodes:
            found.update(node.flags)
            lines += [
                _row([path.name, " ".join(node.name.split())[:60], node.kind, flag, f"{node.measures[flag]:.2f}"])
                for flag in node.flags
            ]
    counts = _counts(found) or "nothing"
    return "\n".join([*lines, "", f"{layers} layers of {documents} documents; found: {counts}."])


def cost_table(asked: Sequence[Clock]) -> str:
    lines = [_row(("detector", "CPU ms per megapixel", "megapixels")), _row(["---"] * 3)]
    for clock in asked:
        mpx = clock.pixels / 1e6
        lines.append(_row([clock.reason, f"{1000 * clock.seconds / mpx if mpx else 0:.2f}", f"{mpx:.0f}"]))
    return "\n".join(lines)


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(found.items()))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none shown"


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    asked = clocks()
    print(drawn_table(arguments.count, arguments.seed, asked), end="\n\n")
    if arguments.input is not None:
        paths = [path for path in arguments.input.rglob("*") if path.suffix.lower() in (".psd", ".psb")]
        print(found_table(sorted(paths)[: arguments.limit], asked), end="\n\n")
    print(cost_table(asked))


if __name__ == "__main__":
    main()
