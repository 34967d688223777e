"""Questions in, answers of a Qwen2.5-VL in this process out, in batches of like size.

The weights are loaded for the first question: who finds all answers in a cache loads none, and needs no torch.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from data_pipeline.caption.checkpoint import DEFAULT, find_checkpoint
from data_pipeline.caption.vision import FAILED, Answer, Keep, Question, nothing

if TYPE_CHECKING:
    from data_pipeline.caption.network import Network


class Qwen:
    """Threads may share one; their batches take turns.

    `model` is a name on the hub or a folder. `batch_tokens` bounds a batch: its questions times the longest one's
    tokens, visual ones, words and answer (the default holds 32 captions of a megapixel on a GPU of 80 GB); out of
    memory, it shrinks. Without a GPU a model above 1 B parameters is refused unless `allow_cpu`.
    Raises ValueError where there is no such model.
    """

    def __init__(self, model: str = DEFAULT, allow_cpu: bool = False, batch_tokens: int = 1 << 16) -> None:
        if batch_tokens <= 0:
            raise ValueError(f"batch_tokens is {batch_tokens}; it must be positive")
        self._checkpoint = find_checkpoint(model)
        self._allow_cpu = allow_cpu
        self._batch_tokens = batch_tokens
        self._network: Network | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._checkpoint.name

    @property
    def revision(self) -> str:
        return self._checkpoint.revision

    @property
    def is_folder(self) -> bool:
        """Then its name is a path."""
        return not self._checkpoint.is_published

    def check(self) -> None:
        """Raises ValueError where this machine will not do, before any weights are read."""
        try:
            from data_pipeline.caption.network import check_machine
        except ImportError as error:
            raise ValueError(f"captions by {self.name} need `pip install '.[captions]'`: {error}") from error
        check_machine(self._checkpoint, self._allow_cpu)

    def load(self) -> "Network":
        """Loads the weights, once. Raises ValueError where they or this machine will not do."""
        with self._lock:
            if self._network is None:
                try:
                    from data_pipeline.caption.network import Network
                except ImportError as error:
                    raise ValueError(f"captions by {self.name} need `pip install '.[captions]'`: {error}") from error
                self._network = Network(self._checkpoint, self._allow_cpu)
            return self._network

    def answers(self, questions: Sequence[Question], keep: Keep = nothing) -> list[Answer]:
        """Raises ValueError where the model cannot be loaded."""
        network = self.load()
        found: dict[int, Answer] = {}
        tokens: dict[int, int] = {}
        for k, question in enumerate(questions):
            try:
                tokens[k] = network.tokens(question)
            except ValueError as error:
                found[k] = Answer("", FAILED, message=str(error))
        waiting = sorted(tokens, key=lambda k: -tokens[k])  # the longest first: what does not fit shows at once
        while waiting:
            batch = waiting[: max(1, self._batch_tokens // tokens[waiting[0]])]
            try:
                with self._lock:
                    said = network.generate([questions[k] for k in batch])
            except MemoryError as error:
                if len(batch) > 1:
                    self._batch_tokens = tokens[batch[0]] * len(batch) // 2
                    continue
                said = [Answer("", FAILED, message=f"out of memory with {tokens[batch[0]]} tokens: {error}"[:500])]
            for k, answer in zip(batch, said, strict=True):
                found[k] = answer
                keep(k, answer)
            del waiting[: len(batch)]
        return [found[k] for k in range(len(questions))]
