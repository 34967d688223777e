"""What is made of a sample of the shards when it is trained on: drawn in advance, from the seed and the position alone.

A recipe names the frames and the condition; `data` reads and paints them, `planner` counts their tokens. Nothing in it
depends on ranks, workers or where a run was stopped.
"""

from dataclasses import dataclass
from enum import StrEnum

from model.packing import SampleShape

COMPOSITE = -1  # where a recipe or a caption names a layer by its index
Size = tuple[int, int]  # (width, height) in pixels


class Task(StrEnum):
    """What is given and what is predicted (Qwen-Image-Layered, section 3.3)."""

    TEXT_TO_RGB = "text_to_rgb"
    TEXT_TO_RGBA = "text_to_rgba"
    TEXT_TO_LAYERS = "text_to_layers"
    IMAGE_TO_LAYERS = "image_to_layers"

    @property
    def is_layered(self) -> bool:
        return self in (Task.TEXT_TO_LAYERS, Task.IMAGE_TO_LAYERS)


class TextOrder(StrEnum):
    """In which order a prompt lists texts of the file: by the places of their layers, from top to bottom and from left
    to right, or as their layers lie on each other, from the bottom up."""

    READING = "reading"
    STACKING = "stacking"


@dataclass(frozen=True)
class Recipe:
    """One sample of a step.

    A layered task predicts the composite, then, bottom to top, the ground where there is one, `groups` and `blanks`.
    The other tasks predict one frame, of `picture`: the composite, or a layer by its index. `size` is that of every
    frame.
    """

    task: Task
    size: Size
    caption: int | None  # which of the index's captions of this sample; None: the prompt is empty
    picture: int = COMPOSITE
    groups: tuple[tuple[int, int], ...] = ()  # runs [first, last + 1) of layers, each blended into one frame
    blanks: int = 0  # transparent frames above, by which a model learns to stop
    ground: tuple[int, int, int] | None = None  # RGB that composite and condition, or a picture for RGB, are laid on
    texts: TextOrder | None = None  # that the file's texts, which the caption does not quote, follow it in

    @property
    def frames(self) -> int:
        """How many are predicted."""
        if not self.task.is_layered:
            return 1
        return 1 + (self.ground is not None) + len(self.groups) + self.blanks


@dataclass(frozen=True)
class Planned:
    """A recipe for sample `index` of source `source`, at a `position` of the run; `shape` is what it takes."""

    position: int
    source: int
    index: int
    recipe: Recipe
    shape: SampleShape
