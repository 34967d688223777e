"""Pictures without a prompt in, their captions by the checkpoint's own Qwen2.5-VL out.

The prompt is that of `make captions`: captions of training and of inference come from one distribution.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from data_pipeline.caption.asking import Pictured, ask_for_captions, seen
from data_pipeline.caption.picture import picture_of
from data_pipeline.caption.qwen import Qwen
from inference.picture_file import read_picture
from model.checkpoint import TEXT_PARTS
from schemas.caption_options import CaptionOptions


def caption_pictures(folder: Path, paths: Sequence[Path], options: CaptionOptions | None = None) -> list[str]:
    """One English sentence or more for the picture of each file.

    `folder` is a pipeline; its parts are one folder where Qwen2.5-VL is published, and so they are laid together.
    Raises ValueError where the checkpoint cannot caption, or what it says of a picture is no caption.
    """
    missing = [part for part in TEXT_PARTS if not (folder / part).is_dir()]
    if missing:
        raise ValueError(f"{folder} has no {', '.join(missing)}, so it cannot caption; give a prompt")
    with tempfile.TemporaryDirectory() as together:
        for part in TEXT_PARTS:
            for file in sorted((folder / part).iterdir()):
                if not os.path.lexists(link := Path(together, file.name)):
                    link.symlink_to(file.resolve())
        shown = [Pictured(picture_of(seen(read_picture(path)))) for path in paths]  # no larger than a model looks at
        said = ask_for_captions(Qwen(together, allow_cpu=True), "qwen", shown, options or CaptionOptions())
    captions = [one.captions[0] for one in said]
    for path, caption in zip(paths, captions, strict=True):
        if not caption.text:
            raise ValueError(f"{path} got no caption: {caption.message or 'the answer was empty'}; give a prompt")
    return [caption.text for caption in captions]
