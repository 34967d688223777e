"""What a detector of anomalous layers is asked, and what follows from its answer.

A detector looks at one visible layer at a time, and where an anomalous one goes, at what comes to light under it, so
that what an anomalous layer hides is judged as if it had never been there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from data_pipeline.compose import compose
from data_pipeline.flatten.node import Node
from schemas.options import DROP, FLAG
from schemas.reasons import DropReason, Objection
from schemas.stack import PlainLayer, Stack

_POINTS = 1024  # along a canvas's longer side: a larger one is looked at in a grid of points
_FAINTEST = 8  # alpha of what counts as visible


class Scene:
    """A stack on the canvas of the PSD, before resizing, and the picture that it makes."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    @cached_property
    def composite(self) -> np.ndarray:
        """uint8 straight RGBA [height, width, 4]."""
        return compose(self.stack)

    @cached_property
    def covered(self) -> tuple[float, ...]:
        """Of each layer, the share of its visible points over which something above is more than half opaque."""
        step = -(-max(self.stack.width, self.stack.height) // _POINTS)
        hidden = np.zeros((-(-self.stack.height // step), -(-self.stack.width // step)), bool)
        shares = []
        for layer in reversed(self.stack.layers):
            small = at_points(layer, step)
            (left, top, right, bottom), alpha = small.box, small.rgba[..., 3]
            points = hidden[top:bottom, left:right]
            own = points[alpha > _FAINTEST]
            shares.append(float(own.mean()) if own.size else 0.0)
            points |= alpha > 127
        return tuple(reversed(shares))


@dataclass(frozen=True, eq=False)
class Subject:
    """One layer of a scene; `index` is its place in the stack, `nodes` are those whose pixels it holds, and the owner
    of an effect that shows without it."""

    layer: PlainLayer
    nodes: tuple[Node, ...]
    scene: Scene
    index: int

    @property
    def texts(self) -> tuple[str, ...]:
        """What its type layers say."""
        return tuple(node.text for node in self.nodes if node.text)

    @property
    def labels(self) -> tuple[str, ...]:
        """What somebody named it: the names of its nodes, but for those of type layers, which repeat what they say, and
        of effects, which repeat their owner's."""
        return tuple(node.name for node in self.nodes if node.text is None and node.owner_id is None)

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups above it."""
        return tuple({name: None for node in self.nodes for name in node.groups})

    @property
    def covered(self) -> float:
        """The share of its visible points over which something above is more than half opaque."""
        return self.scene.covered[self.index]


def at_points(layer: PlainLayer, step: int) -> PlainLayer:
    """A layer on a canvas of every `step`-th point alone."""
    left, top, right, bottom = (-(-side // step) for side in layer.box)
    rgba = layer.rgba[-layer.box[1] % step :: step, -layer.box[0] % step :: step]
    return replace(layer, box=(left, top, right, bottom), rgba=rgba)


class Detector(Protocol):
    """Pure: the same layer in the same scene gives the same value."""

    @property
    def reason(self) -> DropReason:
        """Its name: in the column `measures`, in `flags`, and as `drop_reason` of a layer that it drops."""

    @property
    def threshold(self) -> float:
        """A layer is anomalous whose value exceeds it."""

    def measure(self, subject: Subject) -> float:
        """How anomalous a layer is."""


class Opinion(Protocol):
    def objection(self, composite: np.ndarray, layer: np.ndarray, reason: DropReason) -> Objection | None:
        """Whether a layer, straight uint8 RGBA, is not what a detector takes it for: None where it is."""


@dataclass(frozen=True)
class Judge:
    """A detector, and what its word counts for."""

    detector: Detector
    policy: str = DROP


@dataclass(frozen=True)
class Verdict:
    """Of one layer: every detector's value, the flags, and the detector whose threshold it exceeds and that drops."""

    measures: dict[str, float]
    flags: tuple[str, ...]
    drop: Detector | None


def judged(subject: Subject, judges: Sequence[Judge], opinion: Opinion | None = None) -> Verdict:
    """What the judges say of a layer; the first of those that drop it decides.

    A second opinion is asked before a layer is dropped. Where it doubts, the layer is flagged instead; where it is not
    clear, the layer goes all the same.
    """
    measures: dict[str, float] = {}
    flags: list[str] = []
    drop = None
    for judge in judges:
        reason, value = judge.detector.reason, float(judge.detector.measure(subject))
        measures[reason] = value
        if value > judge.detector.threshold:
            if judge.policy == FLAG:
                flags.append(reason)
                continue
            if drop is not None:
                continue
            objection = opinion and opinion.objection(subject.scene.composite, subject.layer.rgba, reason)
            if objection is not None:
                flags.append(f"{reason}_{objection}")
            if objection != Objection.DOUBTED:
                drop = judge.detector
    return Verdict(measures, tuple(flags), drop)
