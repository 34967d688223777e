"""A document's layer tree -> plain straight-alpha layers whose alpha-blending is Photoshop's picture."""

from data_pipeline.flatten.walk import Flattened, flatten, unpainted

__all__ = ["Flattened", "flatten", "unpainted"]
