"""An effect and its document -> whence its light comes. Effects may share one light, which the document holds."""

from typing import Any

from psd_tools.api.layers import Layer
from psd_tools.constants import Resource

from data_pipeline.tagged_blocks import resource

# Where a document does not say
_PHOTOSHOPS_ANGLE = 30
_PHOTOSHOPS_ALTITUDE = 30


def light_angle(drawing: Any, layer: Layer) -> float:
    """Degrees, counterclockwise from the right. Raises ValueError or TypeError where it is no number."""
    if not drawing.use_global_light:
        return float(drawing.angle)
    shared = resource(layer._psd, Resource.GLOBAL_ANGLE)
    return float(getattr(shared, "value", _PHOTOSHOPS_ANGLE))


def light_altitude(drawing: Any, layer: Layer) -> float:
    """Degrees above the picture. Raises ValueError or TypeError where it is no number."""
    if not drawing.use_global_light:
        return float(drawing.altitude)
    shared = resource(layer._psd, Resource.GLOBAL_ALTITUDE)
    shared = getattr(shared, "value", shared)
    if isinstance(shared, bytes) and len(shared) == 4:
        return float(int.from_bytes(shared, "big", signed=True))
    return float(shared) if isinstance(shared, int | float) else float(_PHOTOSHOPS_ALTITUDE)
