"""A layer -> the names of what it asks for and flattening does not do, for `documents.unsupported`."""

from collections.abc import Sequence

from psd_tools.api.layers import AdjustmentLayer, Layer
from psd_tools.constants import BevelStyle, BevelTechnique, BlendMode, ColorMode, Tag
from psd_tools.psd.descriptor import Descriptor
from psd_tools.terminology import Key

from data_pipeline.flatten.apart import blends_apart, is_measured
from data_pipeline.flatten.blend_if import blend_if_of, has_ranges
from data_pipeline.flatten.coverage import draws_vector_mask
from data_pipeline.flatten.effects.effect import BEVEL, SATIN, Effect
from data_pipeline.flatten.feather import feather_of
from data_pipeline.flatten.fill import fades_colour, is_shaped
from data_pipeline.flatten.hiding import asks_to_hide_effects
from data_pipeline.flatten.paint import fill_descriptor, unmeasured_features
from data_pipeline.flatten.restrict import draws_restriction
from data_pipeline.tagged_blocks import EFFECTS, UNREADABLE

_MODES = {ColorMode.CMYK: "cmyk", ColorMode.LAB: "lab"}
_UNBLENDED = (BlendMode.NORMAL, BlendMode.PASS_THROUGH, BlendMode.DISSOLVE)


def unsupported_features(
    layer: Layer, effects: Sequence[Effect], clipped: Sequence[Layer], *, is_alone: bool
) -> list[str]:
    """Of one visible layer or group and what is clipped to it; `Tree` names the effects that are read and not drawn.

    `is_alone` says that it has neither effects nor a knockout, and nothing clipped to it: more is drawn then.
    """
    names = []
    stored = [tag for tag in EFFECTS if tag in layer.tagged_blocks] or [Tag.EFFECTS_LAYER]
    if any(isinstance(layer.tagged_blocks[tag].data, bytes) for tag in stored if tag in layer.tagged_blocks):
        names.append("effect:unreadable")
    if effects and stored == [Tag.EFFECTS_LAYER]:
        names.append("effects_of_photoshop_5")  # drawn, but not measured
    if layer.blend_mode == BlendMode.DISSOLVE and isinstance(layer, AdjustmentLayer):
        names.append("dissolve")  # other layers are named where their noise is drawn
    if any(_has_contour(effect) for effect in effects):
        names.append("effect_contour")  # drawn, but not measured
    names += [name for effect in effects for name in unmeasured_features(effect.drawing.descriptor)]
    if not layer.has_pixels():
        names += _unmeasured_fill(layer)
    modes = [layer.blend_mode, *(mode for effect in effects for mode in effect.blend_modes)]
    if layer._psd.color_mode in _MODES and any(mode not in _UNBLENDED for mode in modes):
        # Drawn, but of inks that may not be the file's own, or by rules of Lab that are not measured.
        names.append(f"blending_in_{_MODES[layer._psd.color_mode]}")
    if has_ranges(layer) and not (is_alone and blend_if_of(layer)):
        names.append("blend_if")
    if _restricts_channels(layer) and not (is_alone and draws_restriction(layer)):
        names.append("channel_restrictions")
    if effects and asks_to_hide_effects(layer):
        names.append("mask_hides_effects")  # drawn, but not measured; not drawn of knockouts and of a shape's own path
    if any(effect.kind == BEVEL and _has_relief(effect) for effect in effects):
        names.append("bevel_texture_or_contour")  # drawn, but not measured
    if any(effect.kind == BEVEL and not _is_smooth_inner(effect) for effect in effects):
        names.append("bevel_style")  # drawn, but not measured
    if _has_undrawn_feather(layer):
        names.append("mask_feather")
    if not is_alone and not is_shaped(layer):
        names.append("transparency_shapes_layer")
    if not is_alone and fades_colour(layer, layer.tagged_blocks.get_data(Tag.BLEND_FILL_OPACITY, 255) / 255):
        names.append("fill_of_blend_mode")  # drawn as if the mode were another
    if clipped and blends_apart(layer) and not is_measured(layer):
        names.append("blend_clipped_layers_apart")  # drawn
    return names


def _unmeasured_fill(layer: Layer) -> list[str]:
    try:
        fill = fill_descriptor(layer)
    except UNREADABLE:
        return []
    return unmeasured_features(fill) if isinstance(fill, Descriptor) else []


def _has_contour(effect: Effect) -> bool:
    """Whether a shadow, a glow, a satin or a bevel's light follows another curve than the straight line."""
    contour = effect.drawing.descriptor.get(Key.MappingShape if effect.kind == SATIN else Key.TransferSpec)
    points = contour.get(Key.Curve) if isinstance(contour, Descriptor) else None
    try:
        return points is not None and any(point[Key.Horizontal] != point[Key.Vertical] for point in points)
    except UNREADABLE:
        return False


def _has_relief(effect: Effect) -> bool:
    """Whether a texture or a contour of its own shapes the surface of a bevel."""
    return bool(effect.drawing.use_texture or effect.drawing.use_shape)


def _is_smooth_inner(effect: Effect) -> bool:
    """Whether a bevel is of the style and the technique that have been measured."""
    descriptor = effect.drawing.descriptor
    try:
        kind = descriptor[Key.BevelStyle].enum, descriptor[Key.BevelTechnique].enum
    except UNREADABLE:
        return True  # it will not be drawn
    return kind == (BevelStyle.INNER_BEVEL, BevelTechnique.SOFT_MATTE)


def _restricts_channels(layer: Layer) -> bool:
    block = layer.tagged_blocks.get(Tag.CHANNEL_BLENDING_RESTRICTIONS_SETTING)
    return block is not None and len(getattr(block, "data", b"")) > 0


def _has_undrawn_feather(layer: Layer) -> bool:
    """Whether a feather is not to be believed, or softens a path that is not drawn."""
    feather = feather_of(layer)
    return feather.is_absurd or (feather.path_px > 0 and not draws_vector_mask(layer))
