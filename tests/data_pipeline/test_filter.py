"""Which layers are dropped, from drawn documents: piles of marks, and effects whose owner does not show."""

import io
from collections.abc import Sequence

import numpy as np
import pytest

from data_pipeline import filter as filtering
from data_pipeline.anomaly import Judge
from data_pipeline.anomaly.watermark import Watermark
from data_pipeline.colour import colour_space
from data_pipeline.contribution import contributions
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Node, Pixels, Stroke, Text, draw_bytes
from data_pipeline.drawing.inks import words
from data_pipeline.filter import drop_layers, least_visible_px
from data_pipeline.flatten import Flattened, flatten
from schemas.options import CurateOptions
from schemas.reasons import DropReason

_JUDGES = [Judge(Watermark(threshold=0.5))]
_SIDE = 128
_SCENE = filtering.Scene


def filtered(layers: Sequence[Node]) -> tuple[filtering.Filtered, Flattened]:
    drawn = draw_bytes(_SIDE, _SIDE, layers, has_stored=False)
    options = CurateOptions(no_stored_image="keep")
    document = open_document(io.BytesIO(drawn), options)
    assert isinstance(document, Document)
    flat = flatten(document, colour_space(document))
    _, contribution = contributions(flat.stack, least_visible_px(flat.stack, options), options.min_difference)
    return drop_layers(flat, contribution, options, _JUDGES), flat


def plain(name: str, colour: int, side: int) -> Pixels:
    rgba = np.full((side, side, 4), colour, np.uint8)
    rgba[..., 3] = 255
    return Pixels(name=name, rgba=rgba, left=8, top=8)


def test_a_pile_of_marks_costs_some_rounds_and_goes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = [plain(f"watermark {k}", 5 * k, 40) for k in range(20)]
    rounds = []
    monkeypatch.setattr(filtering, "Scene", lambda stack: rounds.append(stack) or _SCENE(stack))
    kept, flat = filtered([plain("Ground", 200, 120), *marks])
    assert len(rounds) <= 9
    assert len(kept.stack.layers) == 1
    assert {node.dropped for node in flat.nodes[1:]} == {DropReason.WATERMARK}


def test_the_stroke_of_a_mark_that_does_not_show_itself_goes_too() -> None:
    ink = words(np.random.default_rng(0), "PREVIEW ONLY", 13, ink=(255, 255, 255))
    ground = np.full((_SIDE, _SIDE, 4), 255, np.uint8)
    mark = Text(name="T", text="PREVIEW ONLY", rgba=ink, left=9, top=50, effects=(Stroke(3, (0, 0, 0)),))
    kept, flat = filtered([Pixels(name="Ground", rgba=ground), mark])
    assert len(kept.stack.layers) == 1
    assert flat.nodes[2].dropped == DropReason.WATERMARK
