"""Shards of drawn samples, through the pipeline's own writer, and their index."""

import hashlib

import numpy as np

from data_pipeline.compose import compose
from data_pipeline.shard_io import TarWriter
from data_pipeline.stack_io.sample import describe, image_members, text_members
from schemas.captions import Caption
from schemas.rows import DocumentRow
from schemas.sample import Sample
from schemas.stack import PlainLayer, Stack
from training.index import Counting, read_index, write_index
from training.indexing import build_index

WORDS = Counting("words", lambda text: 1 + len(text.split()))


def soft_stack(rng, layers, width, height, opaque=True):
    """Blocks of translucent colours, the lowest over the whole canvas."""
    drawn = []
    for index in range(layers):
        left, top = (0, 0) if index == 0 else (int(rng.integers(0, width // 2)), int(rng.integers(0, height // 2)))
        right, bottom = (width, height) if index == 0 else (
            int(rng.integers(left + 1, width + 1)), int(rng.integers(top + 1, height + 1)))  # fmt: skip
        blocks = rng.integers(0, 256, (-(-(bottom - top) // 8), -(-(right - left) // 8), 4), np.uint8)
        rgba = np.repeat(np.repeat(blocks, 8, 0), 8, 1)[: bottom - top, : right - left].copy()
        if index == 0 and opaque:
            rgba[..., 3] = 255
        rgba[rgba[..., 3] == 0] = 0
        drawn.append(PlainLayer((left, top, right, bottom), rgba))
    return Stack(width, height, tuple(drawn))


def sample_of(stack, number=0, layer_captions=True):
    """Captions say what they are of."""
    key = hashlib.sha256(str(number).encode()).hexdigest()[:16]
    own = tuple(Caption(f"layer {index} of {number}") if layer_captions else None for index in range(len(stack.layers)))
    return Sample(
        key=key,
        stack=stack,
        composite=compose(stack),
        captions=(Caption(f"all of {number}"), Caption(f"{number}", length="short")),
        layer_captions=own,
        psd_text=(),
        fidelity=None,
        document=DocumentRow("d", "a.psd", status="accepted", split="train", family_id=key),
        layers=(),
    )


def members_of(sample, image_format="webp"):
    return [*image_members(sample, image_format), *text_members(describe(sample, image_format))]


def tar(path, members):
    with open(path, "wb") as file:
        writer = TarWriter(file)
        for name, data in members:
            writer.add(name, data)
        writer.finish()
    return str(path)


def indexed(folder, members):
    """The index, stored, of one shard of these members."""
    index = build_index([tar(folder / "train-000000.tar", members)], WORDS)
    write_index(index, folder / "index.arrow")
    return read_index(folder / "index.arrow", "words")
