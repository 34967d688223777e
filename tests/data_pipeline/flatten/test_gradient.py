"""Gradients: the kernel against its formula written out, and against rasters that Photoshop keeps of its own fills."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from psd_tools import PSDImage
from psd_tools.constants import ColorMode, Tag
from psd_tools.psd.descriptor import Bool, DescriptorBlock, Double, Enumerated, Integer, List
from psd_tools.terminology import Key

from data_pipeline.boxes import view
from data_pipeline.colour import ColourSpace
from data_pipeline.compose import compose
from data_pipeline.drawing import Gradient, GradientOverlay, Pixels
from data_pipeline.drawing.paints import gradient_block
from data_pipeline.flatten.gradient import draw_gradient
from data_pipeline.flatten.paint import anchor_of_fill, unmeasured_features
from tests.data_pipeline.flatten.test_feather import distance_of
from tests.data_pipeline.flatten.test_walk import flattened, ground

_RGB = ColourSpace(ColorMode.RGB, None, None, damaged_profile=False)
_STOPS = ((0.0, (255, 0, 40), 1.0), (0.25, (10, 250, 0), 0.5), (1.0, (0, 20, 255), 1.0))
_BOX = (3, -5, 83, 45)
_ANCHOR = (5, -4, 77, 36)


def place_of(style: str, angle: float, scale: float, x: float, y: float) -> float:
    """How far along the gradient a pixel is, whose corner is (x, y) from the middle of 72 x 40 pixels."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    half = min(36 / max(abs(cosine), 1e-9), 20 / max(abs(sine), 1e-9)) * scale
    whole = math.trunc if scale != 1 else math.floor
    right, down = whole(round(half * cosine, 3)), whole(round(-half * sine, 3))
    if style == "linear":
        left, up = whole(round(-half * cosine, 3)), whole(round(half * sine, 3))
        x, y, right, down = x - left, y - up, right - left, down - up
    square = right**2 + down**2
    along, across = (x * right + y * down) / square, (x * down - y * right) / square
    return {
        "linear": along,
        "radial": math.hypot(along, across),
        "angle": math.atan2(-across, along) / (2 * math.pi) % 1,
        "reflected": abs(along),
        "diamond": abs(along) + abs(across),
    }[style]


def spline(t: float, smoothness: float) -> list[float]:
    """Red, green, blue and alpha at a place, each in [0, 1]."""
    at = [stop[0] for stop in _STOPS]
    values = [(*(c / 255 for c in stop[1]), stop[2]) for stop in _STOPS]
    t = min(max(t, 0), 1)
    k = 0 if t < at[1] else 1
    u = (t - at[k]) / (at[k + 1] - at[k])
    result = []
    for channel in range(4):
        before, start, end, after = (values[min(max(k + i, 0), 2)][channel] for i in (-1, 0, 1, 2))
        leaves, arrives = (end - before) / 2, (after - start) / 2
        hermite = (
            (2 * u**3 - 3 * u**2 + 1) * start
            + (u**3 - 2 * u**2 + u) * leaves
            + (3 * u**2 - 2 * u**3) * end
            + (u**3 - u**2) * arrives
        )
        straight = start + u * (end - start)
        result.append(min(max(straight + smoothness * (hermite - straight), 0), 1))
    return result


