"""A layer's effects as they are listed, and how far they reach."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from psd_tools.api.effects import _Effect
from psd_tools.api.layers import Layer
from psd_tools.constants import BlendMode

from data_pipeline.boxes import area, grown, size
from data_pipeline.flatten.effects.old import old_effects
from data_pipeline.tagged_blocks import EFFECTS, UNREADABLE, parse_effects
from schemas.stack import Box

GRADIENT_OVERLAY = "gradient_overlay"
# Bottom to top, as Photoshop stacks them.
OVERLAYS = ("pattern_overlay", GRADIENT_OVERLAY, "color_overlay")
STROKE = "stroke"
# Bottom to top, as Photoshop paints them.
BELOW = ("drop_shadow", "outer_glow")
SATIN, BEVEL = "satin", "bevel_emboss"
WITHIN = (SATIN, "inner_glow", "inner_shadow", BEVEL)
DRAWN = (*BELOW, *OVERLAYS, *WITHIN, STROKE)
_NAMES = {
    "PatternOverlay": "pattern_overlay",
    "GradientOverlay": GRADIENT_OVERLAY,
    "ColorOverlay": "color_overlay",
    "Stroke": STROKE,
    "DropShadow": "drop_shadow",
    "InnerShadow": "inner_shadow",
    "OuterGlow": "outer_glow",
    "InnerGlow": "inner_glow",
    "Satin": SATIN,
    "BevelEmboss": BEVEL,
}
_MAX_INSTANCES = 10  # of one effect, which is what Photoshop offers
MAX_SIZE_PX = 1000  # beyond what Photoshop's dialogs offer
MAX_DISTANCE_PX = 30_000
_MOST_AROUND_PX, _MOST_AROUND = 1 << 24, 4


@dataclass(frozen=True, eq=False)
class Effect:
    """One enabled effect. `drawing` is what psd-tools knows of it; one that is not `readable` is not drawn."""

    kind: str
    drawing: _Effect
    blend_mode: BlendMode
    opacity: float
    readable: bool = True

    @property
    def blend_modes(self) -> tuple[BlendMode, ...]:
        """Those of all that it paints: a bevel's highlights and shadows have one each."""
        if self.kind != BEVEL or not self.readable:
            return (self.blend_mode,)
        return BlendMode(self.drawing.highlight_mode), BlendMode(self.drawing.shadow_mode)


def around(box: Box, reach_px: int) -> Box:
    """A box and what lies within reach of it: what an effect on the box depends on.

    Raises ValueError where that is far more than the box: a file of a few bytes may ask for it on a thin canvas.
    """
    wide = grown(box, reach_px)
    if area(wide) > max(_MOST_AROUND_PX, _MOST_AROUND * area(box)):
        raise ValueError(f"an effect that reaches {reach_px} px around {size(box)[1]} x {size(box)[0]} px")
    return wide


def effects_of(layer: Layer) -> list[Effect]:
    """The enabled effects, bottom to top. Empty where the layer's effects are switched off."""
    listed = []
    counts: Counter[str] = Counter()
    for item in _drawings(layer):
        kind = _NAMES.get(type(item).__name__, type(item).__name__)
        try:
            if not item.enabled:
                continue
            mode = getattr(item, "blend_mode", BlendMode.NORMAL)
            opacity = float(getattr(item, "opacity", 100.0)) / 100
        except UNREADABLE:
            mode, opacity = BlendMode.NORMAL, -1.0
        counts[kind] += 1
        readable = 0 <= opacity <= 1 and counts[kind] <= _MAX_INSTANCES  # else no Photoshop wrote it; NaN is caught too
        listed.append(Effect(kind, item, mode, opacity if readable else 1.0, readable))
    order = {kind: index for index, kind in enumerate(DRAWN)}
    listed.reverse()  # of several instances of one effect the first listed is the topmost
    return sorted(listed, key=lambda effect: order.get(effect.kind, len(order)))


def _drawings(layer: Layer) -> list[_Effect]:
    """The present effects of layer effects that are switched on. Those of Photoshop 5 and 6 count where no later
    version has written its own, which may have changed since."""
    if not any(tag in layer.tagged_blocks for tag in EFFECTS):
        return old_effects(layer)
    parse_effects(layer)
    try:
        return layer.effects.items if layer.effects.enabled else []
    except UNREADABLE:
        return []


def reach_of(effects: Sequence[Effect]) -> int:
    """How many pixels off a layer's effects may depend on its shape; a bevel may lie on a stroke."""
    along = [_reach_px(effect) for effect in effects if effect.kind == STROKE]
    others = [_reach_px(effect) + (max(along, default=0) if effect.kind == BEVEL else 0) for effect in effects]
    return max(others, default=0)


def _reach_px(effect: Effect) -> int:
    if effect.kind not in (*BELOW, *WITHIN, STROKE):
        return 0
    try:
        size_px, distance_px, soften_px = (
            float(getattr(effect.drawing, name, 0)) for name in ("size", "distance", "soften")
        )
    except UNREADABLE:
        return 0  # it will not be drawn
    is_drawn = 0 <= size_px <= MAX_SIZE_PX and 0 <= distance_px <= MAX_DISTANCE_PX and 0 <= soften_px <= MAX_SIZE_PX
    return math.ceil(size_px + distance_px + soften_px) + 3 if is_drawn else 0
