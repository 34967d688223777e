import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from evaluation.reconstruction.backgrounds import BACKGROUNDS, over_backgrounds, through_jpeg
from evaluation.reconstruction.pictures import Source, cropped, sources
from evaluation.reconstruction.protocol import Comparison, Networks, compare, comparisons, from_model, similarity
from evaluation.reconstruction.summary import Summary, summarise
from evaluation.similarity import luma, psnr
from tests.evaluation.drawn_cutouts import cutout, noisy

SOURCE = Source(Path("a.png"), "a", "", 64, 64)
VARIANTS = [(name, jpeg) for name in BACKGROUNDS for jpeg in (False, True)]


def _compared(truth: np.ndarray, reconstruction: np.ndarray, networks: Networks | None = None) -> Comparison:
    return compare(SOURCE, truth, reconstruction, networks or Networks())


def _opaque(level: int) -> np.ndarray:
    return np.full((32, 32, 4), (level, level, level, 255), np.uint8)


def test_identical_pictures_have_eighty_decibels() -> None:
    scores = _compared(cutout(64, 64), cutout(64, 64)).scores
    assert list(scores) == VARIANTS
    for score in scores.values():
        assert score.psnr == pytest.approx(80, abs=1e-12)
        assert score.ssim == pytest.approx(1, abs=1e-12)


def test_a_constant_offset_has_the_psnr_of_its_square() -> None:
    expected = -10 * math.log10((10 / 255) ** 2 + 1e-8)
    for score in _compared(_opaque(100), _opaque(110)).scores.values():
        assert score.psnr == pytest.approx(expected, abs=1e-9)


def test_each_colour_is_measured_by_its_own_blends() -> None:
    truth, other = cutout(64, 48), noisy(cutout(64, 48))
    scores = _compared(truth, other).scores
    for name, rgb in over_backgrounds(truth).items():
        other_rgb = over_backgrounds(other)[name]
        assert scores[name, False].psnr == pytest.approx(psnr(rgb, other_rgb), abs=0.01)
        assert scores[name, True].psnr == pytest.approx(psnr(through_jpeg(rgb), through_jpeg(other_rgb)), abs=0.01)
        assert scores[name, True] != scores[name, False]


def test_ssim_is_of_whole_levels_of_luma() -> None:
    a, b = (over_backgrounds(picture)["red"] for picture in (cutout(64, 48), noisy(cutout(64, 48))))
    _, picture = structural_similarity(
        *(np.rint(luma(one)) for one in (a, b)),
        data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True,
    )  # fmt: skip
    assert similarity(a, b)[1] == pytest.approx(picture[5:-5, 5:-5].mean(), abs=1e-9)


def test_colour_under_alpha_zero_does_not_count() -> None:
    other = cutout(64, 64)
    other[other[..., 3] == 0, :3] = 77
    assert all(score.psnr == pytest.approx(80) for score in _compared(cutout(64, 64), other).scores.values())


def test_an_error_of_alpha_alone_shows_where_the_ground_differs() -> None:
    """A black disc that has become fainter is the same over black."""
    truth = np.full((32, 32, 4), (0, 0, 0, 255), np.uint8)
    fainter = truth.copy()
    fainter[..., 3] = 200
    comparison = _compared(truth, fainter)
    assert comparison.scores["black", False].psnr == pytest.approx(80)
    assert comparison.scores["white", False].psnr == pytest.approx(20 * math.log10(255 / 54), abs=0.01)  # 55, truncated
    assert comparison.alpha.mae == pytest.approx(55 / 255)


@pytest.mark.parametrize(
    "reconstruction",
    [np.zeros((32, 31, 4), np.uint8), np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32, 4), np.float32)],
)
def test_a_reconstruction_of_another_kind_is_refused_by_name(reconstruction: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"a\.png: a reconstruction is uint8 \(32, 32, 4\)"):
        _compared(_opaque(0), reconstruction)


def _folder(tmp_path: Path, groups: dict[str, int]) -> list[Source]:
    for group, count in groups.items():
        (tmp_path / group).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(cutout(50, 40, number)).save(tmp_path / group / f"{number}.png")
    return sources(tmp_path)


def _summary(tmp_path: Path, groups: dict[str, int], networks: Networks | None = None) -> Summary:
    found = _folder(tmp_path, groups)
    return summarise(comparisons(found, from_model(noisy), networks or Networks(), 32, workers=2))


