import gc
import sys

import numpy as np
import pytest
from PIL import Image

from data_pipeline.anomaly import Detector, Judge, Scene, Subject, blaze_face, check_models, judged
from data_pipeline.anomaly.bench_faces import bar, eye_mosaic, gaussian, mosaic, regions
from data_pipeline.anomaly.blaze_face import FaceModelMissing, network
from data_pipeline.anomaly.blurred_faces import _COMPOSITES, BlurredFaces
from data_pipeline.anomaly.faces import Face
from schemas.options import CurateOptions
from schemas.reasons import DropReason
from schemas.stack import PlainLayer, Stack

DETECTOR = BlurredFaces()


def layer(picture: np.ndarray, left: int = 0, top: int = 0, alpha: np.ndarray | None = None) -> PlainLayer:
    height, width = picture.shape[:2]
    opacity = np.full((height, width), 255, np.uint8) if alpha is None else alpha
    return PlainLayer((left, top, left + width, top + height), np.dstack([picture, opacity]))


def alone(picture: np.ndarray) -> float:
    height, width = picture.shape[:2]
    only = layer(picture)
    return DETECTOR.measure(Subject(only, (), Scene(Stack(width, height, (only,))), 0))


def in_region(picture: np.ndarray, changed: np.ndarray, face: Face, region: str) -> np.ndarray:
    weight = regions(face, picture.shape)[region][..., np.newaxis]
    return np.rint(picture + (changed - picture) * weight).astype(np.uint8)


def test_it_is_a_detector():
    detector: Detector = DETECTOR
    assert detector.reason == DropReason.BLURRED_FACE
    assert 0.02 < detector.threshold < 0.04


def test_a_layer_without_a_face_is_nothing():
    assert alone(np.full((90, 120, 3), 200, np.uint8)) == 0
    assert alone(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)) == 0


def test_a_gradient_is_no_blurred_face():
    across = np.linspace(0, 255, 160)[np.newaxis, :, np.newaxis] * np.ones((160, 1, 3))
    assert alone(across.astype(np.uint8)) == 0


def test_a_sharp_face_stays(sharp: list[tuple[np.ndarray, Face]]):
    for picture, _ in sharp:
        assert alone(picture) <= DETECTOR.threshold
        half = Image.fromarray(picture).resize((picture.shape[1] // 2, picture.shape[0] // 2))
        assert alone(np.asarray(half)) <= DETECTOR.threshold


@pytest.mark.parametrize("region", ["face", "soft", "head", "layer"])
@pytest.mark.parametrize("sigma", [0.05, 0.08])
def test_a_blurred_face_goes(sharp: list[tuple[np.ndarray, Face]], sigma: float, region: str):
    for picture, face in sharp:
        blurred = in_region(picture, gaussian(picture, sigma * face.width), face, region)
        assert alone(blurred) > DETECTOR.threshold


@pytest.mark.parametrize("region", ["face", "head", "layer"])
@pytest.mark.parametrize("block", [0.07, 0.12])
def test_a_mosaiced_face_goes(sharp: list[tuple[np.ndarray, Face]], block: float, region: str):
    for picture, face in sharp:
        mosaiced = in_region(picture, mosaic(picture, block * face.width), face, region)
        value = alone(mosaiced)
        assert value == pytest.approx(block * 2 / 3, rel=0.35)
        assert value > DETECTOR.threshold


@pytest.mark.parametrize("tilt", [0, 20, -30])
def test_a_face_with_a_bar_goes(sharp: list[tuple[np.ndarray, Face]], tilt: float):
    for picture, face in sharp:
        assert alone(bar(picture, face, tilt)) > DETECTOR.threshold


def test_a_face_with_a_mosaic_over_the_eyes_alone_goes(sharp: list[tuple[np.ndarray, Face]]):
    for picture, face in sharp:
        assert alone(eye_mosaic(picture, face, 0.08)) == pytest.approx(0.08 * 2 / 3, rel=0.35)


@pytest.mark.parametrize("seed", [5, 6, 7])  # which networks take for faces, hardly
def test_a_cloud_is_no_blurred_face(seed: int):
    noise = np.random.default_rng(seed).normal(size=(260, 300, 1))
    cloud = gaussian(np.repeat(noise, 3, axis=-1), 8)
    assert alone(np.rint(128 + 30 * cloud / cloud.std()).clip(0, 255).astype(np.uint8)) <= DETECTOR.threshold


def test_what_censors_is_blamed_not_what_it_covers(sharp: list[tuple[np.ndarray, Face]]):
    for picture, face in sharp:
        height, width = picture.shape[:2]
        portrait, ground = layer(picture), layer(np.full((height, width, 3), 90, np.uint8))
        patch = layer(
            np.rint(gaussian(picture, 0.08 * face.width)).astype(np.uint8),
            alpha=np.rint(regions(face, picture.shape)["soft"] * 255).astype(np.uint8),
        )
        assert dropped(Stack(width, height, (ground, portrait, patch))) == [2]
        eyes = face.points[:2].mean(axis=0)
        top, left = round(eyes[1] - face.width / 10), round(eyes[0] - face.width / 2)
        stripe = layer(np.zeros((round(face.width / 5), round(face.width), 3), np.uint8), left, top)
        assert dropped(Stack(width, height, (ground, portrait, stripe))) == [2]


def dropped(stack: Stack) -> list[int]:
    """The layers that the detector drops, by their place."""
    scene = Scene(stack)
    verdicts = [judged(Subject(one, (), scene, index), [Judge(DETECTOR)]) for index, one in enumerate(stack.layers)]
    return [index for index, verdict in enumerate(verdicts) if verdict.drop is not None]


def test_a_composite_is_looked_at_where_a_layer_by_itself_seems_to_have_a_face(monkeypatch: pytest.MonkeyPatch):
    flat = layer(np.full((300, 300, 3), 90, np.uint8)), layer(np.zeros((50, 50, 3), np.uint8), 20, 20)
    scene = Scene(Stack(300, 300, flat))
    monkeypatch.setattr(Scene, "composite", property(lambda scene: pytest.fail("the composite was painted")))
    assert [DETECTOR.measure(Subject(one, (), scene, index)) for index, one in enumerate(flat)] == [0, 0]


def test_a_composite_is_searched_once_and_forgotten(sharp: list[tuple[np.ndarray, Face]]):
    picture, _ = sharp[0]
    height, width = picture.shape[:2]
    layers = layer(picture), layer(np.zeros((50, 50, 3), np.uint8))
    scene = Scene(Stack(width, height, layers))
    before = len(_COMPOSITES)
    for index, one in enumerate(layers):
        DETECTOR.measure(Subject(one, (), scene, index))
    assert len(_COMPOSITES) == before + 1
    del scene
    gc.collect()
    assert len(_COMPOSITES) == before


def test_a_job_that_asks_for_it_says_so_before_any_work(monkeypatch: pytest.MonkeyPatch):
    check_models(CurateOptions())
    monkeypatch.setattr(blaze_face.importlib.util, "find_spec", lambda name: None)
    check_models(CurateOptions(blurred_face="ignore"))
    with pytest.raises(ValueError, match="pip install"):
        check_models(CurateOptions(blurred_face="drop"))


def test_loading_says_nothing(capfd: pytest.CaptureFixture):
    network.cache_clear()
    network("short_range")
    assert capfd.readouterr() == ("", "")


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch):
    network.cache_clear()
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(FaceModelMissing, match="pip install"):
        alone(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
