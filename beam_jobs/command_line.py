"""The command line and CONFIG in, frozen options out; anything wrong raises ValueError with one sentence."""

import argparse
import difflib
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn

import yaml

from beam_jobs.options import JobOptions
from data_pipeline.caption.checkpoint import DEFAULT
from schemas.caption_options import CaptionOptions
from schemas.options import CurateOptions
from schemas.spelling import nearest

AUTO = "auto"
_NO_SETTINGS = ("curate", "captions", "beam_flags", "opinion_model", "caption_model", "caption_revision", "software",
                "format", "splits")  # fmt: skip
_HELP = {
    "input": "a folder (searched to the bottom for .psd and .psb), a glob, or a manifest (.csv, .jsonl, .parquet)",
    "source": "where the documents come from, where the manifest does not say",
    "licence": "SPDX, of the documents of which the manifest says none",
    "licence_url": "of the documents of which the manifest says none",
    "output": "the folder of the dataset; finished work on what is in INPUT is kept, other documents are removed",
    "shard_size": "MiB of a shard",
    "validation_share": "of the families of documents",
    "test_share": "of the families of documents",
    "keep": "all, or of each family of near duplicates the best",
    "near_bits": "bits of 256 in which the perceptual hashes of near duplicates differ at most",
    "workers": "child processes that curate",
    "runner": "a Beam runner by name; its own flags pass through",
    "limit": "the first so many documents, in the order of their uris",
    "dry_run": "list what would be done, from headers, and forecast time, bytes and captions",
    "verify": "hash unchanged inputs, and what was written of them, again",
    "shrink": "go on where most documents of OUTPUT are not in INPUT; they are removed",
    "retry": "reasons, joined by commas: curate the documents again that were rejected for them",
    "max_reject": "exit with 1 where a larger share is rejected",
    "max_mean": "mean difference from Photoshop's image, in 1/255",
    "min_within2": "share of the pixels within 2/255 of Photoshop's",
    "unfaithful": "documents that are further from it: reject or flag",
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
    "model": f"the model's name on the hub, its folder, or its name at --url; without --url, default {DEFAULT}",
    "allow_cpu": "load a model of more than a billion parameters without a GPU",
    "concurrency": "questions to a server at a time",
    "per_minute": "questions to a server, at most",
    "answer_s": "seconds, from asking a server to the end of its answer; one that takes longer is asked for again",
    "answers": "the folder that keeps what the model answered; default OUTPUT/state/answers",
    "solid_colour": "plain grounds that hide nothing: drop, flag or ignore",
    "anomalous": "what goes where a detector drops a layer: the layer or the document",
    "merge": "levels (as few layers as possible) or tree (no fewer than target_layers)",
    "over_cap": "documents that overlap more than max_layers deep: reject or flatten",
    "max_area": "pixels of the stored composite; larger ones are resized",
    "image_format": "png or webp, both lossless",
    "captioner": "layers, none, qwen (Qwen2.5-VL in this process), server (at --url); by default server where there is "
    "--url, qwen where there is --model, else layers",
    "caption_language": "en, zh or both",
    "caption_length": "long, short or both",
    "caption_layers": "a model captions every stored layer too",
    "caption_text": "a model is told what the PSD's type layers say",
    "caption_tokens": "of a caption, at most",
    "previews": "small pictures for people to look at",
    "max_seconds": "of one document",
    "max_memory_bytes": "of one document",
}


@dataclass(frozen=True)
class Program:
    """A job by its module. `needs` are what must be given beside INPUT and OUTPUT; `help` adds options to those of
    every job, or says of one what it is here; `defaults` are those that differ here, given what was asked for."""

    module: str
    description: str
    needs: str = ""
    help: Mapping[str, str] = field(default_factory=dict)
    defaults: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda values: {}


SHARDS = Program("beam_jobs.shards", "Turns Photoshop files into verified WebDataset shards and Parquet tables.")


def parse(arguments: Sequence[str], program: Program = SHARDS) -> JobOptions:
    """The command line decides before CONFIG, CONFIG before the defaults."""
    parser = _parser(program)
    given, rest = parser.parse_known_args(list(arguments))
    _check_beam_flags(rest, parser)
    values = _read_config(given.config, program) if given.config is not None else {}
    values |= {name: value for name, value in vars(given).items() if value is not None and name != "config"}
    values = {**program.defaults(values), **values}
    for name in ("input", "output"):
        if not values.get(name):
            raise ValueError(f"--{name} is missing: INPUT is a folder, a glob or a manifest, OUTPUT a folder")
    if isinstance(values.get("retry"), str):
        values["retry"] = tuple(part.strip() for part in values["retry"].split(",") if part.strip())
    if values.get("captioner", AUTO) == AUTO:
        values["captioner"] = automatic_captioner(values)
    curate = CurateOptions(**_taken(CurateOptions, values))
    captions = CaptionOptions(**_taken(CaptionOptions, values))
    return JobOptions(**values, curate=curate, captions=captions, beam_flags=tuple(rest))


def automatic_captioner(values: Mapping[str, Any]) -> str:
    """What `auto` stands for beside these options."""
    return "server" if values.get("url") else "qwen" if values.get("model") else "layers"


def _taken(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    """The values of one kind of options, out of all."""
    return {one.name: values.pop(one.name) for one in fields(kind) if one.name in values}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _settings(program: Program) -> dict[str, type]:
    """Name and type of every option that the command line and CONFIG share."""
    kinds = (JobOptions, CaptionOptions, CurateOptions)
    hints = {name: hint for kind in kinds for name, hint in typing.get_type_hints(kind).items()}
    types = {name: (typing.get_args(hint) or (hint,))[0] for name, hint in hints.items()}
    for name in _NO_SETTINGS:
        if name not in program.help:
            del types[name]
    return types


def _parser(program: Program) -> _Parser:
    parser = _Parser(
        prog=f"python -m {program.module}",
        usage=f"%(prog)s {program.needs}--input INPUT --output OUTPUT [options]",
        description=program.description,
        epilog="Every option may stand in the YAML file of --config, with underscores. Beam's own flags pass through.",
        allow_abbrev=False,
    )
    parser.add_argument("--config", help="YAML file of options")
    defaults = {one.name: one.default for kind in (CurateOptions, CaptionOptions, JobOptions) for one in fields(kind)}
    defaults |= {"captioner": None, **dict.fromkeys(program.help)}  # their help says it
    explained = {**_HELP, **program.help}
    for name, kind in _settings(program).items():
        flag = "--" + name.replace("_", "-")
        default = defaults[name]
        about = [
            explained.get(name),
            f"default {default}" if default not in (None, "") and isinstance(default, int | float | str) else None,
        ]
        text = "; ".join(part for part in about if part)
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            parser.add_argument(flag, type=kind, metavar=kind.__name__, help=text)
    return parser


def _read_config(path: str, program: Program) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            values = yaml.safe_load(file) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"config {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ValueError(f"config {path} is no mapping of options to values")
    types = _settings(program)
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
