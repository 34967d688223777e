"""A folder in, a Qwen2.5-VL of random numbers in it out, saved as published ones are: to test and to time with.

    python -m data_pipeline.caption.random_model FOLDER [--real-size]

What it answers means nothing. The tokens of its tokenizer are bytes.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import data_pipeline.torchvision_ops  # noqa: F401 - before transformers

# isort: split
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    AutoModelForImageTextToText,
    Qwen2_5_VLConfig,
    Qwen2_5_VLProcessor,
    Qwen2Tokenizer,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)

_END, _TURN = "<|endoftext|>", "<|im_end|>"
_MARKS = (_END, "<|im_start|>", _TURN, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
_TEMPLATE = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True)
class Size:
    """`axes` divides half of a head of the text side into time, rows and columns."""

    text: Mapping[str, Any] = field(default_factory=dict)
    vision: Mapping[str, Any] = field(default_factory=dict)
    axes: tuple[int, int, int] = (16, 24, 24)


_heads = {"num_attention_heads": 4}
TINY = Size(
    {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_key_value_heads": 2, **_heads,
     "vocab_size": 320},
    {"hidden_size": 32, "intermediate_size": 64, "depth": 2, "num_heads": 2, "out_hidden_size": 64,
     "fullatt_block_indexes": [1]},
    (2, 3, 3),
)  # fmt: skip
REAL = Size(  # as the 7B is published
    {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
     "num_key_value_heads": 4, "vocab_size": 152064},
    {"hidden_size": 1280, "intermediate_size": 3420, "depth": 32, "num_heads": 16, "out_hidden_size": 3584,
     "fullatt_block_indexes": [7, 15, 23, 31]},
)  # fmt: skip


def save_random_model(folder: Path, size: Size = TINY, dtype: torch.dtype = torch.float32, seed: int = 0) -> None:
    """Equal seeds give equal weights, on one kind of device."""
    tokenizer = byte_tokenizer()
    configuration = config(size, tokenizer)
    with torch.random.fork_rng(), torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        torch.manual_seed(seed)
        model = AutoModelForImageTextToText.from_config(configuration, dtype=dtype)
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids([_TURN, _END])
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids(_END)
    model.save_pretrained(folder)
    limits = {"shortest_edge": 56 * 56, "longest_edge": 16384 * 28 * 28}
    images = Qwen2VLImageProcessor(size=limits)
    Qwen2_5_VLProcessor(images, tokenizer, Qwen2VLVideoProcessor(), chat_template=_TEMPLATE).save_pretrained(folder)


def config(size: Size, tokenizer: Qwen2Tokenizer | None = None) -> Qwen2_5_VLConfig:
    token = (tokenizer or byte_tokenizer()).convert_tokens_to_ids
    rope = {"rope_type": "default", "mrope_section": [*size.axes], "rope_theta": 1e6}
    return Qwen2_5_VLConfig(
        text_config={**size.text, "rope_parameters": rope, "max_position_embeddings": 128_000,
                     "bos_token_id": token(_END), "eos_token_id": token(_TURN), "pad_token_id": token(_END)},
        vision_config={**size.vision, "tokens_per_second": 2},
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=False,
    )  # fmt: skip


def byte_tokenizer() -> Qwen2Tokenizer:
    """Of bytes and the marks of the chat template."""
    vocabulary = {token: k for k, token in enumerate([*sorted(ByteLevel.alphabet()), *_MARKS])}
    return Qwen2Tokenizer(
        vocab=vocabulary, merges=[], eos_token=_TURN, pad_token=_END, unk_token=None,
        additional_special_tokens=[*_MARKS],
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--real-size", action="store_true", help="8.3 B parameters, 17 GB in bf16")
    arguments = parser.parse_args()
    if arguments.real_size:
        save_random_model(arguments.folder, REAL, torch.bfloat16)
    else:
        save_random_model(arguments.folder)


if __name__ == "__main__":
    main()
