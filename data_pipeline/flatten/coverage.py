"""A coverage: how much of a layer or group its masks and opacities let through, at every pixel."""

import math
from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.composite import vector
from psd_tools.composite.utils import has_fill
from psd_tools.constants import Tag

from data_pipeline.boxes import grown, intersect, size, view
from data_pipeline.flatten.feather import feather_of, feathered, reach_px
from data_pipeline.pixels import mask_plane, transparency_plane, users_mask_plane
from data_pipeline.tagged_blocks import FILLS, UNREADABLE, VECTOR_MASK, is_switched_on, parse, parse_outline
from schemas.stack import Box

_FIXED_POINT_PX = 0.02  # a path's coordinates have 24 bits behind the point, in widths of the document


@dataclass(frozen=True, eq=False)
class Coverage:
    """`values`, float32 [height, width] in [0, 1] on `box`, and `outside` everywhere else."""

    outside: float = 1.0
    box: Box | None = None
    values: np.ndarray | None = None

    @property
    def is_full(self) -> bool:
        return self.values is None and self.outside == 1

    def meets(self, box: Box) -> bool:
        """Whether it may be other than 0 anywhere on the box."""
        return self.outside != 0 or (self.box is not None and intersect(self.box, box) is not None)

    def on(self, box: Box) -> np.ndarray:
        """float32 [height, width] on any box; read-only where it is constant."""
        if self.values is None or self.box is None:
            return np.broadcast_to(np.float32(self.outside), size(box))
        if box == self.box:
            return self.values
        result = np.full(size(box), self.outside, np.float32)
        inner = intersect(box, self.box)
        if inner is not None:
            view(result, box, inner)[...] = view(self.values, self.box, inner)
        return result

    def times(self, factor: float) -> "Coverage":
        """Faded by an opacity."""
        return self if factor == 1 else self._mapped(factor, 0.0)

    def inverse(self) -> "Coverage":
        """1 - coverage."""
        return self._mapped(-1.0, 1.0)

    def at_density(self, density: float) -> "Coverage":
        """A mask of this density in [0, 1] lets 1 - density through where it hides all."""
        return self if density == 1 else self._mapped(density, 1 - density)

    def _mapped(self, factor: float, offset: float) -> "Coverage":
        values = None if self.values is None else self.values * np.float32(factor) + np.float32(offset)
        return Coverage(self.outside * factor + offset, self.box, values)


def mask_coverage(layer: Layer, box: Box) -> Coverage:
    """The layer mask and vector mask, with their densities, as far as they matter on `box`.

    Which of the two Photoshop has already rendered into the other, or into the layer's pixels, follows
    psd-tools' compositor, which was measured against Photoshop; where each has a density of its own, the two
    are taken apart again.
    """
    users, path = mask_parts(layer, box)
    return users if path.is_full else Coverage(0.0, box, path.on(box) * users.on(box))


def mask_parts(layer: Layer, box: Box) -> tuple[Coverage, Coverage]:
    """The same of the layer mask and of the vector mask apart; a path that is rendered into the former counts there."""
    drawn = _vector_mask(layer, box)
    if drawn is None:
        return layer_mask_coverage(layer, box), Coverage()
    parameters = layer.mask.parameters if layer.mask is not None else None
    if parameters is None:
        return layer_mask_coverage(layer, box), drawn
    users = Coverage() if layer.mask.disabled else _users_coverage(layer, box)
    return users, drawn.at_density(_density(parameters.vector_mask_density))


def has_masks(layer: Layer) -> bool:
    """Whether a layer mask or a vector mask may hide a part of it."""
    return (layer.mask is not None and not layer.mask.disabled) or draws_vector_mask(layer)


