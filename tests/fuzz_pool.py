"""The files that fuzzing starts from: small drawn ones that cover what a PSD can hold, and small real ones."""

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import ImageCms
from psd_tools.constants import BlendMode

from data_pipeline.drawing import (
    ColourOverlay,
    DropShadow,
    Fill,
    Gradient,
    GradientOverlay,
    Group,
    Invert,
    Mask,
    Node,
    PatternOverlay,
    Pixels,
    Stroke,
    Text,
    Tile,
    draw_bytes,
)
from tests.conftest import REAL_PSDS
from tests.mutations import Original, original

_SIZE = (72, 56)
_LARGEST_REAL_BYTES = 200_000
_SUNSET = Gradient(((0.0, (250, 90, 30), 1.0), (1.0, (40, 10, 90), 0.3)), style="radial", angle=30.0)
_TRIANGLE = ((30.0, 4.0), (60.0, 50.0), (6.0, 44.0))


def drawn_originals() -> list[Original]:
    return [original(name, data) for name, data in _drawn()]


def real_originals() -> list[Original]:
    """Empty where the folder of real PSDs is missing."""
    paths = [path for path in sorted(REAL_PSDS.rglob("*")) if path.suffix.lower() in (".psd", ".psb")]
    small = [path for path in paths if path.stat().st_size < _LARGEST_REAL_BYTES]
    read = (original(path.name.replace("-", "_"), path.read_bytes()) for path in small)
    return [one for one in read if one.fields]


def neighbours() -> dict[str, bytes]:
    """Sound files that must come through untouched; no mutant can have their pictures."""
    files = {}
    for index in range(6):
        layers = [_ground(1000 + index), _disc(2000 + index, 12, 9), _disc(3000 + index, 26, 17)]
        layers.append(
            Group(opacity=180, layers=(_disc(4000 + index, 30, 4), Text(text=f"n {index}", rgba=_dots(index))))
        )
        depth = 16 if index == 4 else 8
        files[f"neighbour-{index}.psd"] = draw_bytes(*_SIZE, layers, depth=depth, large=index == 5)
    return files


def _drawn() -> Iterator[tuple[str, bytes]]:
    """Names have no dash, so that a mutant's name can be taken apart."""
    masked = [
        _disc(1, 4, 6, mask=_mask(default=255)),
        _disc(2, 20, 10, mask=_mask(density=120)),
        _disc(3, 30, 8, mask=_mask(feather=2.5)),
        _disc(4, 8, 20, mask=_mask(disabled=True), vector_mask=(_TRIANGLE,)),
    ]
    nested = Group(
        blend_mode=BlendMode.NORMAL, opacity=170, layers=(_disc(8, 9, 9), Group(layers=(_disc(9, 3, 3),), fill=90))
    )
    mixed = [_disc(20 + k, 3 * k, 2 * k, blend_mode=mode, opacity=200) for k, mode in enumerate(_MODES)]
    styled = [_disc(50 + k, 9 * k, 4 * k, effects=effects) for k, effects in enumerate(_effects())]
    fills: list[Node] = [
        Fill(name="solid", paint=(9, 99, 199)),
        Fill(name="gradient", paint=_SUNSET, opacity=150, mask=_mask()),
        Fill(name="pattern", paint=_tile(), scale=0.5, vector_mask=(_TRIANGLE,)),
        Fill(name="stroked", paint=(200, 10, 10), vector_mask=(_TRIANGLE,), effects=(Stroke(3, (0, 255, 0)),)),
        Text(name="words", text="words\nhere", rgba=_dots(60), left=11, top=30),
    ]
    clipping = [
        _disc(70, 10, 10),
        _disc(71, 18, 14, clipping=True),
        _disc(72, 4, 12, clipping=True, blend_mode=BlendMode.SCREEN, fill=128),
        _disc(73, 30, 10, knockout=1, fill=40),
        Group(layers=(_disc(74, 12, 2, knockout=2, fill=0),)),
    ]
    boards = [Group(artboard=(6, 4, 50, 40), layers=(_disc(80, 0, 0), Invert(), _disc(81, 20, 20, visible=False)))]
    everything = [masked[0], nested, mixed[1], styled[1], *fills[1:3], *clipping[:2]]
    yield "masks.psd", draw_bytes(*_SIZE, [_ground(0), *masked])
    yield "groups.psd", draw_bytes(*_SIZE, [_ground(5), Group(opacity=120, layers=(_disc(6, 2, 2),)), nested])
    yield "modes.psd", draw_bytes(*_SIZE, [_ground(10), *mixed])
    yield "effects.psd", draw_bytes(*_SIZE, [_ground(11), *styled], merged_alpha=False)
    yield "fills.psd", draw_bytes(*_SIZE, fills)
    yield "clipping.psd", draw_bytes(*_SIZE, [_ground(12), *clipping])
    yield "artboard.psd", draw_bytes(*_SIZE, boards)
    yield "deep.psd", draw_bytes(*_SIZE, [_ground(13), *masked[:3], nested], depth=16)
    yield "large.psb", draw_bytes(*_SIZE, [_ground(14), *everything], large=True)
    yield "ink.psd", draw_bytes(*_SIZE, [_ground(15), *everything[:3]], mode="CMYK")
    yield "grey.psd", draw_bytes(*_SIZE, [_ground(16), *masked], mode="L", icc_profile=_profile())
    yield "blank.psd", draw_bytes(*_SIZE, [_ground(17), *clipping], has_stored=False, icc_profile=_profile())


