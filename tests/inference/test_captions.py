"""The checkpoint's own Qwen2.5-VL captions pictures; where it cannot, the file is named."""

import shutil

import numpy as np
import pytest
from PIL import Image

from inference import captions
from inference.captions import caption_pictures
from schemas.caption_options import CaptionOptions
from schemas.captions import Caption, SampleCaptions

FEW = CaptionOptions(caption_tokens=16)


@pytest.fixture
def paths(tmp_path):
    for name, size in (("a.png", (70, 60)), ("b.png", (1, 400))):
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (*size, 4), np.uint8)).save(tmp_path / name)
    return [tmp_path / "a.png", tmp_path / "b.png"]


def test_every_picture_gets_a_caption(checkpoint, paths):
    assert [len(text) > 0 for text in caption_pictures(checkpoint, paths, FEW)] == [True, True]


def test_a_picture_without_one_is_named(checkpoint, paths, monkeypatch):
    answers = [SampleCaptions((Caption(text, "en", "long", "qwen"),), ()) for text in ("a fox", "")]
    monkeypatch.setattr(captions, "ask_for_captions", lambda *arguments: answers)
    with pytest.raises(ValueError, match=r"b\.png got no caption: the answer was empty; give a prompt"):
        caption_pictures(checkpoint, paths, FEW)


def test_a_checkpoint_that_cannot_caption_is_told(checkpoint, paths, tmp_path):
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(checkpoint / part, tmp_path / "copy" / part)
    with pytest.raises(ValueError, match="has no processor, so it cannot caption; give a prompt"):
        caption_pictures(tmp_path / "copy", paths, FEW)
