"""What a captioner is given of one sample, and what it gives back."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from schemas.captions import Caption
from schemas.stack import Box, Stack


@dataclass(frozen=True)
class NodeFacts:
    """A node of the layer tree; `box` lies on the canvas of the PSD, None where it has no pixels."""

    name: str
    kind: str  # as in the `layers` table
    text: str | None = None  # what a type layer says
    box: Box | None = None


@dataclass(frozen=True, eq=False)
class CaptionFacts:
    """A sample before it is captioned. `nodes[k]` are those whose pixels layer k of the stack holds.

    `composite` is uint8 RGBA, of the stack's size. `canvas` is the PSD's (width, height), on which the nodes' boxes
    lie. `psd_text` is what all type layers say, hidden ones included, bottom to top.
    """

    composite: np.ndarray = field(repr=False)
    stack: Stack
    nodes: tuple[tuple[NodeFacts, ...], ...]
    canvas: tuple[int, int]
    psd_text: tuple[str, ...] = ()


class Captioner(Protocol):
    """Pure: equal facts give equal captions."""

    @property
    def name(self) -> str:
        """As in the option `captioner` and in the tables."""

    def caption(self, facts: CaptionFacts) -> tuple[Caption, ...]:
        """Captions of the composite, the one for KEY.txt first."""

    def caption_layers(self, facts: CaptionFacts) -> tuple[Caption | None, ...]:
        """One for each stored layer; None where there is nothing to say."""
