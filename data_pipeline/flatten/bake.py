"""A fragment of any blend mode over its backdrop -> a plain Normal fragment that gives the same picture.

With B and b the colour and alpha of the backdrop, a layer of colour C and alpha a gives the same result
as a Normal layer of alpha a and colour (1 - b) * C + b * blend(B, C) (PDF 32000, 11.3.6). Where the
backdrop is opaque that colour can be separated from it: of all (alpha, colour) that give the result, the
smallest alpha that keeps the colour in [0, 1] holds the least of the backdrop, so that a multiplied grey
becomes translucent black whatever lies below. Rounded up to 1/255 it costs less than 0.5/255.
"""

import math
from dataclasses import replace

import numpy as np
from numba import types
from psd_tools.constants import BlendMode

from data_pipeline.flatten.blend import blend, mode_index
from data_pipeline.flatten.fragment import Fragment
from data_pipeline.kernel import F32_2D, READ_F32_2D, READ_F32_3D, READ_U8_3D, U8_3D, inlined, kernel

OPAQUE = 1 - 1e-4
_NEUTRAL = 1e-3 / 255  # a smaller alpha changes nothing


@inlined
def needed(change: float, backdrop: float) -> float:
    """The smallest alpha with which a colour in [0, 1] makes this change to the backdrop."""
    if change > 0:
        return change / max(1 - backdrop, 1e-9)
    if change < 0:
        return -change / max(backdrop, 1e-9)
    return 0.0


@inlined
def to_byte(value: float) -> int:
    return int(min(max(value, 0.0), 1.0) * 255 + 0.5)


@kernel(types.float64, types.intp, READ_U8_3D, READ_F32_2D, READ_F32_3D, U8_3D, F32_2D)
def _bake(
    mode: int, source: np.ndarray, alpha: np.ndarray, backdrop: np.ndarray, rgba: np.ndarray, out: np.ndarray
) -> float:
    """Fill `rgba` and `out` (the exact alpha). Returns the mean error on the inverted backdrop."""
    error_sum, visible_px = 0.0, 0
    for y in range(source.shape[0]):
        for x in range(source.shape[1]):
            a = float(alpha[y, x])
            out[y, x] = 0
            rgba[y, x, 0] = rgba[y, x, 1] = rgba[y, x, 2] = rgba[y, x, 3] = 0
            if a <= 0:
                continue
            visible_px += 1
            sr, sg, sb = source[y, x, 0] / 255, source[y, x, 1] / 255, source[y, x, 2] / 255
            b = min(1.0, float(backdrop[y, x, 3]))
            br = bg = bb = 0.0
            r, g, bl = sr, sg, sb
            if b > 0:
                br = min(1.0, backdrop[y, x, 0] / b)
                bg = min(1.0, backdrop[y, x, 1] / b)
                bb = min(1.0, backdrop[y, x, 2] / b)
                fr, fg, fb = blend(mode, br, bg, bb, sr, sg, sb)
                r, g, bl = sr + b * (fr - sr), sg + b * (fg - sg), sb + b * (fb - sb)
            least = a
            if b >= OPAQUE:
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
                fr, fg, fb = blend(mode, ir, ig, ib, sr, sg, sb)
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
    return error_sum / visible_px if visible_px else 0.0


def bake(fragment: Fragment, mode: BlendMode, backdrop: np.ndarray) -> Fragment:
    """`backdrop` is premultiplied float32 RGBA [height, width, 4] on the fragment's box."""
    rgba = np.empty(fragment.rgba.shape, np.uint8)
    alpha = np.empty(fragment.rgba.shape[:2], np.float32)
    dependence = _bake(mode_index(mode), fragment.rgba, fragment.exact_alpha(), backdrop, rgba, alpha)
    return replace(fragment, rgba=rgba, alpha=alpha, baked=True, backdrop_dependence=dependence)
