"""Facts about a sample in, captions of its composite and of its layers out."""

from data_pipeline.caption import layers, none
from data_pipeline.caption.facts import Captioner, CaptionFacts, NodeFacts

__all__ = ["CaptionFacts", "Captioner", "NodeFacts", "captioner"]


def captioner(name: str) -> Captioner:
    """What captions a document while it is curated: nothing, where a model is asked afterwards (`asking`)."""
    return layers if name == layers.name else none
