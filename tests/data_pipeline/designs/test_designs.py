"""Small designs: of the seed alone, of the sizes that were promised, and accepted as they are."""

import io
from pathlib import Path

import numpy as np
import pytest

from data_pipeline.curate import curate
from data_pipeline.designs import draw_designs, small_design
from data_pipeline.designs.__main__ import main
from data_pipeline.designs.things import coloured
from data_pipeline.drawing import draw_bytes
from schemas.sample import Sample

SEEDS = range(12)


def drawn(seed: int) -> bytes:
    design = small_design(np.random.default_rng(seed))
    return draw_bytes(design.width, design.height, design.layers)


def test_a_design_is_of_its_seed_alone() -> None:
    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_sides_and_layers_are_few(seed: int) -> None:
    design = small_design(np.random.default_rng(seed))
    assert 64 / 1.5 <= min(design.width, design.height) <= max(design.width, design.height) <= 128
    assert 2 <= len(design.layers) <= 5


def test_every_design_is_accepted_with_captions() -> None:
    for seed in SEEDS:
        sample = curate(io.BytesIO(drawn(seed)))
        assert isinstance(sample, Sample), sample
        assert sample.captions
        assert any(sample.layer_captions)


def test_what_is_drawn_already_stays(tmp_path: Path) -> None:
    assert draw_designs(tmp_path, 2, seed=5) == 2
    first = tmp_path / "design-00000.psd"
    before = first.read_bytes()
    (tmp_path / "design-00001.psd").unlink()
    first.write_bytes(b"mine")
    draw_designs(tmp_path, 2, seed=5)
    assert first.read_bytes() == b"mine"
    first.unlink()
    draw_designs(tmp_path, 1, seed=5)
    assert first.read_bytes() == before


def test_a_count_that_cannot_be_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["designs", str(tmp_path), "--count", "0"])
    assert main() == 2
    assert "count is 0" in capsys.readouterr().err


@pytest.mark.parametrize("light", [0.1, 0.5, 0.9])
def test_a_colour_is_as_light_as_asked(light: float) -> None:
    for hue in np.linspace(0, 1, 7):
        rgb = np.array(list(bytes.fromhex(coloured(float(hue), light, 0.8)[1:]))) / 255
        assert rgb @ (0.299, 0.587, 0.114) == pytest.approx(light, abs=0.5 / 255)
