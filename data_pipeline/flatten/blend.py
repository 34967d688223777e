"""Photoshop's blend modes: the colours of a backdrop and of a layer -> the blended colour.

Formulas: Adobe's PDF blend modes and Photoshop's additions, in the document's own RGB on [0, 1];
`b` is the backdrop's colour, `s` the layer's.
"""

import math

from psd_tools.constants import BlendMode

from data_pipeline.kernel import inlined

MODES = (
    BlendMode.NORMAL,
    BlendMode.DARKEN,
    BlendMode.MULTIPLY,
    BlendMode.COLOR_BURN,
    BlendMode.LINEAR_BURN,
    BlendMode.LIGHTEN,
    BlendMode.SCREEN,
    BlendMode.COLOR_DODGE,
    BlendMode.LINEAR_DODGE,
    BlendMode.OVERLAY,
    BlendMode.SOFT_LIGHT,
    BlendMode.HARD_LIGHT,
    BlendMode.VIVID_LIGHT,
    BlendMode.LINEAR_LIGHT,
    BlendMode.PIN_LIGHT,
    BlendMode.HARD_MIX,
    BlendMode.DIFFERENCE,
    BlendMode.EXCLUSION,
    BlendMode.SUBTRACT,
    BlendMode.DIVIDE,
    BlendMode.DARKER_COLOR,
    BlendMode.LIGHTER_COLOR,
    BlendMode.HUE,
    BlendMode.SATURATION,
    BlendMode.COLOR,
    BlendMode.LUMINOSITY,
)
FIRST_NON_SEPARABLE = MODES.index(BlendMode.DARKER_COLOR)
(_NORMAL, _DARKEN, _MULTIPLY, _COLOR_BURN, _LINEAR_BURN, _LIGHTEN, _SCREEN, _COLOR_DODGE, _LINEAR_DODGE, _OVERLAY,
 _SOFT_LIGHT, _HARD_LIGHT, _VIVID_LIGHT, _LINEAR_LIGHT, _PIN_LIGHT, _HARD_MIX, _DIFFERENCE, _EXCLUSION, _SUBTRACT,
 _DIVIDE, _DARKER_COLOR, _LIGHTER_COLOR, _HUE, _SATURATION, _COLOR, _LUMINOSITY) = range(len(MODES))  # fmt: skip

# Fill opacity fades these modes' own colour toward the one that changes nothing, and not the blended result. Hard Mix,
# which has none, is softened instead.
FILLED = (
    BlendMode.COLOR_BURN,
    BlendMode.LINEAR_BURN,
    BlendMode.COLOR_DODGE,
    BlendMode.LINEAR_DODGE,
    BlendMode.VIVID_LIGHT,
    BlendMode.LINEAR_LIGHT,
    BlendMode.DIFFERENCE,
    BlendMode.HARD_MIX,
)
_EPSILON = 1e-9  # keeps a quotient finite where psd-tools' does


def mode_index(mode: BlendMode) -> int:
    """What the kernels call a blend mode. Dissolve, which is noise, counts as Normal."""
    return MODES.index(mode) if mode in MODES else _NORMAL