@pytest.mark.parametrize("style", ["linear", "radial", "angle", "reflected", "diamond"])
@pytest.mark.parametrize(
    ("angle", "scale", "smoothness"), [(0, 1.0, 1.0), (90, 1.0, 0.0), (33, 1.0, 0.4), (-140, 0.6, 1.0)]
)
def test_every_style_is_what_its_formula_says(style: str, angle: float, scale: float, smoothness: float) -> None:
    gradient = Gradient(_STOPS, style=style, angle=angle, scale=scale, smoothness=smoothness)
    rgb, alpha = draw_gradient(gradient_block(gradient), _BOX, _ANCHOR, _RGB)
    for y in range(0, rgb.shape[0], 7):
        for x in range(0, rgb.shape[1], 5):
            t = place_of(style, angle, scale, _BOX[0] + x - 41, _BOX[1] + y - 16)
            around = np.array([spline(t + step, smoothness) for step in (-1 / 4096, 0, 1 / 4096)])
            low, high = around.min(axis=0) - 0.5 / 255 - 1e-4, around.max(axis=0) + 0.5 / 255 + 1e-4
            if style == "angle" and not 1e-3 < t < 1 - 1e-3:
                continue  # either end
            drawn = [*(rgb[y, x] / 255), alpha[y, x]]
            assert (low <= drawn).all(), (x, y, t)
            assert (drawn <= high).all(), (x, y, t)


def test_it_is_laid_out_on_the_anchor_whatever_is_drawn_of_it() -> None:
    descriptor = gradient_block(Gradient(_STOPS, angle=50))
    whole, _ = draw_gradient(descriptor, _BOX, _ANCHOR, _RGB)
    inner = (20, 3, 41, 30)
    assert np.array_equal(draw_gradient(descriptor, inner, _ANCHOR, _RGB)[0], view(whole, _BOX, inner))


def test_reversed_it_runs_the_other_way() -> None:
    forth, _ = draw_gradient(gradient_block(Gradient(_STOPS, angle=0)), _BOX, _ANCHOR, _RGB)
    back, _ = draw_gradient(gradient_block(Gradient(_STOPS, angle=0, reverse=True)), _BOX, _ANCHOR, _RGB)
    assert np.abs(forth[:, 38 - 20].astype(int) - back[:, 38 + 20]).max() <= 1


def test_an_overlay_is_laid_out_on_what_its_layer_paints() -> None:
    rgba = np.zeros((30, 40, 4), np.uint8)
    rgba[5:25, 8:38] = 255
    gradient = Gradient(_STOPS[::2], angle=0)
    flat, _ = flattened([ground(), Pixels(rgba=rgba, effects=(GradientOverlay(gradient),))])
    expected, _ = draw_gradient(gradient_block(gradient), (8, 5, 38, 25), (8, 5, 38, 25), _RGB)
    assert np.array_equal(view(compose(flat.stack), (0, 0, 48, 48), (8, 5, 38, 25))[..., :3], expected)


@pytest.mark.parametrize("place", [math.nan, math.inf])
def test_a_gradient_of_what_is_no_number_is_refused(place: float) -> None:
    block = gradient_block(Gradient(_STOPS))
    block[Key.Gradient][b"Intr"] = Double(place)
    with pytest.raises(ValueError, match="number"):
        draw_gradient(block, _BOX, _ANCHOR, _RGB)


def of_noise(model: bytes, least: Sequence[int], most: Sequence[int], has_alpha: bool = False) -> DescriptorBlock:
    block = gradient_block(Gradient(_STOPS))
    noise = {
        b"GrdF": Enumerated(b"GrdF", b"ClNs"),
        b"ClrS": Enumerated(b"ClrS", model),
        b"ShTr": Bool(has_alpha),
        b"Mnm ": List(items=[Integer(value) for value in least]),
        b"Mxm ": List(items=[Integer(value) for value in most]),
    }
    for key, value in noise.items():
        block[Key.Gradient][key] = value
    return block


@pytest.mark.parametrize(
    ("model", "values", "colour"),
    [(b"RGBC", (50, 0, 100), (128, 0, 255)), (b"HSBl", (50, 100, 100), (0, 255, 255)), (b"LbCl", (100, 50, 50), None)],
)
def test_noise_of_one_colour_is_that_colour(
    model: bytes, values: tuple[int, ...], colour: tuple[int, ...] | None
) -> None:
    rgb, alpha = draw_gradient(of_noise(model, (*values, 0), (*values, 0)), _BOX, _ANCHOR, _RGB)
    assert np.abs(rgb - np.array(colour or (255, 255, 255))).max() <= 1
    assert (alpha == 1).all()


