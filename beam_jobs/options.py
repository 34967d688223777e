"""The command line and CONFIG in, frozen options out; anything wrong raises ValueError with one sentence."""

import argparse
import difflib
import os
import typing
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NoReturn

import yaml

from beam_jobs.software import versions
from data_pipeline.caption.server import Endpoint
from schemas.options import CurateOptions
from schemas.reasons import Reason
from schemas.version import recipe_hash

DEFAULT_RUNNER = "FnApiRunner"  # Beam's in-process runner; "DirectRunner" may download another one
_CORPUS = (Reason.DUPLICATE_FILE, Reason.DUPLICATE_COMPOSITE, Reason.NEAR_DUPLICATE)
KEEP = ("all", "best")
_HELP = {
    "input": "a folder (searched to the bottom for .psd and .psb), a glob, or a manifest (.csv, .jsonl, .parquet)",
    "output": "the folder of the dataset; finished work on what is in INPUT is kept, other documents are removed",
    "shard_size": "MiB of a shard",
    "validation_share": "of the families of documents",
    "test_share": "of the families of documents",
    "keep": "all, or of each family of near duplicates the best",
    "near_bits": "bits of 256 in which the perceptual hashes of near duplicates differ at most",
    "workers": "child processes that curate",
    "runner": "a Beam runner by name; its own flags pass through",
    "limit": "the first so many documents, in the order of their uris",
    "dry_run": "list what would be done, from headers, and forecast time and bytes",
    "verify": "hash unchanged inputs, and what was written of them, again",
    "shrink": "go on where most documents of OUTPUT are not in INPUT; they are removed",
    "retry": "reasons, joined by commas: curate the documents again that were rejected for them",
    "max_reject": "exit with 1 where a larger share is rejected",
    "max_mean": "mean difference from Photoshop's image, in 1/255",
    "min_within2": "share of the pixels within 2/255 of Photoshop's",
    "mining": "documents that prohibit data mining: drop, flag or ignore",
    "generated": "documents that say a trained model made them: drop, flag or ignore",
    "keep_authors": "fill the column author from the file where the manifest has none",
    "no_stored_image": "documents without Photoshop's image: reject or keep",
    "blurred_face": "layers that paint a blurred, mosaiced or barred face: drop, flag or ignore",
    "watermark": "layers that mark a preview: drop, flag or ignore",
    "placeholder": "layers that stand for what a buyer adds: drop, flag or ignore",
    "guide": "guides and grids: drop, flag or ignore",
    "second_opinion": "ask the model at --url, yes or no, before a layer is dropped as anomalous",
    "url": "an OpenAI-compatible server of a vision-language model, such as http://localhost:8000/v1",
    "model": "the model's name there, where it serves several",
    "answers": "the folder that keeps what the model answered; default OUTPUT/state/answers",
    "solid_colour": "plain grounds that hide nothing: drop, flag or ignore",
    "anomalous": "what goes where a detector drops a layer: the layer or the document",
    "merge": "levels (as few layers as possible) or tree (no fewer than target_layers)",
    "over_cap": "documents that overlap more than max_layers deep: reject or flatten",
    "max_area": "pixels of the stored composite; larger ones are resized",
    "image_format": "png or webp, both lossless",
    "captioner": "layers or none",
    "previews": "small pictures for people to look at",
    "max_seconds": "of one document",
    "max_memory_bytes": "of one document",
}