_MODES = (BlendMode.MULTIPLY, BlendMode.SOFT_LIGHT, BlendMode.HUE, BlendMode.COLOR_DODGE, BlendMode.HARD_MIX,
          BlendMode.DISSOLVE, BlendMode.DIVIDE)  # fmt: skip


def _effects() -> Sequence[tuple]:
    return (
        (ColourOverlay((250, 0, 0), opacity=0.5), DropShadow()),
        (GradientOverlay(_SUNSET, blend_mode=BlendMode.MULTIPLY), Stroke(2, _SUNSET, "inside")),
        (PatternOverlay(_tile()), Stroke(3, (0, 0, 250), "centre", blend_mode=BlendMode.SCREEN)),
        (Stroke(4, _tile(), present=None), ColourOverlay((0, 250, 0), present=None), ColourOverlay((1, 2, 3))),
    )


def _ground(seed: int) -> Pixels:
    width, height = _SIZE
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = np.random.default_rng((7, seed)).integers(0, 256, 3)
    rgba[..., 0] ^= np.arange(width, dtype=np.uint8)
    return Pixels(name="Background", rgba=rgba)


def _disc(seed: int, left: int, top: int, **options) -> Pixels:
    y, x = np.mgrid[:24, :24] + 0.5
    rgba = np.empty((24, 24, 4), np.uint8)
    rgba[..., :3] = np.random.default_rng((8, seed)).integers(0, 256, 3)
    rgba[..., 3] = np.rint(np.clip(12 - np.hypot(x - 12, y - 12), 0, 1) * 255)
    rgba[rgba[..., 3] == 0] = 0
    return Pixels(name=f"disc {seed}", rgba=rgba, left=left, top=top, **options)


def _dots(seed: int) -> np.ndarray:
    rgba = np.zeros((8, 20, 4), np.uint8)
    rgba[::2, ::3] = (20, 30, seed * 3 % 256, 255)
    return rgba


def _mask(**options) -> Mask:
    ramp = np.rint(np.linspace(0, 255, 20)).astype(np.uint8)
    return Mask(np.broadcast_to(ramp, (18, 20)), 6, 6, **options)


def _tile() -> Tile:
    return Tile(np.indices((6, 5)).sum(0)[..., np.newaxis].repeat(3, 2).astype(np.uint8) * 25)


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
