"""Effects as Photoshop 5 and 6 stored them: against what later versions store beside them, and drawn alike."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psd_tools.api.effects import _Effect
from psd_tools.constants import BlendMode, ColorSpaceID, EffectOSType, Tag
from psd_tools.psd.color import Color
from psd_tools.psd.descriptor import Bool, Descriptor
from psd_tools.psd.effects_layer import (
    BevelInfo,
    CommonStateInfo,
    EffectsLayer,
    InnerGlowInfo,
    OuterGlowInfo,
    ShadowInfo,
    SolidFillInfo,
)

from data_pipeline.compose import compose
from data_pipeline.document import Document, open_document
from data_pipeline.drawing import Bevel, ColourOverlay, DropShadow, Pixels
from data_pipeline.flatten.effects.old import old_effects
from data_pipeline.tagged_blocks import EFFECTS, descendants, parse_effects
from schemas.options import CurateOptions
from schemas.reasons import DropReason
from tests.data_pipeline.flatten.test_walk import flattened, ground

_RED = Color(ColorSpaceID.RGB, [257 * 250, 257 * 9, 257 * 9, 0])
_WHITE, _BLACK = Color(ColorSpaceID.RGB, [65535] * 3 + [0]), Color(ColorSpaceID.RGB, [0] * 4)
_MEASURED = (
    *("enabled", "blend_mode", "opacity", "size", "distance", "use_global_light", "glow_source"),
    *("bevel_style", "bevel_type", "direction", "highlight_mode", "highlight_opacity", "shadow_mode", "shadow_opacity"),
)
_COLOURS, _ANGLE, _DEPTH = (b"Clr ", b"hglC", b"sdwC"), b"lagl", b"srgR"


def stored(**effects: Any) -> bytes:
    items = [(EffectOSType[name.upper()], info) for name, info in effects.items()]
    return EffectsLayer(items=[(EffectOSType.COMMON_STATE, CommonStateInfo()), *items]).tobytes()


def shadow(**given: Any) -> ShadowInfo:
    usual = {"blur": 5 << 16, "angle": 120 << 16, "distance": 5 << 16, "opacity": 191, "color": _RED, "enabled": 1}
    return ShadowInfo(2, blend_mode=BlendMode.MULTIPLY, **usual | given)


def square(old: bytes = b"", *effects: Any) -> Pixels:
    rgba = np.full((20, 20, 4), (30, 99, 200, 255), np.uint8)
    return Pixels(rgba=rgba, left=14, top=14, old_effects=old, effects=effects)


_BEVEL = BevelInfo(
    2, 90 << 16, 6 << 16, 6 << 16, BlendMode.SCREEN, BlendMode.MULTIPLY, _WHITE, _BLACK, 2, 255, 255, 1, 0, 0
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            stored(drop_shadow=shadow()),
            DropShadow((250, 9, 9), 120, 5, 5, opacity=0.75, blend_mode=BlendMode.MULTIPLY),
        ),
        (stored(bevel=_BEVEL), Bevel(6.0)),
        (stored(solid_fill=SolidFillInfo(2, BlendMode.SCREEN, _RED, 128, 1)),
         ColourOverlay((250, 9, 9), opacity=0.5, blend_mode=BlendMode.SCREEN)),
    ],
)  # fmt: skip
def test_they_are_drawn_as_those_of_later_versions(old: bytes, new: Any) -> None:
    one, _ = flattened([ground(), square(old)])
    other, _ = flattened([ground(), square(b"", new)])
    assert np.array_equal(compose(one.stack), compose(other.stack))
    assert [node.kind for node in one.nodes] == [node.kind for node in other.nodes]
    assert set(one.unsupported) - set(other.unsupported) == {"effects_of_photoshop_5"}


def test_glows_are_soft_and_full_at_half_their_range() -> None:
    outer = OuterGlowInfo(2, 8 << 16, 0, _RED, BlendMode.SCREEN, 1, 255, _RED)
    inner = InnerGlowInfo(2, 8 << 16, 0, _RED, BlendMode.SCREEN, 1, 255, 1, _RED)
    flat, _ = flattened([ground(), square(stored(outer_glow=outer, inner_glow=inner))])
    assert flat.unsupported == ("effects_of_photoshop_5",)
    assert [node.dropped for node in flat.nodes] == [None] * 4


def test_those_of_a_later_version_win() -> None:
    flat, _ = flattened([ground(), square(stored(drop_shadow=shadow()), ColourOverlay((9, 9, 9)))])
    assert [node.kind for node in flat.nodes[2:]] == ["effect:color_overlay"]
    assert flat.unsupported == ()


def test_those_that_are_off_are_neither_drawn_nor_named() -> None:
    flat, _ = flattened([ground(), square(stored(drop_shadow=shadow(enabled=0)))])
    assert len(flat.nodes) == 2
    assert flat.unsupported == ()


@pytest.mark.parametrize(
    ("old", "name"),
    [
        (stored(drop_shadow=shadow(color=Color(99, [0] * 4))), "effect:drop_shadow"),
        (stored(drop_shadow=shadow(blur=0xFFFFFFFF)), "effect:drop_shadow"),
        (stored(drop_shadow=shadow(distance=0xFFFFFFFF)), "effect:drop_shadow"),
        (stored(bevel=BevelInfo(bevel_style=9, blur=5 << 16, depth=1, enabled=1)), "effect:bevel_emboss"),
        (stored(bevel=BevelInfo(bevel_style=2, enabled=1)), "effect:bevel_emboss"),
        (stored(drop_shadow=shadow())[:40], "effect:unreadable"),
        (b"\0\0\0\1????????", "effect:unreadable"),
    ],
)
def test_what_cannot_be_read_is_named(old: bytes, name: str) -> None:
    flat, _ = flattened([ground(), square(old)])
    assert name in flat.unsupported
    assert all(node.dropped is DropReason.UNDRAWN for node in flat.nodes[2:])


def pairs(path: Path) -> list[tuple[_Effect, _Effect]]:
    """Effects, enabled or not, in the old form and in the new one."""
    document = open_document(path, CurateOptions())
    assert isinstance(document, Document)
    found = []
    for layer in descendants(document.psd):
        if Tag.EFFECTS_LAYER not in layer.tagged_blocks:
            continue
        old = {effect.name: effect for effect in old_effects(layer)}
        parse_effects(layer)
        for block in (layer.tagged_blocks.get_data(tag) for tag in EFFECTS):
            for item in block.values() if block is not None else ():
                if isinstance(item, Descriptor):
                    item[b"present"] = Bool(True)
        found += [(old[new.name], new) for new in layer.effects.items if new.name in old]
    return found


@pytest.mark.parametrize(
    "name",
    [
        *("psd-tools/3bf2015e_blend-and-clipping.psd", "psd-tools/f9a513b4_stroke-composite.psd"),
        *("psd2svg/0b209a62_inner-shadow-2.psd", "psd2svg/fc8536d8_drop-shadow-4.psd", "ag-psd/b7f46752_src.psd"),
    ],
)
def test_photoshop_stores_the_same_in_both_forms(real_psds: Path, name: str) -> None:
    found = pairs(real_psds / "features" / name)
    assert found
    for old, new in found:
        for measure in (name for name in _MEASURED if hasattr(new, name)):
            assert getattr(old, measure) == pytest.approx(getattr(new, measure), abs=0.01), measure
        for key in (key for key in _COLOURS if key in new.descriptor):
            for part, value in new.descriptor[key].items():
                assert float(old.descriptor[key][part]) == pytest.approx(float(value), abs=0.05)
        if _ANGLE in new.descriptor:
            assert (float(old.descriptor[_ANGLE]) - float(new.descriptor[_ANGLE])) % 360 == 0
        if _DEPTH in new.descriptor:
            assert float(old.descriptor[_DEPTH]) == float(new.descriptor[_DEPTH])
