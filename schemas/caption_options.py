"""What is asked of a model that captions: every setting that decides a caption, beside model and prompts."""

from dataclasses import dataclass

LANGUAGES = ("en", "zh", "both")
LENGTHS = ("long", "short", "both")


@dataclass(frozen=True)
class CaptionOptions:
    """A wrong value raises ValueError."""

    caption_language: str = "en"
    caption_length: str = "long"
    caption_layers: bool = False  # every stored layer too, over neutral grey
    caption_text: bool = True  # the model is told what the PSD's type layers say
    caption_tokens: int = 512  # of a long caption at most; a short one gets a quarter

    def __post_init__(self) -> None:
        for name, allowed in (("caption_language", LANGUAGES), ("caption_length", LENGTHS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(allowed)}")
        if not 16 <= self.caption_tokens <= 4096:
            raise ValueError(f"caption_tokens is {self.caption_tokens}; it must lie in 16..4096")

    @property
    def languages(self) -> tuple[str, ...]:
        return LANGUAGES[:2] if self.caption_language == "both" else (self.caption_language,)

    @property
    def lengths(self) -> tuple[str, ...]:
        return LENGTHS[:2] if self.caption_length == "both" else (self.caption_length,)