def mask_frame(layer: Layer) -> Box | None:
    """The box outside which the layer mask hides everything; None where there is none, or what it hides has effects."""
    mask = layer.mask
    if is_switched_on(layer, Tag.LAYER_MASK_AS_GLOBAL_MASK, default=False):
        return None
    if mask is None or mask.disabled or mask.background_color != 0 or mask.width <= 0 or mask.height <= 0:
        return None
    parameters = mask.parameters
    densities = () if parameters is None else (parameters.user_mask_density, parameters.vector_mask_density)
    if any(density not in (None, 255) for density in densities):
        return None
    feather = feather_of(layer)
    if feather.path_px or (feather.users_px and mask.data.real_flags is not None):
        return None  # the stored box is that of both masks together, before they are softened
    return grown(tuple(mask.bbox), reach_px(feather.users_px))


def paint_box(layer: Layer, canvas: Box) -> Box | None:
    """The part of the canvas on which a drawn fill may show: its path's box, and what a soft path adds to it."""
    parameters = layer.mask.parameters if layer.mask is not None else None
    if parameters is None or not draws_vector_mask(layer):
        return intersect(tuple(layer.bbox), canvas)
    if parameters.vector_mask_density not in (None, 255):
        return canvas
    return intersect(grown(tuple(layer.bbox), reach_px(feather_of(layer).path_px)), canvas)


def layer_mask_coverage(layer: Layer, box: Box) -> Coverage:
    """The layer mask alone, at its density."""
    coverage = Coverage()
    mask = layer.mask
    parameters = mask.parameters if mask is not None else None
    if mask is not None and not mask.disabled and not _repeats_transparency(layer):
        if has_fill(layer) and layer.has_pixels() and mask.data.real_flags is not None and not mask.has_real():
            return _users_coverage(layer, box)  # the raster has the path in it, which would square its soft edge
        stored = mask_plane(layer)
        if stored is not None:
            plane, plane_box = stored
            coverage = _cropped(plane, plane_box, mask.background_color / 255, box, feather_of(layer).users_px)
        density = None
        if parameters is not None:
            density = parameters.user_mask_density
            if density is None:
                density = parameters.vector_mask_density
        coverage = coverage.at_density(_density(density))
    return coverage


def has_soft_path(layer: Layer) -> bool:
    """Whether a shape's path has a density or a feather, which its cached raster, cut by the hard path, does not show.

    Where the raster holds a vector stroke as well, it stays: that is not softened.
    """
    parameters = layer.mask.parameters if layer.mask is not None else None
    if parameters is None or not any(tag in layer.tagged_blocks for tag in VECTOR_MASK):
        return False
    if parameters.vector_mask_density in (None, 255) and not feather_of(layer).path_px:
        return False
    parse(layer.tagged_blocks, *FILLS)
    parse_outline(layer)
    path = layer.vector_mask
    return has_fill(layer) and path is not None and not path.disabled and not has_vector_stroke(layer)


def has_vector_stroke(layer: Layer) -> bool:
    """Whether a shape is outlined. Its block must have been parsed by `parse_outline`."""
    stroke = layer.stroke
    return stroke is not None and bool(stroke.enabled)


def _users_coverage(layer: Layer, box: Box) -> Coverage:
    """The layer mask as it was painted, without the path that Photoshop renders into it."""
    mask = layer.mask
    own = users_mask_plane(layer)
    if own is None and not mask.flags.user_mask_from_render:
        stored = mask_plane(layer)
        own = None if stored is None else (*stored, mask.background_color)
    if own is None:
        return Coverage()
    plane, plane_box, default = own
    users = _cropped(plane, plane_box, default / 255, box, feather_of(layer).users_px)
    return users.at_density(_density(None if mask.parameters is None else mask.parameters.user_mask_density))


def _density(stored: int | None) -> float:
    return 1.0 if stored is None else stored / 255


def _cropped(plane: np.ndarray, plane_box: Box, outside: float, box: Box, feather_px: float = 0.0) -> Coverage:
    inner = intersect(plane_box, grown(box, reach_px(feather_px)))
    if inner is None:
        return Coverage(outside)
    values = view(plane, plane_box, inner) * np.float32(1 / 255)
    return _softened(values, inner, outside, box, feather_px)


