"""A coverage: how much of a layer or group its masks and opacities let through, at every pixel."""

from dataclasses import dataclass

import numpy as np
from psd_tools.api.layers import Layer
from psd_tools.composite import vector
from psd_tools.composite.utils import has_fill

from data_pipeline.boxes import intersect, size, view
from data_pipeline.pixels import mask_plane, transparency_plane, users_mask_plane
from data_pipeline.tagged_blocks import UNREADABLE, VECTOR_MASK, parse
from schemas.stack import Box


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
    drawn = _vector_mask(layer, box)
    if drawn is None:
        return layer_mask_coverage(layer, box)
    parameters = layer.mask.parameters if layer.mask is not None else None
    path_density = parameters.vector_mask_density if parameters is not None else None
    density = 1.0 if path_density is None else path_density / 255
    if parameters is not None and parameters.user_mask_density is not None and not layer.mask.disabled:
        own = users_mask_plane(layer)
        if own is not None:
            plane, plane_box, default = own
            users = _cropped(plane, plane_box, default / 255, box).at_density(parameters.user_mask_density / 255)
            path = Coverage(0.0, box, drawn).at_density(density)
            return Coverage(0.0, box, users.on(box) * path.on(box))
    return Coverage(0.0, box, drawn * layer_mask_coverage(layer, box).on(box)).at_density(density)


def has_masks(layer: Layer) -> bool:
    """Whether a layer mask or a vector mask may hide a part of it."""
    return (layer.mask is not None and not layer.mask.disabled) or _draws_vector_mask(layer)


def mask_frame(layer: Layer) -> Box | None:
    """The box outside which the layer mask hides everything; None where there is none."""
    mask = layer.mask
    if mask is None or mask.disabled or mask.background_color != 0 or mask.width <= 0 or mask.height <= 0:
        return None
    parameters = mask.parameters
    densities = () if parameters is None else (parameters.user_mask_density, parameters.vector_mask_density)
    return tuple(mask.bbox) if all(density in (None, 255) for density in densities) else None


def layer_mask_coverage(layer: Layer, box: Box) -> Coverage:
    """The layer mask alone, at its density."""
    coverage = Coverage()
    mask = layer.mask
    parameters = mask.parameters if mask is not None else None
    if mask is not None and not mask.disabled and not _repeats_transparency(layer):
        stored = mask_plane(layer)
        if stored is not None:
            plane, plane_box = stored
            coverage = _cropped(plane, plane_box, mask.background_color / 255, box)
        density = None
        if parameters is not None:
            density = parameters.user_mask_density
            if density is None:
                density = parameters.vector_mask_density
        coverage = coverage.at_density(1.0 if density is None else density / 255)
    return coverage


def _cropped(plane: np.ndarray, plane_box: Box, outside: float, box: Box) -> Coverage:
    inner = intersect(plane_box, box)
    if inner is None:
        return Coverage(outside)
    values = view(plane, plane_box, inner) * np.float32(1 / 255)
    return Coverage(outside, inner, values)


def _vector_mask(layer: Layer, box: Box) -> np.ndarray | None:
    """The coverage of the path, where it is still to be drawn. A path that cannot be read counts as missing."""
    if not _draws_vector_mask(layer):
        return None
    try:
        drawn: np.ndarray = vector.draw_vector_mask(layer, box)[..., 0].astype(np.float32)
    except UNREADABLE:
        return None
    return drawn


def _draws_vector_mask(layer: Layer) -> bool:
    if not any(tag in layer.tagged_blocks for tag in VECTOR_MASK):
        return False
    parse(layer.tagged_blocks, *VECTOR_MASK)
    path = layer.vector_mask
    if path is None or path.disabled:
        return False
    return not layer.has_pixels() or (not has_fill(layer) and layer.mask is not None and not layer.mask.has_real())


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
