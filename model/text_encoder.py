"""Prompts in, the embeddings that condition the VLD-MMDiT out: Qwen2.5-VL's language side, or a tiny stand-in.

Legend: U text tokens of a prompt, W width. The picture is not shown to the text encoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn

import data_pipeline.torchvision_ops  # noqa: F401 - before transformers
from data_pipeline.caption.random_model import TINY, byte_tokenizer, config

# isort: split
from transformers import AutoConfig, AutoTokenizer, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLTextModel

# As the released pipeline words it (Qwen-Image, section 2).
_BEFORE = (
    "<|im_start|>system\nDescribe the image by detailing the color, shape, size, texture, quantity, text, "
    "spatial relationships of the objects and background:<|im_end|>\n<|im_start|>user\n"
)
_AFTER = "<|im_end|>\n<|im_start|>assistant\n"
_SAFELY: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
_MODEL_TYPE = "qwen2_5_vl"
# What transformers raises of files that are damaged, or do not belong together.
_DAMAGE = (
    ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError,
    SafetensorError, StrictDataclassError,
)  # fmt: skip
KINDS = ("qwen2_5_vl", "tiny")
_TOKEN_CHARACTERS = 64  # of a prompt that are read for each token that is kept
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
        if not prompts:
            return []
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
        """Of the whole template, cut where `max_tokens` end. Marks of the template in a prompt become plain text.

        What is far too long is cut before it is read: a book as a prompt costs what a page does.
        """
        words = prompt[: _TOKEN_CHARACTERS * self.max_tokens].replace("<|", "< |")
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
        words = AutoTokenizer.from_pretrained(folder / "tokenizer", **_SAFELY)
        _check_room(folder / "text_encoder")
        whole, report = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder / "text_encoder", dtype=dtype, use_safetensors=True, output_loading_info=True, **_SAFELY
        )
        if missing := sorted(report["missing_keys"]):  # transformers makes them up
            raise ValueError(f"{len(missing)} tensors are missing, among them {missing[0]}")
        encoder = TextEncoder(whole.model.language_model, words, options.max_tokens)  # the vision side is let go
        _check_words(encoder)
        encoder.to(device)([" "])  # so that what cannot encode at all shows now
    except _DAMAGE as error:
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        reason = " ".join(f"{kind}{error}".split())[:300]
        raise ValueError(f"the text encoder of {folder} cannot be loaded: {reason}") from error
    return encoder


def outlined_text_encoder(options: TextEncoderConfig) -> TextEncoder:
    """One whose network has shapes and no weights: it counts tokens and parameters, and encodes nothing.

    Of a folder only the tokenizer and `text_encoder/config.json` are read. ValueError where they are not there.
    """
    if options.folder is None:
        with torch.device("meta"):
            return _tiny(options)
    folder = Path(options.folder)
    try:
        words = AutoTokenizer.from_pretrained(folder / "tokenizer", **_SAFELY)
        config = _config(folder / "text_encoder")
        with torch.device("meta"):
            encoder = TextEncoder(Qwen2_5_VLTextModel(config.text_config), words, options.max_tokens)
        _check_words(encoder)
    except _DAMAGE as error:
        raise ValueError(
            f"the text encoder of {folder} cannot be read: {' '.join(str(error).split())[:300]}"
        ) from error
    return encoder


def _check_room(folder: Path) -> None:
    """Raises ValueError for a network that its files cannot hold: transformers would make it up, and fill memory."""
    with torch.device("meta"):
        whole = Qwen2_5_VLForConditionalGeneration(_config(folder))
    parameters = sum(tensor.numel() for tensor in whole.parameters())
    stored = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    if stored < parameters:  # of a byte each, at the least
        raise ValueError(f"its config.json tells of {parameters:,} parameters; its *.safetensors have {stored:,} bytes")


def _config(folder: Path) -> Any:
    config = AutoConfig.from_pretrained(folder, **_SAFELY)
    if config.model_type != _MODEL_TYPE:
        raise ValueError(f"it is a {config.model_type!r}; it must be a {_MODEL_TYPE!r}")
    return config


def _check_words(encoder: TextEncoder) -> None:
    """Raises ValueError where the tokenizer cannot spell, as one that transformers makes up, or is another model's."""
    tokens = encoder.tokenizer(_BEFORE)["input_ids"]
    known = int(encoder.language.config.vocab_size)
    spelt = encoder.tokenizer.decode(tokens, clean_up_tokenization_spaces=False)
    if spelt != _BEFORE or len(encoder.tokenizer) > known:
        raise ValueError("it has no tokenizer, or another model's")


def _tiny(options: TextEncoderConfig) -> TextEncoder:
    words = byte_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        language = Qwen2_5_VLTextModel(config(TINY, words).text_config)
    return TextEncoder(language, words, options.max_tokens)
