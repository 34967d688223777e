"""A caption of a sample, and of one of its layers, as stored in KEY.json."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caption:
    """`length` is "long" or "short"; `flags` name what quality control found."""

    text: str
    language: str = "en"
    length: str = "long"
    captioner: str = "layers"
    flags: tuple[str, ...] = ()
