"""Facts about a sample in, captions of its composite and of its layers out."""

from data_pipeline.caption import layers, none
from data_pipeline.caption.facts import Captioner, CaptionFacts, NodeFacts

__all__ = ["CaptionFacts", "Captioner", "NodeFacts", "captioner"]

_CAPTIONERS: dict[str, Captioner] = {"layers": layers, "none": none}


def captioner(name: str) -> Captioner:
    """The captioner of that name; ValueError names the choices."""
    if name not in _CAPTIONERS:
        raise ValueError(f"captioner is {name!r}; it must be one of {', '.join(_CAPTIONERS)}")
    return _CAPTIONERS[name]