def test_other_noise_is_the_middle_of_its_range_and_named() -> None:
    block = of_noise(b"RGBC", (0, 20, 0, 0), (100, 60, 0, 50), has_alpha=True)
    rgb, alpha = draw_gradient(block, _BOX, _ANCHOR, _RGB)
    assert (rgb == (128, 102, 0)).all()
    assert (alpha == 0.25).all()
    assert unmeasured_features(block) == ["gradient_noise"]


@pytest.mark.parametrize("most", [(100, 100), (100, 100, 100, 100, 100), ()])
def test_noise_without_four_ranges_is_refused(most: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="ranges"):
        draw_gradient(of_noise(b"RGBC", (0,) * len(most), most), _BOX, _ANCHOR, _RGB)


def test_photoshops_noise_is_named(real_psds: Path) -> None:
    figures, unsupported = distance_of(real_psds, "ag-psd/b7f46752_src.psd")
    assert "gradient_noise" in unsupported
    assert figures.mean < 1.1


def test_the_stops_of_a_32_bit_document_are_linear_light() -> None:
    linear = replace(_RGB, is_linear=True)
    grey = gradient_block(Gradient(((0.0, (56, 56, 56), 1.0), (1.0, (56, 56, 56), 1.0))))
    assert (draw_gradient(grey, _BOX, _ANCHOR, linear)[0] == 129).all()


def test_photoshops_own_gradient_of_a_32_bit_document(real_psds: Path) -> None:
    figures, unsupported = distance_of(real_psds, "psd-tools/f46c6632_4x4_32bit_grayscale.psd")
    assert unsupported == ()
    assert figures.mean == 0


# Folder and file, and how far a pixel may be off: Photoshop dithers all but the last two
_FILLS = [
    ("psd-tools/9c5e709a_gradient-styles.psd", 1),
    ("psd2svg/b0610d00_linear-gradient-3-interp-classic.psd", 1),
    ("psd2svg/3cb15eca_linear-gradient-6-45deg.psd", 1),
    ("psd2svg/f4c23880_linear-gradient-3-interp-smooth.psd", 2),
    ("psd2svg/b6e27664_radial-gradient-1.psd", 2),
    ("psd-tools/7dc81242_adjustment_clipping.psd", 1),
    ("psd2svg/fa9584a8_linear-gradient-7-offset.psd", 1),
]


@pytest.mark.parametrize(("name", "most"), _FILLS)
def test_photoshops_own_rasters_are_met(name: str, most: int, real_psds: Path) -> None:
    psd = PSDImage.open(real_psds / "features" / name)
    compared = 0
    for layer in psd.descendants():
        blocks = layer.tagged_blocks
        found = (blocks.get_data(tag) for tag in (Tag.GRADIENT_FILL_SETTING, Tag.VECTOR_STROKE_CONTENT_DATA))
        descriptor = next((one for one in found if one is not None and Key.Gradient in one), None)
        if descriptor is None or not layer.has_pixels() or descriptor[Key.Gradient][b"GrdF"].enum != b"CstS":
            continue
        rgb, alpha = draw_gradient(descriptor, tuple(layer.bbox), anchor_of_fill(descriptor, layer), _RGB)
        kept = layer.numpy()
        assert kept is not None
        opaque = (alpha == 1) & (kept[..., 3] == 1)
        off = np.abs(rgb.astype(float) - kept[..., :3] * 255).max(axis=2)[opaque]
        if layer.name == "Angle":  # the seam
            off = np.sort(off)[: -max(3, len(off) // 50)]
        if (layer.name, float(descriptor.get(Key.Angle, 0))) == ("Diamond", 60):  # its end is rounded another way
            continue
        assert off.size == 0 or off.max() <= most + 0.01, layer.name
        compared += 1
    assert compared
