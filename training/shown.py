"""What a network made of held-out samples: figures, and a picture of each for people; their means and their table."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from evaluation.page.blocks import Table
from training.distributed import Ranks


@dataclass(frozen=True, eq=False)
class Shown:
    """One sample: its `name` and its prompt, both foreign; `figures` by name; a `sheet`, uint8 RGB [H, W, 3]."""

    name: str
    prompt: str
    figures: Mapping[str, float]
    sheet: np.ndarray = field(repr=False)


def means(shown: Sequence[Shown]) -> dict[str, float]:
    """Of every figure, over the samples that have it."""
    names = dict.fromkeys(name for one in shown for name in one.figures)
    return {name: float(np.mean([one.figures[name] for one in shown if name in one.figures])) for name in names}


def table(shown: Sequence[Shown]) -> Table:
    """A row for each sample, and their mean."""
    mean = means(shown)
    rows = [(one.name, one.figures) for one in shown] + [("mean", mean)]
    lines = ((name, *(f"{own[figure]:.4g}" if figure in own else "" for figure in mean)) for name, own in rows)
    return Table(("sample", *mean), tuple(lines))


def gathered(own: Mapping[int, Shown], ranks: Ranks) -> list[Shown]:
    """What all ranks have, by place, on all."""
    said = json.dumps({place: _packed(one) for place, one in own.items()})
    found = {int(place): _unpacked(one) for part in ranks.gathered(said) for place, one in json.loads(part).items()}
    return [found[place] for place in sorted(found)]


def _packed(one: Shown) -> dict[str, object]:
    file = io.BytesIO()
    Image.fromarray(one.sheet).save(file, "PNG")
    sheet = base64.b64encode(file.getvalue()).decode("ascii")
    return {"name": one.name, "prompt": one.prompt, "figures": dict(one.figures), "sheet": sheet}


def _unpacked(packed: Mapping[str, Any]) -> Shown:
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed["sheet"]))))
    return Shown(packed["name"], packed["prompt"], packed["figures"], sheet)
