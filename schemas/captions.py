"""A caption of a sample, or of one of its layers; KEY.json holds a part of it, the table `captions` all."""

from dataclasses import dataclass

IN_SAMPLE = ("text", "language", "length", "captioner", "flags")  # fields that KEY.json holds


@dataclass(frozen=True)
class Caption:
    """`length` is "long" or "short"; `flags` name what quality control found.

    What follows `flags` is known of captions that a model wrote: how it ended (`stop`, `length`; `failed` or `gone` and
    then why), how many tokens it took, and the share of the words of the PSD's text that the caption quotes (None where
    there are none).
    """

    text: str
    language: str = "en"
    length: str = "long"
    captioner: str = "layers"
    flags: tuple[str, ...] = ()
    model: str | None = None
    revision: str | None = None
    prompt_version: str | None = None
    finish_reason: str | None = None
    message: str | None = None
    tokens: int | None = None
    quoted: float | None = None


@dataclass(frozen=True)
class SampleCaptions:
    """All captions of a sample: of its composite, and one of each stored layer, None where there is none; of layers
    none at all where nobody asked."""

    captions: tuple[Caption, ...]
    layer_captions: tuple[Caption | None, ...]
