"""A checkpoint in, a Qwen2.5-VL on this machine's GPU or CPU out, which answers one batch of questions at a time.

All that needs torch is here. Import it late: it takes seconds, and needs the extra `captions`.
"""

import copy
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError
from jinja2 import TemplateError

import data_pipeline.torchvision_ops  # noqa: F401 - before transformers
from data_pipeline.caption.checkpoint import Checkpoint
from data_pipeline.caption.picture import picture_of
from data_pipeline.caption.vision import Answer, Question, Sampling

# isort: split
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    LogitsProcessor,
    LogitsProcessorList,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
)
from transformers.utils import is_flash_attn_2_available

from data_pipeline.caption.patches import Patches

_SAFELY = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True}
_NO_MEMORY = re.compile("out of memory|can't allocate memory")  # how torch says it of other memory than a GPU's
_MOST_ON_CPU = 1_000_000_000  # parameters
_BYTES_A_TOKEN = 3  # of UTF-8, at least on average: English has 4 to 5, Chinese 3 to 4
_TEMPLATE_TOKENS = 32


# Asked when a model is loaded, so that what cannot answer at all shows then.
_FIRST = Question((picture_of(np.zeros((56, 56, 3), np.uint8)),), "", Sampling(max_tokens=1))

# What transformers raises of files that are damaged, or do not belong together.
_DAMAGE = (
    ArithmeticError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError,
    SafetensorError, StrictDataclassError, TemplateError,
)  # fmt: skip


class Network:
    """bf16 and flash attention (where its package is installed) on a GPU; on a CPU fp32, above 1 B parameters bf16."""

    def __init__(self, checkpoint: Checkpoint, allow_cpu: bool) -> None:
        """Raises ValueError where weights are missing or damaged, or too many for this machine."""
        is_gpu = torch.cuda.is_available()
        self._device = torch.device("cuda" if is_gpu else "cpu")
        is_large = check_machine(checkpoint, allow_cpu) > _MOST_ON_CPU
        folder = checkpoint.with_weights()
        with _loading(checkpoint):
            self._model, report = Qwen2_5_VLForConditionalGeneration.from_pretrained(
                folder,
                dtype=torch.bfloat16 if is_gpu or is_large else torch.float32,
                attn_implementation="flash_attention_2" if is_gpu and is_flash_attn_2_available() else "sdpa",
                device_map=self._device,
                output_loading_info=True,
                **_SAFELY,
            )
            self._processor = Qwen2_5_VLProcessor.from_pretrained(folder, **_SAFELY)
            # transformers makes up what is missing: random numbers, or an empty tokenizer.
            if missing := sorted(report["missing_keys"]):
                raise ValueError(f"{len(missing)} tensors are missing, among them {missing[0]}")
            if self._processor.image_token_id != self._model.config.image_token_id:
                raise ValueError("it has no tokenizer, or another model's")
            if not self._processor.chat_template:
                raise ValueError("it has no chat template; is it the Instruct model?")
            self._patches = Patches(self._processor.image_processor, self._device)
            self._settings = copy.deepcopy(self._model.generation_config)
            self._settings.update(do_sample=False, temperature=None, top_p=None, top_k=None)
            ends = self._settings.eos_token_id
            self._ends = set(ends if isinstance(ends, list) else [ends])
            self._generate([_FIRST])

    @property
    def place(self) -> str:
        """The device in words."""
        return torch.cuda.get_device_name() if self._device.type == "cuda" else "the CPU"

    def tokens(self, question: Question) -> int:
        """Near enough what it and its longest answer take. Raises ValueError where a picture has no size for it."""
        return _TEMPLATE_TOKENS + len(question.words.encode()) // _BYTES_A_TOKEN + question.sampling.max_tokens + sum(
            self._patches.tokens(*picture.pixels.shape[:2]) for picture in question.pictures
        )  # fmt: skip

    def generate(self, questions: Sequence[Question]) -> list[Answer]:
        """One batch. Raises MemoryError where it is too large."""
        try:
            return self._generate(questions)
        except (MemoryError, RuntimeError) as error:
            message = " ".join(str(error).split())
            if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not _NO_MEMORY.search(message):
                raise
        raise MemoryError(message)  # out here, where no traceback holds the tensors any more

    def inputs(self, questions: Sequence[Question]) -> dict[str, torch.Tensor]:
        """What the model is given, padded on the left; pictures are resized and normalised on its device.

        As its processor would, which writes a mark for each visual token before it takes all of them for words.
        """
        rows = [self.token_ids(question) for question in questions]
        longest, tokenizer = max(map(len, rows)), self._processor.tokenizer
        ids = np.stack([np.pad(row, (longest - len(row), 0), constant_values=tokenizer.pad_token_id) for row in rows])
        is_there = np.stack([np.arange(longest) >= longest - len(row) for row in rows])
        words = {
            "input_ids": ids,
            "attention_mask": is_there.astype(np.int64),
            "mm_token_type_ids": (ids == self._processor.image_token_id).astype(np.int64),
        }
        given = {name: torch.tensor(values, device=self._device) for name, values in words.items()}
        return given | self.picture_values(questions)

    def picture_values(self, questions: Sequence[Question]) -> dict[str, torch.Tensor]:
        """Of all their pictures, on the model's device; nothing where there are none."""
        pictures = [picture.pixels for question in questions for picture in question.pictures]
        return self._patches.inputs(pictures) if pictures else {}

    def answer(self, said: Sequence[int], question: Question) -> Answer:
        """Of the new tokens of its row, which goes on as long as the longest answer of its batch."""
        said = said[: question.sampling.max_tokens]
        end = next((k for k, token in enumerate(said) if token in self._ends), None)
        text = self._processor.tokenizer.decode(said[:end], skip_special_tokens=True)
        return Answer(text, "length" if end is None else "stop", len(said) if end is None else end + 1)

    def _generate(self, questions: Sequence[Question]) -> list[Answer]:
        inputs = self.inputs(questions)
        settings = copy.deepcopy(self._settings)
        settings.max_new_tokens = max(question.sampling.max_tokens for question in questions)
        draw = LogitsProcessorList([_Draw(questions, self._device)])
        with torch.inference_mode():
            rows = self._model.generate(**inputs, generation_config=settings, logits_processor=draw)
        new = rows[:, inputs["input_ids"].shape[1] :].tolist()
        return [self.answer(said, question) for said, question in zip(new, questions, strict=True)]

    def _text(self, question: Question) -> str:
        # Words may hold what is written in somebody's file: there they are no marks of the conversation.
        content = [{"type": "image"} for _ in question.pictures]
        content.append({"type": "text", "text": question.words.replace("<|", "< |")})
        message = [{"role": "user", "content": content}]
        return self._processor.apply_chat_template(message, tokenize=False, add_generation_prompt=True)

    def token_ids(self, question: Question) -> np.ndarray:
        """int64, a mark for each visual token."""
        ids = np.array(self._processor.tokenizer(self._text(question))["input_ids"])
        times = np.ones_like(ids)
        times[ids == self._processor.image_token_id] = [
            self._patches.tokens(*picture.pixels.shape[:2]) for picture in question.pictures
        ]
        return np.repeat(ids, times)


