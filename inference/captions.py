"""Pictures without a prompt in, their captions by the checkpoint's own Qwen2.5-VL out.

The prompt is that of `make captions`: captions of training and of inference come from one distribution.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data_pipeline.caption.asking import Pictured, ask_for_captions, seen
from data_pipeline.caption.picture import picture_of
from data_pipeline.caption.qwen import Qwen
from schemas.caption_options import CaptionOptions

_PARTS = ("text_encoder", "tokenizer", "processor")  # of a pipeline; one folder where Qwen2.5-VL is published


def caption_pictures(folder: Path, pictures: Sequence[np.ndarray], allow_cpu: bool = True) -> list[str]:
    """One English sentence or more for each picture, uint8 straight RGBA [H, W, 4].

    Raises ValueError where the checkpoint cannot caption, or what it says of a picture is no caption.
    """
    with tempfile.TemporaryDirectory() as together:
        for part in _PARTS:
            if not (folder / part).is_dir():
                raise ValueError(f"{folder} has no {part}, so it cannot caption; give a prompt")
            for file in sorted((folder / part).iterdir()):
                if not os.path.lexists(link := Path(together, file.name)):
                    link.symlink_to(file.resolve())
        shown = [Pictured(picture_of(seen(rgba))) for rgba in pictures]
        said = ask_for_captions(Qwen(together, allow_cpu), "qwen", shown, CaptionOptions())
    captions = [one.captions[0] for one in said]
    empty = next((index for index, caption in enumerate(captions) if not caption.text), None)
    if empty is not None:
        raise ValueError(f"picture {empty} got no caption: {captions[empty].message or 'the answer was empty'}")
    return [caption.text for caption in captions]