def _softened(values: np.ndarray, inner: Box, outside: float, box: Box, feather_px: float) -> Coverage:
    if not reach_px(feather_px):
        return Coverage(outside, inner, values)
    soft = feathered(values, inner, outside, feather_px, box)
    return Coverage(outside) if soft is None else Coverage(outside, soft[1], soft[0])


def _vector_mask(layer: Layer, box: Box) -> Coverage | None:
    """The coverage of the path, where it is still to be drawn. A path that cannot be read counts as missing."""
    if not draws_vector_mask(layer):
        return None
    feather_px = feather_of(layer).path_px
    try:
        if not reach_px(feather_px):
            return Coverage(0.0, box, _path_on(layer, box))
        left, top, right, bottom = _path_box(layer)
        outside = float(_path_on(layer, (right, bottom, right + 1, bottom + 1))[0, 0])  # 1 of a path that is cut out
        around = intersect((left, top, right, bottom), grown(box, reach_px(feather_px)))
        if around is None:
            return Coverage(outside)
        return _softened(_path_on(layer, around), around, outside, box, feather_px)
    except UNREADABLE:
        return None


def _path_on(layer: Layer, box: Box) -> np.ndarray:
    """As Photoshop drew it, where a raster of one colour shows the whole of it; otherwise as psd-tools draws it."""
    if layer.has_pixels() and Tag.SOLID_COLOR_SHEET_SETTING in layer.tagged_blocks:
        plane, place = transparency_plane(layer), tuple(layer.bbox)
        left, top, right, bottom = _path_extent_px(layer)
        is_within = min(left - place[0], top - place[1], place[2] - right, place[3] - bottom) > -_FIXED_POINT_PX
        if plane is not None and is_within:
            return Coverage(0.0, place, plane * np.float32(1 / 255)).on(box)
    drawn: np.ndarray = vector.draw_vector_mask(layer, box)[..., 0].astype(np.float32)
    return drawn


def _path_box(layer: Layer) -> Box:
    """A box around the path, a pixel wider than it."""
    left, top, right, bottom = _path_extent_px(layer)
    return math.floor(left) - 1, math.floor(top) - 1, math.ceil(right) + 1, math.ceil(bottom) + 1


def _path_extent_px(layer: Layer) -> tuple[float, float, float, float]:
    width, height = layer._psd.width, layer._psd.height
    left, top, right, bottom = layer.vector_mask.bbox
    return left * width, top * height, right * width, bottom * height


def draws_vector_mask(layer: Layer) -> bool:
    """Whether its path is drawn, with its feather: neither its pixels nor its layer mask have it in them.

    A mask without parameters that is but the path, rendered, would square its soft edge.
    """
    if not any(tag in layer.tagged_blocks for tag in VECTOR_MASK):
        return False
    parse(layer.tagged_blocks, *VECTOR_MASK)
    path = layer.vector_mask
    if path is None or path.disabled:
        return False
    if not layer.has_pixels() or has_soft_path(layer):
        return True
    mask = layer.mask
    if has_fill(layer) or mask is None or mask.has_real():
        return False
    return mask.parameters is not None or mask.real_flags is not None or not mask.flags.user_mask_from_render


def _repeats_transparency(layer: Layer) -> bool:
    """Whether a shape's mask is its transparency again: applying it would square the soft edge."""
    mask = layer.mask
    if mask is None or not has_fill(layer) or not layer.has_pixels() or mask.real_flags is not None:
        return False
    if tuple(mask.bbox) != tuple(layer.bbox):
        return False
    parameters = mask.parameters
    if parameters is not None and any(
        density not in (None, 255) for density in (parameters.user_mask_density, parameters.vector_mask_density)
    ):
        return False
    stored = mask_plane(layer)
    transparency = transparency_plane(layer)
    return stored is not None and transparency is not None and np.array_equal(stored[0], transparency)
