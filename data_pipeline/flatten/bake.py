"""A fragment of any blend mode over its backdrop -> a plain Normal fragment that gives the same picture.

With B and b the colour and alpha of the backdrop, a layer of colour C and alpha a gives the same result
as a Normal layer of alpha a and colour (1 - b) * C + b * blend(B, C) (PDF 32000, 11.3.6). Where the
backdrop is opaque that colour can be separated from it: of all (alpha, colour) that give the result, the
smallest alpha that keeps the colour in [0, 1] holds the least of the backdrop, so that a multiplied grey
becomes translucent black whatever lies below. Rounded up to 1/255 it costs less than 0.5/255.

Eight modes (`blend.FILLED`) blend at a fill opacity f in a way of their own, measured on Photoshop's 0e394026_src.psd:
of the result, premultiplied, (1 - a) * b * B + a * b * blend_f(B, C) + a * f * (1 - b) * C, the fill fades the colour
that is blended, and what lies on transparency as any layer. No Normal layer gives that everywhere on a translucent
backdrop: where its alpha a * f is too little, a larger one is taken with which the picture over white is the same.

In a CMYK or Lab document blend(B, C) is asked of its own channels (`channels`).
"""

import math
from dataclasses import replace

import numpy as np
from numba import types
from psd_tools.constants import BlendMode

from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.blend import blend, filled, mode_index
from data_pipeline.flatten.channels import NO_MIXTURE, has_own_channels, mixture, pixel
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.kernel import F32_2D, NO_PLANE, READ_F32_2D, READ_F32_3D, READ_U8_3D, U8_3D, inlined, kernel

OPAQUE = 1 - 1e-4
_NEUTRAL = 1e-3 / 255  # a smaller alpha changes nothing
_BAND_PX = 1 << 20  # where colours are blended apart, 100 bytes a pixel lie between


@inlined
def needed(change: float, backdrop: float) -> float:
    """The smallest alpha with which a colour in [0, 1] makes this change to the backdrop."""
    if change > 0:
        return change / max(1 - backdrop, 1e-9)
    if change < 0:
        return -change / max(backdrop, 1e-9)
    return 0.0


@inlined
def _unit(value: float) -> float:
    """Within [0, 1], which rounding may leave: outside, the formulas of blend modes may divide by zero."""
    return min(max(value, 0.0), 1.0)


@inlined
def to_byte(value: float) -> int:
    return int(min(max(value, 0.0), 1.0) * 255 + 0.5)


@inlined
def _blended(
    mode: int, fill: float, br: float, bg: float, bb: float, sr: float, sg: float, sb: float
) -> tuple[float, float, float]:
    if fill < 1:
        return filled(mode, br, sr, fill), filled(mode, bg, sg, fill), filled(mode, bb, sb, fill)
    return blend(mode, br, bg, bb, sr, sg, sb)