@dataclass(frozen=True)
class JobOptions:
    """How a corpus is processed. Only `curate`, `shard_size` and the shares decide bytes."""

    input: str
    output: str
    curate: CurateOptions = field(default_factory=CurateOptions)
    shard_size: int = 256  # MiB
    validation_share: float = 0.05
    test_share: float = 0.05
    keep: str = "all"
    near_bits: int = 30
    second_opinion: bool = False
    url: str = ""
    model: str = ""
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
        if self.keep not in KEEP:
            raise ValueError(f"keep is {self.keep!r}; it must be one of {', '.join(KEEP)}")
        if not 0 <= self.near_bits <= 64:
            raise ValueError(f"near_bits is {self.near_bits}; it must lie in 0..64: beyond, most pictures are alike")
        if self.second_opinion and not self.url:
            raise ValueError("second_opinion asks a model: give its server as --url http://HOST:PORT/v1")
        if self.url and not self.second_opinion:
            raise ValueError(f"url is {self.url}, but nothing asks the model there; see second_opinion")
        if self.url:
            self.endpoint  # noqa: B018  # raises
        known = [reason.value for reason in Reason if reason not in _CORPUS]
        for reason in self.retry:
            if reason in _CORPUS:
                raise ValueError(f"retry: {reason} is decided anew by every run; there is nothing to retry")
            if reason not in known:
                raise ValueError(f"retry: there is no reason {reason!r}{nearest(reason, known)}")

    @property
    def configuration(self) -> dict[str, Any]:
        """Every option that decides a byte of shards, tables and manifest."""
        return asdict(self.curate) | {
            "shard_size": self.shard_size,
            "validation_share": self.validation_share,
            "test_share": self.test_share,
            "keep": self.keep,
            "near_bits": self.near_bits,
            "second_opinion": self.model if self.second_opinion else "",
        }

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.url, self.model)

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that decides a byte, but the inputs: options and software."""
        return self.configuration | versions()

    @property
    def recipe_hash(self) -> str:
        return recipe_hash(self.recipe)


def parse(arguments: Sequence[str]) -> JobOptions:
    """The command line decides before CONFIG, CONFIG before the defaults."""
    parser = _parser()
    given, rest = parser.parse_known_args(list(arguments))
    _check_beam_flags(rest, parser)
    values = _read_config(given.config) if given.config is not None else {}
    values |= {name: value for name, value in vars(given).items() if value is not None and name != "config"}
    for name in ("input", "output"):
        if not values.get(name):
            raise ValueError(f"--{name} is missing: INPUT is a folder, a glob or a manifest, OUTPUT a folder")
    if isinstance(values.get("retry"), str):
        values["retry"] = tuple(part.strip() for part in values["retry"].split(",") if part.strip())
    names = {one.name for one in fields(CurateOptions)}
    curate = CurateOptions(**{name: values.pop(name) for name in names & values.keys()})
    return JobOptions(**values, curate=curate, beam_flags=tuple(rest))


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean ...?`, or the whole list where nothing is near."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _settings() -> dict[str, type]:
    """Name and type of every option that the command line and CONFIG share."""
    hints = typing.get_type_hints(JobOptions) | typing.get_type_hints(CurateOptions)
    types = {name: (typing.get_args(hint) or (hint,))[0] for name, hint in hints.items()}
    del types["curate"], types["beam_flags"]
    return types


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m beam_jobs.shards",
        usage="%(prog)s --input INPUT --output OUTPUT [options]",
        description="Turns Photoshop files into verified WebDataset shards and Parquet tables.",
        epilog="Every option may stand in the YAML file of --config, with underscores. Beam's own flags pass through.",
        allow_abbrev=False,
    )
    parser.add_argument("--config", help="YAML file of options")
    defaults = {one.name: one.default for kind in (CurateOptions, JobOptions) for one in fields(kind)}
    for name, kind in _settings().items():
        flag = "--" + name.replace("_", "-")
        default = defaults[name]
        about = [_HELP.get(name), f"default {default}" if isinstance(default, int | float | str) else None]
        text = "; ".join(part for part in about if part)
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            parser.add_argument(flag, type=kind, metavar=kind.__name__, help=text)
    return parser


def _read_config(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            values = yaml.safe_load(file) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"config {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ValueError(f"config {path} is no mapping of options to values")
    types = _settings()
    for name, value in values.items():
        if name not in types:
            raise ValueError(f"config {path} has an unknown option {name}{nearest(str(name).lower(), list(types))}")
        values[name] = _typed(path, name, value, types[name])
    return values


def _typed(path: str, name: str, value: Any, kind: type) -> Any:
    if name == "retry" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise ValueError(f"config {path}: {name} is {value!r}; it must be of type {kind.__name__}")


def _check_beam_flags(rest: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """Whatever is not ours must be a flag that Beam knows, so that no misspelt option is passed on and lost."""
    flags = [part.partition("=")[0] for part in rest if part.startswith("-")]
    if rest and not rest[0].startswith("-"):
        raise ValueError(f"{rest[0]!r} is no option; options start with --")
    if not flags:
        return
    from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

    beam = _BeamArgumentParser(allow_abbrev=False)
    for kind in sorted(set(PipelineOptions.__subclasses__()), key=lambda one: one.__name__):
        kind._add_argparse_args(beam)
    ours = [flag for action in parser._actions for flag in action.option_strings]
    beams = list(beam._option_string_actions)
    for flag in flags:
        if flag not in beams:
            near = difflib.get_close_matches(flag, ours, 1, 0.5) or difflib.get_close_matches(flag, beams, 1, 0.6)
            hint = f"; did you mean {near[0]}?" if near else "; --help lists the options"
            raise ValueError(f"unknown option {flag}{hint}")
