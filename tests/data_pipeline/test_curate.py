"""The recipe: what is accepted, what is rejected and why, and the promises a sample keeps."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from psd_tools.constants import BlendMode
from psd_tools.psd import PSD

from data_pipeline.anomaly import Subject
from data_pipeline.curate import curate
from data_pipeline.drawing import Group, Mask, Node, Pixels, Text, draw_bytes, random_design
from schemas.options import CurateOptions
from schemas.reasons import DropReason, Fate, Reason, Stage
from schemas.sample import Rejection, Sample
from tests.data_pipeline.flatten.test_walk import disc, ground
from tests.data_pipeline.test_compose import blended

_RED = Pixels(name="Red", rgba=disc((220, 40, 30), 12), left=2, top=2)
_BLUE = Pixels(name="Blue", rgba=disc((30, 60, 210), 12), left=30, top=30)
_GREEN = Pixels(name="Green", rgba=disc((30, 200, 60), 20), left=6, top=6)


def curated(layers: Sequence[Node], side: int = 48, options: CurateOptions | None = None, **drawn: object) -> Sample:
    result = curate(io.BytesIO(draw_bytes(side, side, layers, **drawn)), options, uri="a.psd")  # type: ignore[arg-type]
    assert isinstance(result, Sample), result.document.message
    return result


def rejected(data: bytes, options: CurateOptions | None = None) -> Rejection:
    result = curate(io.BytesIO(data), options, uri="a.psd")
    assert isinstance(result, Rejection)
    return result


def fates(result: Sample | Rejection) -> list[tuple[str, int | None, str | None]]:
    return [(row.fate, row.stored_index, row.drop_reason) for row in result.layers]


def worst_recomposition(sample: Sample) -> float:
    """In 1/255, between the stored layers blended in float64 and the stored composite, premultiplied."""
    ours = sample.composite / 255
    premultiplied = np.concatenate([ours[..., :3] * ours[..., 3:], ours[..., 3:]], axis=2)
    return float(np.abs(blended(sample.stack) - premultiplied).max() * 255)


@pytest.mark.parametrize("seed", range(10))
def test_the_stored_layers_blend_to_the_stored_composite(seed: int) -> None:
    width, height, layers = random_design(np.random.default_rng(100 + seed))
    options = CurateOptions(max_area=60 * 60 if seed % 2 else 1 << 20, max_mean=255, min_within2=0)
    result = curate(io.BytesIO(draw_bytes(width, height, layers)), options)
    assert isinstance(result, Sample)
    assert worst_recomposition(result) <= 1


def test_a_sample_is_as_faithful_after_merging_and_resizing() -> None:
    sample = curated([ground(), _RED, _BLUE, _GREEN])
    assert sample.fidelity is not None
    assert sample.fidelity.gold
    assert sample.fidelity.final_mean is not None
    assert sample.fidelity.final_mean < 0.5


def test_the_same_file_gives_the_same_sample() -> None:
    data = draw_bytes(48, 48, [ground(), _RED, _GREEN])
    first, second = (curate(io.BytesIO(data), uri="a.psd") for _ in range(2))
    assert isinstance(first, Sample)
    assert isinstance(second, Sample)
    np.testing.assert_array_equal(first.composite, second.composite)
    assert first.layers == second.layers
    assert first.document == second.document
    assert first.captions == second.captions


def test_a_path_and_a_file_give_the_same(tmp_path: Path) -> None:
    data = draw_bytes(48, 48, [ground(), _RED])
    (tmp_path / "a.psd").write_bytes(data)
    from_path = curate(tmp_path / "a.psd", uri="a.psd")
    assert from_path.document == curate(io.BytesIO(data), uri="a.psd").document


def test_what_a_manifest_says_is_kept() -> None:
    data = draw_bytes(48, 48, [ground(), _RED])
    attributes = {"licence": "CC-BY-4.0", "author": "A. Nother", "uri": "no attribute"}
    row = curate(io.BytesIO(data), uri="a.psd", attributes=attributes).document
    assert (row.uri, row.licence, row.author, row.title) == ("a.psd", "CC-BY-4.0", "A. Nother", None)


def test_every_node_has_a_fate() -> None:
    hidden = Pixels(name="Hidden", rgba=disc((1, 1, 1), 12), visible=False)
    covered = Pixels(name="Covered", rgba=disc((9, 9, 9), 8), left=30, top=10)
    cover = Pixels(name="Cover", rgba=np.full((14, 14, 4), 255, np.uint8), left=28, top=8)
    speck = Pixels(name="Speck", rgba=np.full((2, 2, 4), (0, 0, 0, 255), np.uint8), left=2, top=40)
    away = Pixels(name="Away", rgba=disc((1, 1, 1), 12), left=60)
    sample = curated([ground(), Group(layers=(_RED, _BLUE)), hidden, covered, cover, speck, away])
    assert fates(sample) == [
        (Fate.STORED, 0, None),
        (Fate.DISSOLVED, None, None),
        (Fate.MERGED, 1, None),
        (Fate.MERGED, 1, None),
        (Fate.DROPPED, None, DropReason.HIDDEN),
        (Fate.DROPPED, None, DropReason.NON_CONTRIBUTING),
        (Fate.MERGED, 1, None),
        (Fate.DROPPED, None, DropReason.TOO_SMALL),
        (Fate.DROPPED, None, DropReason.OFF_CANVAS),
    ]
    speck_row = sample.layers[7]
    assert (speck_row.value, speck_row.threshold) == (4, 9)  # 16 px on 64 x 64 are 9 px on 48 x 48
    assert sample.document.layers_in == 9
    assert sample.document.layers_stored == 2


def test_a_document_of_one_layer_is_kept_as_single() -> None:
    assert curated([ground()]).kind == "single"
    assert curated([ground(), _RED]).kind == "layered"


def test_the_stored_picture_is_never_larger_than_asked() -> None:
    sample = curated([ground(), _RED], options=CurateOptions(max_area=500))
    assert sample.stack.width * sample.stack.height <= 500
    assert sample.composite.shape[:2] == (sample.stack.height, sample.stack.width)
    assert (sample.document.width, sample.document.height) == (48, 48)


def test_a_side_too_long_for_the_image_format_is_scaled_down() -> None:
    stripe = Pixels(rgba=np.full((4, 20_000, 4), 200, np.uint8))
    result = curate(io.BytesIO(draw_bytes(20_000, 4, [stripe])))
    assert isinstance(result, Sample)
    assert result.stack.width <= 16_383


def test_text_is_told_hidden_or_not() -> None:
    shown = Text(text="shown", rgba=disc((1, 1, 1), 14), left=4, top=4)
    hidden = Text(text="hidden", rgba=disc((1, 1, 1), 14), visible=False)
    assert curated([ground(), shown, hidden]).psd_text == ("shown", "hidden")


def test_a_picture_that_is_not_photoshops_is_unfaithful_with_both_figures() -> None:
    wrong = np.full((48, 48, 4), 255, np.uint8)
    result = rejected(draw_bytes(48, 48, [ground((10, 10, 10))], stored=wrong))
    assert result.document.reason == Reason.UNFAITHFUL
    assert result.document.fidelity_mean is not None
    assert result.document.fidelity_mean > 100
    assert result.document.fidelity_within2 == 0
    assert "mean difference" in (result.document.message or "")
    assert result.layers[0].drop_reason == DropReason.DOCUMENT_REJECTED


def test_a_picture_that_is_not_photoshops_is_kept_on_request_and_marked() -> None:
    options = CurateOptions(unfaithful="flag")
    sample = curated([ground((10, 10, 10))], options=options, stored=np.full((48, 48, 4), 255, np.uint8))
    assert sample.document.flags == ["unfaithful"]
    assert sample.fidelity is not None
    assert not sample.fidelity.gold
    assert sample.fidelity.mean > 100
    assert sample.document.final_mean == sample.fidelity.final_mean == sample.fidelity.mean


def test_a_document_without_a_stored_image_is_kept_on_request_and_marked() -> None:
    data = draw_bytes(48, 48, [ground(), _RED], has_stored=False)
    assert rejected(data).document.reason == Reason.NO_STORED_IMAGE
    kept = curate(io.BytesIO(data), CurateOptions(no_stored_image="keep"))
    assert isinstance(kept, Sample)
    assert kept.fidelity is None
    assert kept.document.gold is None


def test_a_document_in_which_nothing_shows_is_rejected() -> None:
    hidden = Pixels(rgba=disc((1, 1, 1)), visible=False)
    assert rejected(draw_bytes(48, 48, [hidden])).document.reason == Reason.NOTHING_VISIBLE


def _tower(floors: int) -> list[Node]:
    """A chain of overlaps as long as it has floors."""
    return [
        Pixels(rgba=np.full((20, 20, 4), (k * 7 % 256, 90, 200 - k, 255), np.uint8), left=k, top=k)
        for k in range(floors)
    ]


def test_more_than_twenty_levels_are_rejected_or_flattened_on_request() -> None:
    data = draw_bytes(64, 64, _tower(24))
    assert rejected(data).document.reason == Reason.TOO_MANY_OVERLAPS
    kept = curate(io.BytesIO(data), CurateOptions(over_cap="flatten"))
    assert isinstance(kept, Sample)
    assert len(kept.stack.layers) == 20
    assert Fate.FLATTENED in {row.fate for row in kept.layers}
    assert worst_recomposition(kept) <= 1


def test_a_damaged_channel_rejects_the_document() -> None:
    psd = PSD.read(io.BytesIO(draw_bytes(48, 48, [ground(), Pixels(rgba=disc((1, 200, 3), 40))])))
    channel = psd.layer_and_mask_information.layer_info.channel_image_data[1][1]
    channel.data = channel.data[: len(channel.data) // 2]
    damaged = io.BytesIO()
    psd.write(damaged)
    result = rejected(damaged.getvalue())
    assert (result.document.stage, result.document.reason) == (Stage.FLATTEN, Reason.DAMAGED_PIXELS)
    assert [row.drop_reason for row in result.layers] == [DropReason.DOCUMENT_REJECTED] * 2


def test_a_damaged_stored_image_is_found_on_verifying() -> None:
    data = draw_bytes(48, 48, [ground()])
    result = rejected(data[:-40])
    assert (result.document.stage, result.document.reason) == (Stage.VERIFY, Reason.DAMAGED_PIXELS)


def test_a_picture_that_filtering_has_changed_is_unfaithful() -> None:
    rng = np.random.default_rng(0)
    dots = [
        Pixels(rgba=np.full((3, 5, 4), (0, 0, 0, 255), np.uint8), left=6 * (k % 20), top=4 * (k // 20))
        for k in rng.permutation(400)
    ]
    white = Pixels(rgba=np.full((120, 120, 4), 255, np.uint8))
    result = rejected(draw_bytes(120, 120, [white, *dots]))
    assert result.document.reason == Reason.UNFAITHFUL
    assert result.document.fidelity_mean == 0
    assert result.document.final_mean is not None
    assert result.document.final_mean > 50
    assert result.document.gold is False


@pytest.mark.parametrize(
    "name", ["a.b/c\\d", "../../etc/passwd", "<script>alert(1)</script>", "🎨 名前", "x" * 255, ""]
)
def test_names_are_data(name: str) -> None:
    sample = curated([ground(), Pixels(name=name, rgba=disc((1, 1, 200), 20))])
    assert sample.layers[1].name == name


def test_layers_without_pixels_are_no_obstacle() -> None:
    nothing = Pixels(name="Nothing", rgba=np.zeros((0, 0, 4), np.uint8))
    sample = curated([ground(), nothing, _RED])
    assert sample.layers[1].drop_reason == DropReason.EMPTY


def test_previews_are_small_and_can_be_turned_off() -> None:
    big = Pixels(rgba=np.full((40, 700, 4), 255, np.uint8))
    data = draw_bytes(700, 40, [big])
    assert max(curate(io.BytesIO(data)).previews["photoshop"].shape[:2]) == 512
    assert curate(io.BytesIO(data), CurateOptions(previews=False)).previews == {}


class _Reddish:
    """A detector of layers that are red."""

    reason = DropReason.ANOMALY
    threshold = 100.0

    def measure(self, subject: Subject) -> float:
        rgba = subject.layer.rgba
        solid = rgba[rgba[..., 3] > 0].astype(float)
        return float((solid[:, 0] - solid[:, 2]).mean())


def test_a_detector_drops_a_layer_and_what_it_hid_comes_back() -> None:
    hidden = Pixels(name="Hidden by red", rgba=disc((20, 200, 20), 10), left=12, top=12)
    red = Pixels(name="Red", rgba=np.full((30, 30, 4), (250, 0, 0, 255), np.uint8), left=4, top=4)
    data = draw_bytes(48, 48, [ground(), hidden, red])
    without = curate(io.BytesIO(data))
    assert fates(without)[1] == (Fate.DROPPED, None, DropReason.NON_CONTRIBUTING)
    sample = curate(io.BytesIO(data), detectors=[_Reddish()])
    assert isinstance(sample, Sample)
    assert [row.fate for row in sample.layers] == [Fate.STORED, Fate.STORED, Fate.DROPPED]
    assert (sample.layers[2].value, sample.layers[2].threshold) == (250, 100)
    assert "dropped_00" in sample.previews
    assert sample.document.final_mean is None  # it is no longer Photoshop's picture
    assert worst_recomposition(sample) <= 1


def test_a_detector_looks_at_what_comes_to_light() -> None:
    upper = Pixels(name="Upper", rgba=np.full((30, 30, 4), (250, 0, 0, 255), np.uint8), left=4, top=4)
    lower = Pixels(name="Lower", rgba=np.full((20, 20, 4), (240, 0, 0, 255), np.uint8), left=8, top=8)
    sample = curate(io.BytesIO(draw_bytes(48, 48, [ground(), lower, upper])), detectors=[_Reddish()])
    assert [row.value for row in sample.layers[1:]] == [240, 250]


def test_merging_as_the_tree_asks() -> None:
    apart = [Pixels(rgba=disc((30 * k, 90, 200), 10), left=12 * (k % 4), top=12 * (k // 4)) for k in range(8)]
    tree = [ground(), Group(name="A", layers=tuple(apart[:4])), Group(name="B", layers=tuple(apart[4:]))]
    assert len(curated(tree).stack.layers) == 2
    asked = curated(tree, options=CurateOptions(merge="tree", target_layers=3))
    assert [set(layer.layer_ids) for layer in asked.stack.layers] == [{0}, {2, 3, 4, 5}, {7, 8, 9, 10}]


def test_baked_layers_say_so() -> None:
    screened = Pixels(rgba=disc((90, 90, 90), 30), left=8, top=8, blend_mode=BlendMode.SCREEN)
    sample = curated([ground((200, 150, 100)), screened])
    assert [layer.baked for layer in sample.stack.layers] == [False, True]
    assert sample.layers[1].baked
    assert sample.layers[1].backdrop_dependence < 0.05  # grey screened is translucent white


def test_real_files_are_curated_or_rejected(real_psds: Path) -> None:
    for path in sorted(real_psds.glob("features/psd-tools/*"))[:40]:
        result = curate(path)
        assert result.document.status in ("accepted", "rejected")
        if isinstance(result, Sample):
            assert worst_recomposition(result) <= 1


def test_real_designs_match_photoshop(real_psds: Path) -> None:
    results = [curate(path) for path in sorted(real_psds.glob("designs/*/*.ps[db]"))]
    accepted = [result for result in results if isinstance(result, Sample)]
    assert len(accepted) >= 29
    rows = [row for sample in accepted for row in sample.layers]
    leaves = [row for row in rows if row.owner_id is None and row.kind != "group" and row.fate != Fate.DROPPED]
    assert sum(row.fate != Fate.FLATTENED for row in leaves) >= 0.95 * len(leaves)


def test_a_caption_says_where_a_layer_shows() -> None:
    wide = Pixels(name="Banner", rgba=np.full((90, 90, 4), (200, 30, 30, 255), np.uint8))
    corner = Mask(np.full((20, 20), 255, np.uint8), left=70, top=70)
    plain = Pixels(name="Ground", rgba=np.full((90, 90, 4), 255, np.uint8))
    sample = curated([plain, replace(wide, mask=corner)], side=90)
    assert '"Banner" at the bottom right' in sample.captions[0].text
