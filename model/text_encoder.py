"""Prompts in, the embeddings that condition the VLD-MMDiT out: Qwen2.5-VL's language side, or a tiny stand-in.

Legend: U text tokens of a prompt, W width. The picture is not shown to the text encoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import data_pipeline.torchvision_ops  # noqa: F401 - before transformers
from data_pipeline.caption.random_model import TINY, byte_tokenizer, config

# isort: split
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLTextModel

# As the released pipeline words it (Qwen-Image, section 2).
_BEFORE = (
    "<|im_start|>system\nDescribe the image by detailing the color, shape, size, texture, quantity, text, "
    "spatial relationships of the objects and background:<|im_end|>\n<|im_start|>user\n"
)
_AFTER = "<|im_end|>\n<|im_start|>assistant\n"
KINDS = ("qwen2_5_vl", "tiny")
MOST_TOKENS = 1024


@dataclass(frozen=True)
class TextEncoderConfig:
    """`folder` holds `text_encoder` and `tokenizer`, as a pipeline's does; a `tiny` one is made from `seed` instead.

    `max_tokens` of a prompt are kept, the end of the template among them.
    """

    kind: str = "qwen2_5_vl"
    folder: str | None = None
    seed: int = 0
    max_tokens: int = 512

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; it must be one of {', '.join(KINDS)}")
        if (self.kind == "qwen2_5_vl") != (self.folder is not None):
            raise ValueError(f"kind is {self.kind!r}, folder {self.folder!r}; qwen2_5_vl needs a folder, tiny has none")
        if not 1 <= self.max_tokens <= MOST_TOKENS:
            raise ValueError(f"max_tokens is {self.max_tokens}; it must lie in 1..{MOST_TOKENS}")


class TextEncoder(nn.Module):
    """`language` is a Qwen2.5-VL text model, `tokenizer` its tokenizer. Frozen."""

    def __init__(self, language: nn.Module, tokenizer: Any, max_tokens: int) -> None:
        super().__init__()
        self.language = language.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.dropped = len(tokenizer(_BEFORE)["input_ids"])  # 34 of Qwen's own

    @property
    def width(self) -> int:
        return int(self.language.config.hidden_size)

    @torch.no_grad()
    def forward(self, prompts: Sequence[str]) -> list[Tensor]:
        """[U, W] of each prompt: the last hidden states behind the template's beginning.

        Prompts are padded to the longest of them on the right, which a causal model does not see.
        """
        ids = [self.tokens(prompt) for prompt in prompts]
        longest = max(map(len, ids))
        padded = torch.zeros(len(ids), longest, dtype=torch.int64)
        mask = torch.zeros_like(padded)
        for row, tokens in enumerate(ids):
            padded[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        device = next(self.language.parameters()).device
        states = self.language(input_ids=padded.to(device), attention_mask=mask.to(device)).last_hidden_state
        return [state[self.dropped : len(tokens)] for state, tokens in zip(states, ids, strict=True)]

    def tokens(self, prompt: str) -> list[int]:
        """Of the whole template, cut where `max_tokens` end. Marks of the template in a prompt become plain text."""
        words = prompt.replace("<|", "< |")
        return list(self.tokenizer(f"{_BEFORE}{words}{_AFTER}")["input_ids"])[: self.dropped + self.max_tokens]


def load_text_encoder(
    options: TextEncoderConfig, device: torch.device | str = "cpu", dtype: torch.dtype = torch.bfloat16
) -> TextEncoder:
    """ValueError where the folder holds no text encoder, or not all of it."""
    if options.folder is None:
        return _tiny(options).to(device, dtype)
    folder = Path(options.folder)
    for part in ("text_encoder", "tokenizer"):
        if not (folder / part).is_dir():
            raise ValueError(f"{folder} has no {part}; give the folder of a pipeline")
    try:
        words = AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True, trust_remote_code=False)
        whole = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder / "text_encoder", dtype=dtype, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        raise ValueError(f"the text encoder of {folder} cannot be loaded: {error}") from error
    return TextEncoder(whole.model.language_model, words, options.max_tokens).to(device)  # the vision side is let go


def _tiny(options: TextEncoderConfig) -> TextEncoder:
    words = byte_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        language = Qwen2_5_VLTextModel(config(TINY, words).text_config)
    return TextEncoder(language, words, options.max_tokens)
