import numpy as np

from evaluation.decomposition.contact_sheet import MOST_COLUMNS, TILE_PX, contact_sheet
from evaluation.decomposition.metric import decompose
from schemas.stack import Stack
from tests.evaluation.drawn_stacks import GROUND, LEFT, RED, painted


def sheet(pred: Stack, truth: Stack) -> np.ndarray:
    return contact_sheet(pred, truth, decompose(pred, truth, max_edits=0))


def test_the_truth_lies_above_the_prediction() -> None:
    picture = sheet(painted(GROUND, LEFT), painted(GROUND, ((2, 2, 10, 10), (0, 0, 255, 255))))
    blue, red = (np.argwhere((picture == colour).all(axis=2))[:, 0] for colour in ((0, 0, 255), (255, 0, 0)))
    assert blue.size
    assert blue.max() < red.min()


def test_transparency_is_a_checkerboard() -> None:
    picture = sheet(painted(GROUND, LEFT), painted(GROUND, LEFT))
    assert {(204, 204, 204), (255, 255, 255)} <= {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}


def test_large_canvases_and_long_stacks_stay_small() -> None:
    steps = [((10 * k, 0, 10 * k + 20, 400), (k, k, k, 255)) for k in range(20)]
    stack = painted(*steps, width=1000, height=400)
    height, width, _ = sheet(stack, stack).shape
    assert height < 2 * TILE_PX[1] + 50
    assert width < (MOST_COLUMNS + 1) * (TILE_PX[0] + 10) + 10


def test_a_canvas_of_one_column_has_a_picture() -> None:
    thin = painted(((0, 0, 1, 3000), RED), width=1, height=3000)
    assert sheet(thin, thin).shape[2] == 3