@inlined
def separable(mode: int, b: float, s: float) -> float:
    """One channel of a separable mode."""
    if mode == _DARKEN:
        return min(b, s)
    if mode == _MULTIPLY:
        return b * s
    if mode == _COLOR_BURN:
        if b >= 1:
            return 1.0
        return 0.0 if s <= 0 else 1 - min(1.0, (1 - b) / (s + _EPSILON))
    if mode == _LINEAR_BURN:
        return max(0.0, b + s - 1)
    if mode == _LIGHTEN:
        return max(b, s)
    if mode == _SCREEN:
        return b + s - b * s
    if mode == _COLOR_DODGE:
        if b <= 0:
            return 0.0
        return 1.0 if s >= 1 else min(1.0, b / (1 - s + _EPSILON))
    if mode == _LINEAR_DODGE:
        return min(1.0, b + s)
    if mode == _OVERLAY:
        return 2 * b * s if b <= 0.5 else s + (2 * b - 1) - s * (2 * b - 1)
    if mode == _SOFT_LIGHT:
        if s <= 0.5:
            return b - (1 - 2 * s) * b * (1 - b)
        d = ((16 * b - 12) * b + 4) * b if b <= 0.25 else math.sqrt(b)
        return b + (2 * s - 1) * (d - b)
    if mode == _HARD_LIGHT:
        return 2 * b * s if s <= 0.5 else b + (2 * s - 1) - b * (2 * s - 1)
    if mode == _VIVID_LIGHT:
        # The source's extremes win here, unlike in Color Burn and Color Dodge.
        if s <= 0:
            return 0.0
        if s >= 1:
            return 1.0
        if s <= 0.5:
            return 1 - min(1.0, (1 - b) / (2 * s + _EPSILON))
        return min(1.0, b / (2 * (1 - s) + _EPSILON))
    if mode == _LINEAR_LIGHT:
        return min(1.0, max(0.0, b + 2 * s - 1))
    if mode == _PIN_LIGHT:
        return min(b, 2 * s) if s <= 0.5 else max(b, 2 * s - 1)
    if mode == _HARD_MIX:
        # Exactly 1 is 1 only over a bright backdrop, as Photoshop answers it.
        total = b + s
        return 1.0 if total > 1 or (total == 1 and b > 0.5) else 0.0
    if mode == _DIFFERENCE:
        return abs(b - s)
    if mode == _EXCLUSION:
        return b + s - 2 * b * s
    if mode == _SUBTRACT:
        return max(0.0, b - s)
    if mode == _DIVIDE:
        return min(1.0, b / (s + _EPSILON))
    return s


@inlined
def luminosity(r: float, g: float, b: float) -> float:
    """Of a colour, in [0, 1], as the PDF's blend modes weigh it."""
    return 0.3 * r + 0.59 * g + 0.11 * b


@inlined
def with_luminosity(r: float, g: float, b: float, target: float) -> tuple[float, float, float]:
    """The colour at another luminosity, paler where it would leave [0, 1]."""
    d = target - luminosity(r, g, b)
    r, g, b = r + d, g + d, b + d
    low, high = min(r, g, b), max(r, g, b)
    if low < 0:
        k = target / (target - low)
        r, g, b = target + (r - target) * k, target + (g - target) * k, target + (b - target) * k
    if high > 1:
        k = (1 - target) / (high - target)
        r, g, b = target + (r - target) * k, target + (g - target) * k, target + (b - target) * k
    return r, g, b


@inlined
def _with_saturation(r: float, g: float, b: float, target: float) -> tuple[float, float, float]:
    low, high = min(r, g, b), max(r, g, b)
    if high <= low:
        return 0.0, 0.0, 0.0
    k = target / (high - low)
    return (r - low) * k, (g - low) * k, (b - low) * k


@inlined
def blend(mode: int, br: float, bg: float, bb: float, sr: float, sg: float, sb: float) -> tuple[float, float, float]:
    """The blended colour of an opaque layer over an opaque backdrop."""
    if mode < FIRST_NON_SEPARABLE:
        return separable(mode, br, sr), separable(mode, bg, sg), separable(mode, bb, sb)
    below, own = luminosity(br, bg, bb), luminosity(sr, sg, sb)
    if mode == _DARKER_COLOR:
        return (sr, sg, sb) if own < below else (br, bg, bb)
    if mode == _LIGHTER_COLOR:
        return (sr, sg, sb) if own > below else (br, bg, bb)
    if mode == _HUE:
        r, g, b = _with_saturation(sr, sg, sb, max(br, bg, bb) - min(br, bg, bb))
        return with_luminosity(r, g, b, below)
    if mode == _SATURATION:
        r, g, b = _with_saturation(br, bg, bb, max(sr, sg, sb) - min(sr, sg, sb))
        return with_luminosity(r, g, b, below)
    if mode == _COLOR:
        return with_luminosity(sr, sg, sb, below)
    return with_luminosity(br, bg, bb, own)


@inlined
def filled(mode: int, b: float, s: float, fill: float) -> float:
    """One channel of a mode in `FILLED`, at a fill opacity below 1."""
    if mode == _HARD_MIX:
        return min(1.0, max(0.0, (b - fill * (1 - s)) / max(1 - fill, _EPSILON)))
    neutral = 0.0
    if mode in (_COLOR_BURN, _LINEAR_BURN):
        neutral = 1.0
    elif mode in (_VIVID_LIGHT, _LINEAR_LIGHT):
        neutral = 0.5
    return separable(mode, b, neutral + fill * (s - neutral))
