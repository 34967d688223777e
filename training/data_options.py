"""Samples, and what is made of them: sections of the configuration of a run."""

import math
from dataclasses import dataclass, field

from model.buckets import MOST_SIDE_PX
from schemas.members import MAX_LAYERS, SPLITS
from training.bounds import in_range, one_of
from training.recipes import Task, TextOrder

BESIDE = "beside"  # where a source's latents lie
MOST_VARIANTS = 64


@dataclass(frozen=True)
class Source:
    """`where` is a dataset of `make shards`, a folder of tars, a glob or a tar; `weight` is its share of samples."""

    where: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.where:
            raise ValueError("where is empty; it must be a dataset, a folder of tars, a glob or a tar")
        in_range("weight", self.weight, 0, math.inf, above=True)


@dataclass(frozen=True)
class Data:
    """`pack_tokens` bounds what a rank takes at once; it has nothing to do with the batch, which `Schedule` has.

    A sample has `variants` recipes, taken in turn; 0: another at every visit, which nothing can encode in advance.
    `latents` is the folder of `make latents`, or `beside`: the folder `latents` of every source; empty: pixels are
    read and encoded.
    """

    sources: tuple[Source, ...] = ()
    split: str = "train"
    resolutions: tuple[int, ...] = (640,)  # each sample is at the largest that its own area reaches, or the smallest
    max_layers: int = MAX_LAYERS
    max_text_tokens: int = 512
    pack_tokens: int = 32_768
    workers: int = 2
    ahead: int = 2  # micro-steps that are read in advance, by each worker
    variants: int = 0
    latents: str = ""
    skip: tuple[str, ...] = ()  # keys of samples that are left out, such as one that cannot be decoded

    def __post_init__(self) -> None:
        one_of("split", self.split, SPLITS)
        if not self.resolutions or any(side % 32 or not 32 <= side <= MOST_SIDE_PX for side in self.resolutions):
            bound = f"multiples of 32 up to {MOST_SIDE_PX}, e.g. [640]"
            raise ValueError(f"resolutions are {list(self.resolutions)}; they must be {bound}")
        in_range("max_layers", self.max_layers, 1, MAX_LAYERS)
        in_range("max_text_tokens", self.max_text_tokens, 1, 1024)
        in_range("pack_tokens", self.pack_tokens, 1, 1 << 24)
        in_range("workers", self.workers, 0, 256)
        in_range("ahead", self.ahead, 1, 64)
        in_range("variants", self.variants, 0, MOST_VARIANTS)
        if self.latents and not self.variants:
            raise ValueError(
                f"latents is {self.latents!r} and variants 0; what is drawn anew at every visit is in no cache: "
                "set data.variants as it was for make latents"
            )


@dataclass(frozen=True)
class Tasks:
    """`weights` are relative shares; chances are of each sample."""

    weights: dict[Task, float] = field(default_factory=dict)
    caption_dropout: float = 0.1
    layer_pictures: float = 0.5  # of samples of text_to_rgb and text_to_rgba: a layer with a caption of its own
    merge: float = 0.0  # that some neighbouring layers are blended into one
    blanks: float = 0.0  # that blank frames follow the layers
    most_blanks: int = 4
    composite_weight: float = 1.0  # of the composite's frame in the loss, a layer's being 1
    languages: tuple[str, ...] = ()  # of captions; empty: all
    hidden_text: float = 0.0  # of samples of layered tasks: texts of the file that the caption does not quote follow it
    text_order: TextOrder = TextOrder.READING

    def __post_init__(self) -> None:
        for task, weight in self.weights.items():
            in_range(f"weights.{task}", weight, 0, math.inf)
        for name in ("caption_dropout", "layer_pictures", "merge", "blanks", "hidden_text"):
            in_range(name, getattr(self, name), 0, 1)
        in_range("most_blanks", self.most_blanks, 1, MAX_LAYERS)
        in_range("composite_weight", self.composite_weight, 0, 1000)
