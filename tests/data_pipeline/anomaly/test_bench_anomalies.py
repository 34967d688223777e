"""The benchmark of the detectors counts what it says that it counts."""

from pathlib import Path

import pytest

from data_pipeline.anomaly.bench import (
    BELOW,
    GROUND,
    MEASURED,
    OVER,
    clocks,
    cost_table,
    found_table,
    judge_document,
    score,
)
from data_pipeline.drawing import Pixels, draw
from data_pipeline.drawing.anomalies import plain_ground, stock_name
from data_pipeline.drawing.guide_lookalikes import grid_icon
from data_pipeline.drawing.lookalikes import dots
from tests.data_pipeline.anomaly.drawn_subjects import GROUND as GROUND_LAYER
from tests.data_pipeline.anomaly.drawn_subjects import HEIGHT, WIDTH, filled


@pytest.mark.parametrize(
    ("detector", "variant", "place", "found"),
    [
        ("watermark", stock_name, OVER, 2),
        ("solid_colour", plain_ground, GROUND, 2),
        ("guide", grid_icon, OVER, 0),
        ("watermark", dots, BELOW, 0),
    ],
)
def test_the_drawn_layer_is_told_from_the_others(detector, variant, place, found) -> None:
    result = score(detector, variant, place, 2, 0, clocks())
    assert (result.shown, result.found) == (2, found)
    assert result.others > 2
    assert not result.others_found


def test_finds_in_files_are_listed_and_timed(tmp_path: Path) -> None:
    mark = Pixels(name="water|mark", rgba=filled((200, 30, 40), 50, 50))
    draw(tmp_path / "a.psd", WIDTH, HEIGHT, [GROUND_LAYER, mark, Pixels(name="watermark", rgba=mark.rgba, left=80)])
    (tmp_path / "b.psd").write_bytes(b"no")
    asked = clocks()
    table = found_table(sorted(tmp_path.iterdir()), asked)
    assert "| a.psd | watermark | pixel | watermark | 1.00 |" in table
    assert "| a.psd | Background | pixel | solid_colour | 1.00 |" in table
    assert table.endswith("3 layers of 1 documents; found: 1 solid_colour, 2 watermark.")
    assert [line.split(" | ")[0] for line in cost_table(asked).splitlines()[2:]] == [f"| {name}" for name in MEASURED]
    assert all(clock.pixels == WIDTH * HEIGHT + 2 * 50 * 50 for clock in asked)


def test_a_file_that_cannot_be_read_has_no_layers(tmp_path: Path) -> None:
    (tmp_path / "b.psd").write_bytes(b"no")
    assert judge_document(tmp_path / "b.psd", clocks()) is None
