"""Everything that a job is asked, as one frozen object; a wrong value raises ValueError with one sentence."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from beam_jobs.software import versions
from data_pipeline.caption.endpoint import Endpoint
from schemas.caption_options import CaptionOptions
from schemas.options import MODEL_CAPTIONERS, CurateOptions
from schemas.reasons import Reason
from schemas.spelling import nearest
from schemas.version import recipe_hash

DEFAULT_RUNNER = "FnApiRunner"  # Beam's in-process runner; "DirectRunner" may download another one
KEEP = ("all", "best")
FORMATS = ("crello", "folder", "psd")
SPLITS = ("hash", "published")
# The options that decide a byte, beside those of one document, of captions and of models.
CORPUS = ("format", "source", "licence", "licence_url", "splits", "shard_size", "validation_share", "test_share",
          "keep", "near_bits")  # fmt: skip
_DECIDED_ANEW = (Reason.DUPLICATE_FILE, Reason.DUPLICATE_COMPOSITE, Reason.NEAR_DUPLICATE)


@dataclass(frozen=True)
class JobOptions:
    """How a corpus is processed. `configuration` is what decides bytes."""

    input: str
    output: str
    format: str = "psd"
    source: str = ""
    licence: str = ""
    licence_url: str = ""
    splits: str = "hash"
    curate: CurateOptions = field(default_factory=CurateOptions)
    shard_size: int = 256  # MiB
    validation_share: float = 0.05
    test_share: float = 0.05
    keep: str = "all"
    near_bits: int = 30
    second_opinion: bool = False
    captions: CaptionOptions = field(default_factory=CaptionOptions)
    url: str = ""
    model: str = ""
    opinion_model: str = ""  # this and the next two are found out at the start of a run
    caption_model: str = ""
    caption_revision: str = ""
    allow_cpu: bool = False
    concurrency: int = 16
    per_minute: int | None = None
    answer_s: float = 120.0
    answers: str = ""
    workers: int = os.cpu_count() or 1
    runner: str = DEFAULT_RUNNER
    limit: int | None = None
    dry_run: bool = False
    verify: bool = False
    shrink: bool = False
    retry: tuple[str, ...] = ()
    max_reject: float | None = None
    beam_flags: tuple[str, ...] = ()
    software: Mapping[str, str | int] = field(default_factory=lambda: versions())  # that has curated

    def __post_init__(self) -> None:
        for name in ("shard_size", "workers", "limit"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        for name in ("validation_share", "test_share", "max_reject"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; it is a share and must lie in [0, 1]")
        if self.validation_share + self.test_share > 1:
            raise ValueError(
                f"validation_share {self.validation_share} and test_share {self.test_share} sum to more than 1"
            )
        for name, allowed in (("keep", KEEP), ("format", FORMATS), ("splits", SPLITS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(allowed)}")
        if self.splits == "published" and self.format != "crello":
            raise ValueError(f"splits is published, but format is {self.format}; only rows of crello have been split")
        if not 0 <= self.near_bits <= 64:
            raise ValueError(f"near_bits is {self.near_bits}; it must lie in 0..64: beyond, most pictures are alike")
        self._check_model()
        known = [reason.value for reason in Reason if reason not in _DECIDED_ANEW]
        for reason in self.retry:
            if reason in _DECIDED_ANEW:
                raise ValueError(f"retry: {reason} is decided anew by every run; there is nothing to retry")
            if reason not in known:
                raise ValueError(f"retry: there is no reason {reason!r}{nearest(reason, known)}")

    def _check_model(self) -> None:
        captioner = self.curate.captioner
        if self.second_opinion and not self.url:
            raise ValueError("second_opinion asks a model: give its server as --url http://HOST:PORT/v1")
        if captioner == "server" and not self.url:
            raise ValueError("captioner server needs its address: give --url http://HOST:PORT/v1")
        if captioner == "qwen" and self.url:
            raise ValueError(f"captioner qwen runs in this process, but url is {self.url}; say server, or give no url")
        if self.url and captioner != "server" and not self.second_opinion:
            raise ValueError(f"url is {self.url}, but captioner is {captioner} and nothing asks the model there")
        if self.model and captioner not in MODEL_CAPTIONERS and not self.second_opinion:
            raise ValueError(f"model is {self.model}, but captioner is {captioner} and nothing asks it")
        if self.captions != CaptionOptions() and captioner not in MODEL_CAPTIONERS:
            raise ValueError(f"caption options are for a model, but captioner is {captioner}; give --model or --url")
        if self.url:
            self.endpoint  # noqa: B018  # raises

    @property
    def configuration(self) -> dict[str, Any]:
        """Every option that decides a byte of shards, tables and manifest."""
        models = ("opinion_model", "caption_model", "caption_revision")
        own = {name: getattr(self, name) for name in (*CORPUS, *models)}
        return asdict(self.curate) | asdict(self.captions) | own

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.url, self.model, self.concurrency, answer_s=self.answer_s, per_minute=self.per_minute)

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that decides a byte, but the inputs: options and software."""
        return self.configuration | dict(self.software)

    @property
    def recipe_hash(self) -> str:
        return recipe_hash(self.recipe)
