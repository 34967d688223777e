"""What curating one document yields: a sample or a rejection, each with its table rows."""

from dataclasses import dataclass, field

import numpy as np

from schemas.captions import Caption
from schemas.rows import DocumentRow, LayerRow
from schemas.stack import Stack

# Small pictures for auditors by name ("photoshop", "reference", "dropped_00"): uint8 RGBA [height, width, 4].
Previews = dict[str, np.ndarray]


@dataclass(frozen=True)
class Fidelity:
    """How far our picture is, over white, from the one that Photoshop stored or that came with the layers; see
    `documents`."""

    mean: float
    within2: float
    final_mean: float | None
    gold: bool


@dataclass(frozen=True, eq=False)
class Sample:
    """An accepted document. `composite` is uint8 RGBA [height, width, 4], the stack alpha-blended."""

    key: str
    stack: Stack
    composite: np.ndarray = field(repr=False)
    captions: tuple[Caption, ...]
    layer_captions: tuple[Caption | None, ...]
    psd_text: tuple[str, ...]  # what the type layers say, hidden ones included, bottom to top
    fidelity: Fidelity | None  # None where there is no picture to hold the layers against
    document: DocumentRow
    layers: tuple[LayerRow, ...]
    previews: Previews = field(repr=False, default_factory=dict)

    @property
    def kind(self) -> str:
        """`single` for a document of one layer, which only stage 1 of training uses."""
        return "layered" if len(self.stack.layers) > 1 else "single"


@dataclass(frozen=True, eq=False)
class Rejection:
    """A document that became no sample; `document` says at which stage and why."""

    document: DocumentRow
    layers: tuple[LayerRow, ...] = ()
    previews: Previews = field(repr=False, default_factory=dict)