@contextmanager
def _loading(checkpoint: Checkpoint) -> Iterator[None]:
    """Raises ValueError for whatever keeps it from being loaded."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ValueError(f"{checkpoint.name} does not fit into the memory of the GPU: {error}") from error
    except _DAMAGE as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise ValueError(f"{checkpoint.name} cannot be loaded from {checkpoint.folder}: {reason}") from error


class _Draw(LogitsProcessor):
    """Turns the likeliest token into a drawn one, row by row with a generator of the row's own.

    The largest of logit / temperature - log(exponential noise) is a draw from their softmax (the Gumbel trick), so
    that what a question is answered hangs on its own seed and not on its batch.
    """

    def __init__(self, questions: Sequence[Question], device: torch.device) -> None:
        self._rows = [
            (row, question.sampling.temperature, torch.Generator(device).manual_seed(question.sampling.seed))
            for row, question in enumerate(questions)
            if question.sampling.temperature > 0
        ]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        for row, temperature, generator in self._rows:
            noise = torch.empty_like(scores[row]).exponential_(generator=generator)
            scores[row] = scores[row] / temperature - noise.log()
        return scores


def check_machine(checkpoint: Checkpoint, allow_cpu: bool) -> int:
    """The model's parameters. Raises ValueError where they are too many for a machine without a GPU."""
    with _loading(checkpoint):
        parameters = parameter_count(checkpoint.folder)
    if parameters > _MOST_ON_CPU and not torch.cuda.is_available() and not allow_cpu:
        raise ValueError(
            f"{checkpoint.name} has {parameters / 1e9:.1f} B parameters and there is no GPU; "
            "set ALLOW_CPU=1 to wait minutes for a caption, or give the URL= of a server"
        )
    return parameters


def parameter_count(folder: Path) -> int:
    """As its config says; no weights are read."""
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(AutoConfig.from_pretrained(folder, trust_remote_code=False))
    return sum(parameter.numel() for parameter in model.parameters())
