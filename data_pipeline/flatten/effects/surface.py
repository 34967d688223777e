"""A shape and a bevel -> the surface that rises from the shape's edge, to be lit.

Measured on Photoshop's own picture of a smooth inner bevel alone: the surface is the shape, softened by two boxes as
wide as the size, and as high as that at a depth of 100 %. What a contour and a texture do follows Adobe's description
of them, for no picture at hand has either: a contour is the profile of the slope, its range that of a glow's contour,
and a texture is added to the height in proportion to it, since the depth of a bevel is also that of its texture.
"""

import math

import numpy as np
from psd_tools.api.effects import BevelEmboss
from psd_tools.api.layers import Layer
from psd_tools.constants import BevelStyle
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Enum, Key
from scipy import ndimage

from data_pipeline.colour import ColourSpace
from data_pipeline.flatten.effects.contour import contoured, ranged
from data_pipeline.flatten.effects.shadow import softened
from data_pipeline.flatten.paint import pattern_origin
from data_pipeline.flatten.pattern import draw_pattern
from schemas.stack import Box

_CHISEL_SOFTNESS = 0.2  # of the soft chisel, in sizes
_MAX_TEXTURE_DEPTH = 10  # what Photoshop's dialog offers
_LUMINANCE = np.array((0.3, 0.59, 0.11), np.float32)


def draw_surface(
    bevel: BevelEmboss, layer: Layer, shape: np.ndarray, box: Box, space: ColourSpace
) -> tuple[np.ndarray, float]:
    """(float32 in [0, 1] of a `shape` on `box`, more where a texture rises; how many pixels high 1 is, below 0 where
    it sinks). Raises one of UNREADABLE."""
    surface, height_px = _sloped(shape, bevel)
    if bevel.use_shape:
        within = ranged(surface, float(bevel.descriptor[Key.InputRange]))
        surface = contoured(within, bevel.descriptor[Key.MappingShape])
    if bevel.use_texture:
        surface = surface * (1 + _texture(bevel.descriptor, layer, box, space))
    return surface, height_px


def _sloped(shape: np.ndarray, bevel: BevelEmboss) -> tuple[np.ndarray, float]:
    """The surface of a straight slope; a smooth one reaches as far to either side of the edge."""
    style, technique = (bevel.descriptor[key].enum for key in (Key.BevelStyle, Key.BevelTechnique))
    size_px = float(bevel.size)
    half_px = math.ceil(size_px / 2)
    inner_px, outer_px = {
        BevelStyle.INNER_BEVEL: (size_px, 0),
        BevelStyle.OUTER_BEVEL: (0, size_px),
        BevelStyle.EMBOSS: (half_px, half_px),
        BevelStyle.PILLOW_EMBOSS: (half_px, half_px),
        BevelStyle.STROKE_EMBOSS: (half_px, 0),  # the shape is the stroke, and rises from both its edges
    }[style]
    depth = float(bevel.depth) / 100 * (-1 if bevel.descriptor[Key.BevelDirection].enum == Enum.StampOut else 1)
    if technique == Enum.SoftMatte:
        reach_px = max(inner_px, outer_px)
        return softened(shape, reach_px), round(reach_px) * depth
    width_px = inner_px + outer_px
    solid = shape >= 0.5
    inside = ndimage.distance_transform_edt(solid) if not solid.all() else np.full(shape.shape, size_px)
    outside = ndimage.distance_transform_edt(~solid) if solid.any() else np.full(shape.shape, size_px)
    apart = np.where(solid, inside - 0.5, 0.5 - outside)
    surface = np.clip((apart + outer_px) / width_px, 0, 1).astype(np.float32)
    if technique == Enum.SlopeLimitMatte:
        surface = softened(surface, max(2, round(_CHISEL_SOFTNESS * width_px)))
    elif technique != Enum.PreciseMatte:
        raise ValueError(f"a bevel of technique {technique!r}")
    return surface, width_px * depth


def _texture(descriptor: Descriptor, layer: Layer, box: Box, space: ColourSpace) -> np.ndarray:
    """float32 on `box`, in heights of the surface: how light the pattern is, times the depth of the texture."""
    depth = float(descriptor[b"textureDepth"]) / 100
    if not abs(depth) <= _MAX_TEXTURE_DEPTH:
        raise ValueError(f"a texture of depth {depth}")
    paint = draw_pattern(descriptor, layer._psd, box, pattern_origin(descriptor, layer), space)
    light: np.ndarray = paint.rgb.astype(np.float32) @ (_LUMINANCE / np.float32(255))
    if bool(descriptor.get(Key.InvertTexture, False)):
        light = 1 - light
    if paint.alpha is not None:
        light = light * paint.alpha
    return light * np.float32(depth)
