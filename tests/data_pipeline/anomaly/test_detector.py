"""What follows from a detector's word: policies, thresholds, effects, previews, rows."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from data_pipeline.anomaly import Judge, Scene, built_in, judged
from data_pipeline.anomaly.detector import Subject
from data_pipeline.curate import curate
from data_pipeline.drawing import ColourOverlay, DropShadow, Node, Pixels, Stroke, Text, draw_bytes
from schemas.options import DETECTORS, DROP, FLAG, CurateOptions
from schemas.reasons import DropReason, Fate, Reason, Stage
from schemas.sample import Rejection, Sample
from schemas.stack import PlainLayer, Stack
from tests.data_pipeline.anomaly.drawn_subjects import GROUND, HEIGHT, WIDTH, filled, subject

_MARK = Pixels(name="Watermark", rgba=filled((200, 30, 40), 120, 60), left=40, top=30)
_DISC = Pixels(name="Disc", rgba=filled((30, 90, 200), 80, 60), left=200, top=150)


def _curated(layers: Sequence[Node], **options: object) -> Sample | Rejection:
    data = draw_bytes(WIDTH, HEIGHT, layers)
    return curate(io.BytesIO(data), CurateOptions(**options), uri="a.psd")  # type: ignore[arg-type]


def _row(result: Sample | Rejection, name: str):
    (row,) = (row for row in result.layers if row.name == name)
    return row


class _Says:
    """A detector that always measures the same."""

    threshold = 0.5

    def __init__(self, reason: DropReason, value: float) -> None:
        self.reason, self.value = reason, value

    def measure(self, subject: Subject) -> float:
        return self.value


def test_the_first_that_drops_decides_and_every_value_is_kept() -> None:
    judges = [
        Judge(_Says(DropReason.GUIDE, 0.9), FLAG),
        Judge(_Says(DropReason.WATERMARK, 0.7), DROP),
        Judge(_Says(DropReason.ANOMALY, 0.8), DROP),
        Judge(_Says(DropReason.PLACEHOLDER, 0.5), DROP),  # a threshold is not exceeded by what equals it
    ]
    verdict = judged(subject([GROUND]), judges)
    assert verdict.measures == {"guide": 0.9, "watermark": 0.7, "anomaly": 0.8, "placeholder": 0.5}
    assert verdict.flags == ("guide",)
    assert verdict.drop is judges[1].detector


def test_ignored_detectors_are_not_asked() -> None:
    assert [judge.detector.reason for judge in built_in(CurateOptions())] == list(DETECTORS)
    without = CurateOptions(blurred_face="ignore")
    assert [judge.detector.reason for judge in built_in(without)] == list(DETECTORS[1:])
    ignoring = CurateOptions(**dict.fromkeys(DETECTORS, "ignore"))  # type: ignore[arg-type]
    assert built_in(ignoring) == ()


def test_a_watermark_is_dropped_with_its_figures_and_a_preview() -> None:
    result = _curated([GROUND, _DISC, _MARK])
    assert isinstance(result, Sample)
    row = _row(result, "Watermark")
    assert (row.fate, row.drop_reason, row.value, row.threshold) == (Fate.DROPPED, DropReason.WATERMARK, 1.0, 0.5)
    assert row.measures is not None
    assert set(row.measures) == set(DETECTORS)
    assert row.flags == []
    np.testing.assert_array_equal(result.previews["dropped_00"][60, 100], (200, 30, 40, 255))
    assert not result.previews["dropped_00"][200, 300].any()
    np.testing.assert_array_equal(result.composite[60, 100], (240, 230, 210, 255))


def test_a_flag_keeps_the_layer_and_says_so() -> None:
    row = _row(_curated([GROUND, _MARK], watermark="flag"), "Watermark")
    assert (row.fate, row.drop_reason, row.flags) == (Fate.STORED, None, ["watermark"])
    assert (row.measures or {})["watermark"] == 1.0


def test_what_is_ignored_is_not_measured() -> None:
    row = _row(_curated([GROUND, _MARK], watermark="ignore"), "Watermark")
    assert (row.fate, row.flags) == (Fate.STORED, [])
    assert set(row.measures or {}) == set(DETECTORS) - {"watermark"}


def test_effects_go_with_a_dropped_owner() -> None:
    marked = replace(_MARK, effects=(DropShadow(), Stroke(3, (0, 0, 0), "outside")))
    kept = replace(_DISC, effects=(DropShadow(),))
    result = _curated([GROUND, kept, marked], max_mean=255.0, min_within2=0.0, gold_within2=0.0)
    assert isinstance(result, Sample)
    owner = _row(result, "Watermark")
    effects = [row for row in result.layers if row.owner_id == owner.layer_id]
    assert len(effects) == 2
    assert {(row.fate, row.drop_reason, row.value, row.threshold) for row in effects} == {
        (Fate.DROPPED, DropReason.WATERMARK, 1.0, 0.5)
    }
    ground = np.broadcast_to(np.array([240, 230, 210, 255], np.uint8), (110, 180, 4))
    np.testing.assert_array_equal(result.composite[:110, :180], ground)
    others = [row for row in result.layers if row.owner_id == _row(result, "Disc").layer_id]
    assert [row.drop_reason for row in others] == [None]


def test_a_layer_that_shows_by_its_effects_alone_is_judged_by_them() -> None:
    marked = replace(_MARK, fill=0, effects=(Stroke(3, (0, 0, 0), "outside"),))
    result = _curated([GROUND, _DISC, marked], max_mean=255.0, min_within2=0.0, gold_within2=0.0)
    assert [row.drop_reason for row in result.layers] == [None, None, DropReason.WATERMARK, DropReason.WATERMARK]


def test_the_name_of_an_effect_says_no_more_than_its_owner() -> None:
    said = "Remove watermarks in one click"
    text = Text(name=said, text=said, rgba=filled((9, 9, 9), 90, 20), effects=(ColourOverlay((90, 9, 9)),))
    result = _curated([GROUND, text], max_mean=255.0, min_within2=0.0, gold_within2=0.0)
    assert {row.drop_reason for row in result.layers} == {None}


def test_the_document_goes_on_request_and_names_the_layer() -> None:
    result = _curated([GROUND, _MARK], anomalous="document")
    assert isinstance(result, Rejection)
    assert (result.document.stage, result.document.reason) == (Stage.FILTER, Reason.ANOMALOUS_LAYER)
    assert result.document.message == "layer 1 is dropped as watermark"
    assert _row(result, "Watermark").drop_reason == DropReason.WATERMARK
    assert _row(result, "Background").drop_reason == DropReason.DOCUMENT_REJECTED
    assert "dropped_00" in result.previews
    assert isinstance(_curated([GROUND, _MARK], anomalous="document", watermark="flag"), Sample)


def test_a_document_of_anomalies_alone_shows_nothing() -> None:
    result = _curated([_MARK])
    assert result.document.reason == Reason.NOTHING_VISIBLE


def test_what_an_anomaly_hid_is_judged_when_it_comes_to_light() -> None:
    under = replace(_MARK, name="Your logo here", rgba=filled((9, 200, 90), 60, 30), left=60, top=40)
    result = _curated([GROUND, under, _MARK], placeholder="drop")
    assert _row(result, "Your logo here").drop_reason == DropReason.PLACEHOLDER
    assert sorted(result.previews) == ["dropped_00", "dropped_01", "photoshop"]


def test_hidden_layers_are_not_asked() -> None:
    row = _row(_curated([GROUND, replace(_MARK, visible=False)]), "Watermark")
    assert (row.drop_reason, row.measures) == (DropReason.HIDDEN, {})


def test_covered_is_the_share_of_points_below_opaque_ones() -> None:
    half = Pixels(name="Half", rgba=filled((9, 9, 9), 60, 60), left=40, top=30)
    veil = Pixels(name="Veil", rgba=filled((9, 9, 9)), opacity=120)
    assert subject([GROUND, _MARK, half, veil], "Watermark").covered == 0.5
    assert subject([GROUND, half, _MARK], "Watermark").covered == 0
    assert subject([GROUND, _MARK], "Background").covered == pytest.approx(120 * 60 / (WIDTH * HEIGHT))


def test_covered_on_a_large_canvas_is_near_the_truth() -> None:
    ground = Pixels(name="Ground", rgba=filled((9, 90, 90), 2501, 1203))
    cover = Pixels(name="Cover", rgba=filled((90, 9, 90), 1111, 777), left=601, top=203)
    found = subject([ground, cover], "Ground", 2501, 1203).covered
    assert found == pytest.approx(1111 * 777 / (2501 * 1203), abs=0.002)


@pytest.mark.parametrize(("width", "height"), [(60, 40), (2501, 37)])
def test_covered_in_one_pass_is_what_each_layer_by_itself_gives(width: int, height: int) -> None:
    rng = np.random.default_rng(width)
    layers = []
    for _ in range(12):
        left, right = sorted(int(side) for side in rng.choice(width + 1, 2, replace=False))
        top, bottom = sorted(int(side) for side in rng.choice(height + 1, 2, replace=False))
        rgba = rng.integers(0, 256, (bottom - top, right - left, 4), np.uint8)
        rgba[..., 3] = rng.choice((0, 8, 9, 127, 128, 255), rgba.shape[:2])
        layers.append(PlainLayer((left, top, right, bottom), rgba))
    step = -(-width // 1024)
    alphas = np.zeros((len(layers), height, width), np.uint8)
    for alpha, layer in zip(alphas, layers, strict=True):
        left, top, right, bottom = layer.box
        alpha[top:bottom, left:right] = layer.rgba[..., 3]
    points = alphas[:, ::step, ::step]
    visible, opaque = points > 8, points > 127
    expected = [
        float(opaque[index + 1 :].any(0)[own].mean()) if own.any() else 0.0 for index, own in enumerate(visible)
    ]
    assert Scene(Stack(width, height, tuple(layers))).covered == tuple(expected)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("value", [-0.1, 1, 1.5])
def test_a_threshold_that_nothing_or_everything_exceeds_names_option_and_bounds(name, value) -> None:
    with pytest.raises(ValueError, match=rf"^{name}_threshold is {value}; it must lie in \[0, 1\): "):
        CurateOptions(**{f"{name}_threshold": value})


@pytest.mark.parametrize("name", DETECTORS)
def test_a_threshold_that_is_no_number_and_a_policy_that_is_none(name) -> None:
    for value, said in ((float("nan"), "nan"), ("0.5", "'0.5'"), (None, "None"), (True, "True")):
        with pytest.raises(ValueError, match=rf"^{name}_threshold is {said}; it must be a number$"):
            CurateOptions(**{f"{name}_threshold": value})
    with pytest.raises(ValueError, match=rf"^{name} is 'delete'; it must be one of drop, flag, ignore$"):
        CurateOptions(**{name: "delete"})
