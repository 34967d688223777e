"""Detectors of anomalous layers: what each one is asked, and how its answer drops a layer.

A detector looks at one visible layer at a time, and where an anomalous one goes, at what comes to light under
it, so that what an anomalous layer hides is judged as if it had never been there. None is built in yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.reasons import DropReason
from schemas.stack import PlainLayer, Stack


class Detector(Protocol):
    """Pure: the same layer gives the same value."""

    @property
    def reason(self) -> DropReason:
        """What the `layers` table says of a layer that it drops."""

    @property
    def threshold(self) -> float:
        """A layer is anomalous whose value exceeds it."""

    def measure(self, layer: PlainLayer, stack: Stack) -> float:
        """How anomalous a layer of the stack is; the canvas of the PSD, before resizing."""


@dataclass(frozen=True)
class Anomaly:
    """Why a layer is dropped: the first detector whose threshold it exceeds, and by how much."""

    reason: DropReason
    value: float
    threshold: float


def anomalies(layers: Sequence[PlainLayer], stack: Stack, detectors: Sequence[Detector]) -> Mapping[int, Anomaly]:
    """The anomalous ones of some layers of a stack, by their index among these."""
    found: dict[int, Anomaly] = {}
    for index, layer in enumerate(layers):
        for detector in detectors:
            value = detector.measure(layer, stack)
            if value > detector.threshold:
                found[index] = Anomaly(detector.reason, value, detector.threshold)
                break
    return found