@kernel(
    types.Tuple((types.float64, types.int64)),
    types.intp,
    READ_U8_3D,
    READ_F32_2D,
    READ_F32_2D,
    *[READ_F32_3D] * 3,
    U8_3D,
    F32_2D,
)
def _bake(
    mode: int,
    source: np.ndarray,
    alpha: np.ndarray,
    fills: np.ndarray,
    backdrop: np.ndarray,
    mixed: np.ndarray,
    mixed_inverted: np.ndarray,
    rgba: np.ndarray,
    out: np.ndarray,
) -> tuple[float, int]:
    """Fill `rgba` and `out` (the exact alpha). Returns the sum of errors on the inverted backdrop, and of how many.

    `fills` is empty where the mode has no fill opacity of its own, `mixed` and `mixed_inverted`, the blended colours
    over the backdrop and over the inverted one, where they are blended here, in RGB.
    """
    error_sum, visible_px = 0.0, 0
    for y in range(source.shape[0]):
        for x in range(source.shape[1]):
            a = float(alpha[y, x])
            out[y, x] = 0
            rgba[y, x, 0] = rgba[y, x, 1] = rgba[y, x, 2] = rgba[y, x, 3] = 0
            fill = float(fills[y, x]) if fills.size else 1.0
            if a <= 0 or fill <= 0:
                continue
            visible_px += 1
            sr, sg, sb = source[y, x, 0] / 255, source[y, x, 1] / 255, source[y, x, 2] / 255
            b = min(1.0, float(backdrop[y, x, 3]))
            br = bg = bb = 0.0
            r, g, bl = sr, sg, sb
            if b > 0:
                br = _unit(backdrop[y, x, 0] / b)
                bg = _unit(backdrop[y, x, 1] / b)
                bb = _unit(backdrop[y, x, 2] / b)
                if mixed.size:
                    fr, fg, fb = pixel(mixed, y, x)
                else:
                    fr, fg, fb = _blended(mode, fill, br, bg, bb, sr, sg, sb)
                r, g, bl = sr + b * (fr - sr), sg + b * (fg - sg), sb + b * (fb - sb)
            least = a * fill
            if fill < 1 and 0 < b < OPAQUE:
                # The change over white paper, which at the alpha a * fill a colour in [0, 1] may not be able to make.
                ur, ug, ub = b * br + 1 - b, b * bg + 1 - b, b * bb + 1 - b
                dr = a * (b * (fr - br) + fill * (1 - b) * (sr - 1))
                dg = a * (b * (fg - bg) + fill * (1 - b) * (sg - 1))
                db = a * (b * (fb - bb) + fill * (1 - b) * (sb - 1))
                least = min(1.0, max(least, needed(dr, ur), needed(dg, ug), needed(db, ub)))
                r, g, bl = ur + dr / least, ug + dg / least, ub + db / least
            elif b >= OPAQUE:
                dr, dg, db = a * (r - br), a * (g - bg), a * (bl - bb)
                need = max(needed(dr, br), needed(dg, bg), needed(db, bb))
                if need <= _NEUTRAL:
                    least = 0.0
                else:
                    least = min(1.0, math.ceil(need * 255 - 1e-6) / 255)
                    r, g, bl = br + dr / least, bg + dg / least, bb + db / least
            if b > 0:
                # The same layer over the inverted backdrop: what it ought to give, less what it now gives.
                ir, ig, ib = 1 - br, 1 - bg, 1 - bb
                if mixed_inverted.size:
                    fr, fg, fb = pixel(mixed_inverted, y, x)
                else:
                    fr, fg, fb = _blended(mode, fill, ir, ig, ib, sr, sg, sb)
                error_sum += (
                    b
                    * (
                        abs(a * (fr - ir) - least * (r - ir))
                        + abs(a * (fg - ig) - least * (g - ig))
                        + abs(a * (fb - ib) - least * (bl - ib))
                    )
                    / 3
                )
            if least > 0:
                out[y, x] = least
                rgba[y, x, 0] = to_byte(r)
                rgba[y, x, 1] = to_byte(g)
                rgba[y, x, 2] = to_byte(bl)
    return error_sum, visible_px


def bake(
    fragment: Fragment, mode: BlendMode, backdrop: np.ndarray, space: ColourSpace, fills: np.ndarray = NO_PLANE
) -> Fragment:
    """`backdrop` is premultiplied float32 RGBA [height, width, 4] on the fragment's box.

    `fills`, float32 [height, width] in [0, 1], is the fill opacity of a mode in `blend.FILLED`, which the alpha is
    without.
    """
    height, width = fragment.rgba.shape[:2]
    rgba, alpha = np.empty(fragment.rgba.shape, np.uint8), np.empty((height, width), np.float32)
    if fills.size and fills.shape != alpha.shape:
        raise ValueError(f"fill opacities of shape {fills.shape} for a layer of {alpha.shape}")
    held = fragment.exact_alpha()
    rows = max(1, _BAND_PX // max(1, width) if has_own_channels(space, mode) else height)
    error_sum, visible_px = 0.0, 0
    for band in (slice(top, top + rows) for top in range(0, height, rows)):
        given = fragment.rgba[band], held[band], fills[band], backdrop[band]
        mixtures = _mixtures(mode, space, *given)
        errors, seen_px = _bake(mode_index(mode), *given, *mixtures, rgba[band], alpha[band])
        error_sum, visible_px = error_sum + errors, visible_px + seen_px
    dependence = error_sum / max(1, visible_px)
    return replace(fragment, rgba=rgba, alpha=alpha, baked=True, backdrop_dependence=dependence)


def _mixtures(
    mode: BlendMode, space: ColourSpace, rgba: np.ndarray, alpha: np.ndarray, fills: np.ndarray, backdrop: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the mode gives over the backdrop and over the inverted one, 0 where no two colours meet; both empty where it
    is blended in RGB."""
    meet = (alpha > 0) & (backdrop[..., 3] > 0)
    if not has_own_channels(space, mode) or not meet.any():
        return NO_MIXTURE, NO_MIXTURE
    pixels = backdrop[meet]
    below = np.clip(pixels[np.newaxis, :, :3] / pixels[:, 3:], 0, 1)
    own, fills = rgba[meet][np.newaxis, :, :3], fills[meet][np.newaxis] if fills.size else fills
    over, over_inverted = np.zeros((2, *alpha.shape, 3), np.float32)
    over[meet] = mixture(space, mode, below, own, fills)[0]
    over_inverted[meet] = mixture(space, mode, 1 - below, own, fills)[0]
    return over, over_inverted
