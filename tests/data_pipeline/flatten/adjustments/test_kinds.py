"""Adjustment layers of every kind, drawn into documents."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psd_tools.constants import Tag
from psd_tools.psd import adjustments as blocks
from psd_tools.psd.descriptor import Bool, DescriptorBlock

from data_pipeline.colour import colour_space
from data_pipeline.compose import compose
from data_pipeline.curate import curate
from data_pipeline.document import Document, open_document
from data_pipeline.flatten import Flattened, flatten
from data_pipeline.flatten.adjustments.kinds import adjustment_kind, read_change
from schemas.options import CurateOptions
from schemas.sample import Sample
from tests.data_pipeline.flatten.adjustments.drawn_adjustments import (
    adjusted_document,
    as_change,
    choice,
    colours,
    filled,
)

_CUBE = "LUT_3D_SIZE 2\n" + "\n".join(f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1))
_RANGES = [[(-15, 15, 45, 75), (0, 0, 0)]] * 6
_GREYS = [blocks.ColorStop(at, 50, 0, colour) for at, colour in ((0, (0, 0, 0, 0)), (4096, (65535, 65535, 65535, 0)))]
_SAME_ROWS = np.array([[100, 0, 0, 0, 0], [0, 100, 0, 0, 0], [0, 0, 100, 0, 0]], ">i2")


def _smooth(brightness: int, contrast: int) -> DescriptorBlock:
    return filled(DescriptorBlock(), {b"Brgh": brightness, b"Cntr": contrast})


def _vibrance(vibrance: int, saturation: int) -> DescriptorBlock:
    return filled(DescriptorBlock(), {b"vibrance": vibrance, b"Strt": saturation})


def _lookup(data: bytes) -> blocks.ColorLookup:
    kinds = {b"lookupType": choice(b"3DLUT"), b"LUTFormat": choice(b"LUTFormatCUBE")}
    return filled(blocks.ColorLookup(), {**kinds, b"LUT3DFileData": data})


def _hues(enable: int, shift: tuple[int, int, int]) -> blocks.HueSaturation:
    return blocks.HueSaturation(enable=enable, colorization=shift, master=shift, items=_RANGES)


def _mixer(rows: np.ndarray) -> blocks.ChannelMixer:
    return blocks.ChannelMixer(data=rows[0].tolist(), unknown=rows[1:].tobytes())


def _curves(points: list[tuple[int, int]]) -> blocks.Curves:
    return blocks.Curves(version=1, count_map=1, data=[points])


def _gradient_map() -> blocks.GradientMap:
    return blocks.GradientMap(color_stops=_GREYS, minimum_color=[0] * 4, maximum_color=[0] * 4)


_PLATES = [(0, 0, 0, 0)] * 10
_NEUTRAL: dict[str, tuple[Tag, Any]] = {
    "balance": (Tag.COLOR_BALANCE, blocks.ColorBalance((0,) * 3, (0,) * 3, (0,) * 3, False)),
    "balance kept": (Tag.COLOR_BALANCE, blocks.ColorBalance((9,) * 3, (-50,) * 3, (100,) * 3, True)),
    "brightness": (Tag.CONTENT_GENERATOR_EXTRA_DATA, _smooth(0, 0)),
    "brightness of CS2": (Tag.BRIGHTNESS_AND_CONTRAST, blocks.BrightnessContrast(0, 0, 127, 0)),
    "curves": (Tag.CURVES, _curves([(0, 0), (255, 255)])),
    "hues": (Tag.HUE_SATURATION, _hues(0, (0, 0, 0))),
    "lookup": (Tag.COLOR_LOOKUP, _lookup(_CUBE.encode())),
    "mixer": (Tag.CHANNEL_MIXER, _mixer(_SAME_ROWS)),
    "photo filter": (Tag.PHOTO_FILTER, blocks.PhotoFilter(2, None, 0, (65535, 0, 0, 0), 0, 0)),
    "photo filter kept": (Tag.PHOTO_FILTER, blocks.PhotoFilter(2, None, 0, (65535, 0, 0, 0), 0, 1)),
    "selective": (Tag.SELECTIVE_COLOR, blocks.SelectiveColor(method=0, data=_PLATES)),
    "vibrance": (Tag.VIBRANCE, _vibrance(0, 0)),
}
_FIXED: dict[str, tuple[Tag, Any]] = {  # greys stay, colours become grey
    "black and white": (Tag.BLACK_AND_WHITE, filled(DescriptorBlock(), {b"Rd  ": 40})),
    "gradient map": (Tag.GRADIENT_MAP, _gradient_map()),
    "colourless": (Tag.HUE_SATURATION, _hues(1, (0, 0, 0))),
    "vibrance": (Tag.VIBRANCE, _vibrance(0, -100)),
}


def _opened(path: Path) -> Document:
    document = open_document(path, CurateOptions())
    assert isinstance(document, Document)
    return document


def _flattened(path: Path) -> Flattened:
    document = _opened(path)
    return flatten(document, colour_space(document))


def _picture(flat: Flattened) -> np.ndarray:
    return np.asarray(compose(flat.stack))[..., :3].astype(int)


@pytest.mark.parametrize("name", _NEUTRAL)
def test_neutral_settings_change_nothing(name: str, tmp_path: Path) -> None:
    flat = _flattened(adjusted_document(tmp_path / "a.psd", *_NEUTRAL[name]))
    assert flat.unsupported == ()
    assert np.abs(_picture(flat) - colours()[..., :3]).max() <= 1


@pytest.mark.parametrize("name", _FIXED)
def test_greys_stay_where_colours_become_grey(name: str, tmp_path: Path) -> None:
    flat = _flattened(adjusted_document(tmp_path / "a.psd", *_FIXED[name]))
    picture = _picture(flat)
    assert flat.unsupported == ()
    assert np.abs(picture[0] - colours()[0, :, :3]).max() <= 1
    assert np.ptp(picture, axis=2).max() <= 1


def test_a_layer_of_cs2_is_an_adjustment_of_brightness(tmp_path: Path) -> None:
    settings = blocks.BrightnessContrast(65536 - 40, 0, 127, 0)
    path = adjusted_document(tmp_path / "a.psd", Tag.BRIGHTNESS_AND_CONTRAST, settings)
    assert adjustment_kind(_opened(path).psd[1]) == "brightnesscontrast"
    picture = _picture(_flattened(path))
    assert np.abs(picture - np.maximum(colours()[..., :3].astype(int) - 40, 0)).max() <= 1


def test_a_greyscale_document_has_brightness_and_no_colour_balance(tmp_path: Path) -> None:
    bright = adjusted_document(tmp_path / "a.psd", Tag.BRIGHTNESS_AND_CONTRAST, blocks.BrightnessContrast(20), mode="L")
    assert _flattened(bright).unsupported == ()
    balance = adjusted_document(tmp_path / "b.psd", Tag.COLOR_BALANCE, blocks.ColorBalance(), mode="L")
    assert _flattened(balance).unsupported == ("adjustment:colorbalance",)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = adjusted_document(tmp_path / "a.psd", Tag.COLOR_LOOKUP, _lookup(b"LUT_3D_SIZE 999999"))
    assert _flattened(path).unsupported == ("adjustment:colorlookup",)


_HOSTILE_VALUES = (float("nan"), float("inf"), -1e308, 2**31 - 1, True, b"bytes", choice(b"what"), DescriptorBlock())
_KEYS = {
    Tag.CONTENT_GENERATOR_EXTRA_DATA: (b"Brgh", b"Cntr", b"means", b"useLegacy"),
    Tag.BLACK_AND_WHITE: (b"Rd  ", b"Mgnt", b"useTint", b"tintColor"),
    Tag.VIBRANCE: (b"vibrance", b"Strt"),
    Tag.COLOR_LOOKUP: (b"LUTFormat", b"LUT3DFileData", b"profile", b"tableOrder"),
}


@pytest.mark.parametrize("tag", _KEYS)
@pytest.mark.filterwarnings("error")
def test_any_value_gives_colours_or_none(tag: Tag, tmp_path: Path) -> None:
    (known,) = {name: block for name, (own, block) in (_NEUTRAL | _FIXED).items() if own == tag and name}.values()
    for key in _KEYS[tag]:
        for value in (None, *_HOSTILE_VALUES):
            block = type(known).frombytes(known.tobytes())
            block[b"useLegacy"] = Bool(key == b"means")
            block.pop(key, None)
            if value is not None:
                filled(block, {key: value})
            document = _opened(adjusted_document(tmp_path / "a.psd", tag, block))
            change = read_change(document.psd[1], colour_space(document))
            if change is not None:
                drawn = change(as_change(colours()))
                assert ((drawn >= 0) & (drawn <= 1)).all()


_TAGS = sorted({tag for tag, _ in (*_NEUTRAL.values(), *_FIXED.values())} | {Tag.EXPOSURE, Tag.LEVELS, Tag.THRESHOLD})


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "LAB"])
@pytest.mark.parametrize("tag", _TAGS)
@pytest.mark.filterwarnings("error")
def test_any_bytes_give_colours_or_none(tag: Tag, mode: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    known = [block for own, block in (*_NEUTRAL.values(), *_FIXED.values()) if own == tag]
    for trial in range(40 if mode == "RGB" else 8):
        data = bytearray(known[0].tobytes() if known and trial % 4 else rng.bytes(int(rng.integers(0, 400))))
        for place in rng.integers(0, max(len(data), 1), trial % 5):
            data[place : place + 1] = rng.bytes(min(1, len(data)))
        path = adjusted_document(tmp_path / "a.psd", tag, bytes(data), mode=mode)
        document = _opened(path)
        change = read_change(document.psd[1], colour_space(document))
        if change is not None:
            drawn = change(as_change(colours()))
            assert ((drawn >= 0) & (drawn <= 1)).all()


@pytest.mark.parametrize("kind", ["brightnesscontrast", "colorbalance", "curves", "huesaturation"])
def test_no_adjustment_of_photoshops_own_files_is_named(kind: str, real_psds: Path) -> None:
    paths = [path for path in real_psds.glob("features/psd2svg/*") if f"_{kind}-" in path.name]
    samples = [sample for path in paths if isinstance(sample := curate(path), Sample) and sample.fidelity is not None]
    assert samples
    for sample in samples:
        assert not sample.document.unsupported
        assert sample.fidelity.within2 >= 0.999