def test_a_model_reconstructs_the_crop(tmp_path: Path) -> None:
    seen = []

    def reconstruct(rgba: np.ndarray) -> np.ndarray:
        seen.append(rgba)
        return rgba

    (one,) = comparisons(_folder(tmp_path, {"": 1}), from_model(reconstruct), Networks(), 32)
    assert np.array_equal(seen[0], cropped(cutout(50, 40, 0), 32))
    assert one.scores["gray", True].psnr == pytest.approx(80)


def test_figures_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    found = _folder(tmp_path, {"": 4})
    one, three = (summarise(comparisons(found, from_model(noisy), Networks(), 32, workers)) for workers in (1, 3))
    assert (one.samples, one.backgrounds, one.figures) == (three.samples, three.backgrounds, three.figures)


def test_a_figure_is_the_mean_over_colours_and_pictures(tmp_path: Path) -> None:
    summary = _summary(tmp_path, {"": 3})
    for jpeg, column in ((True, "psnr"), (False, "psnr_without_jpeg")):
        values = [row.psnr for row in summary.backgrounds if row.jpeg == jpeg]
        assert len(values) == 27
        figure = summary.figures[column]
        assert figure.mean == pytest.approx(np.mean(values), rel=1e-12)
        assert figure.low < figure.mean < figure.high
        by_colour = [summary.over((name, jpeg), "psnr") for name in BACKGROUNDS]
        assert np.mean(by_colour) == pytest.approx(figure.mean, rel=1e-12)  # type: ignore[arg-type]


def test_every_folder_weighs_the_same(tmp_path: Path) -> None:
    summary = _summary(tmp_path, {"few": 1, "many": 3})
    few, *many = (row.ssim for row in summary.samples)
    assert summary.groups == {"few": 1, "many": 3}
    assert summary.figures["ssim"].mean == pytest.approx((few + np.mean(many)) / 2, rel=1e-12)


def test_the_worst_picture_comes_first(tmp_path: Path) -> None:
    summary = _summary(tmp_path, {"": 8})
    lowest = sorted(summary.samples, key=lambda row: row.psnr)
    assert [comparison.source.name for comparison in summary.worst] == [row.sample for row in lowest[:6]]


def test_without_weights_nothing_is_made_up(tmp_path: Path) -> None:
    summary = _summary(tmp_path, {"": 2})
    assert "lpips" not in summary.figures
    assert {row.lpips for row in summary.backgrounds} == {None}
    assert summary.mean_rfid(jpeg=True) is summary.over(("red", True), "lpips") is None


def _mean_colours(pictures) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.stack([picture.reshape(-1, 3).mean(axis=0) for picture in pictures])


def _distances(truths, others) -> list[float]:  # type: ignore[no-untyped-def]
    return [float(np.abs(a.astype(float) - b).mean()) for a, b in zip(truths, others, strict=True)]


def test_distances_of_a_network_are_averaged_as_the_others(tmp_path: Path) -> None:
    summary = _summary(tmp_path, {"": 3}, Networks(lpips=_distances))
    values = [row.lpips for row in summary.backgrounds if row.jpeg]
    assert summary.figures["lpips"].mean == pytest.approx(np.mean(values))  # type: ignore[arg-type]


def test_rfid_is_of_each_folder_and_colour(tmp_path: Path) -> None:
    found = _folder(tmp_path, {"a": 3, "b": 4})

    def shifted(rgba: np.ndarray) -> np.ndarray:
        return np.where(np.arange(4) < 3, rgba // 2 + 20, 255).astype(np.uint8)

    def opaque_truths(source: Source, truth: np.ndarray) -> np.ndarray:
        return shifted(truth)

    summary = summarise(comparisons(found, opaque_truths, Networks(features=_mean_colours), 32))
    assert set(summary.rfid) == set(VARIANTS)
    together = summarise(comparisons(found[:3], opaque_truths, Networks(features=_mean_colours), 32))
    apart = summarise(comparisons(found[3:], opaque_truths, Networks(features=_mean_colours), 32))
    for variant in VARIANTS:
        assert summary.rfid[variant] == pytest.approx((together.rfid[variant] + apart.rfid[variant]) / 2, rel=1e-12)
    assert summary.mean_rfid(jpeg=True) == pytest.approx(np.mean([summary.rfid[name, True] for name in BACKGROUNDS]))


def test_a_folder_of_one_picture_has_no_rfid(tmp_path: Path) -> None:
    assert _summary(tmp_path, {"a": 1, "b": 3}, Networks(features=_mean_colours)).rfid == {}


def test_nothing_has_no_summary() -> None:
    with pytest.raises(ValueError, match="nothing"):
        summarise([])
