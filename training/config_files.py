"""A YAML file, what it builds on and settings of the command line in, a `RunConfig` out.

A file names the one it builds on by `base:`, a path beside it; mappings are merged, all else is replaced. An unknown
key is an error that names the nearest known one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import reduce
from itertools import accumulate
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from schemas.spelling import nearest
from training.configuration import RunConfig
from training.network_options import STAGES

CONFIGS = Path(__file__).parent / "configs"
_BASE = "base"
_DEEPEST = 16  # files that build on each other


def load_config(path: str | None, stage: str | None = None, settings: Sequence[str] = ()) -> RunConfig:
    """The stage's own configuration, or the file at `path`, or the one of that name in `training/configs`.

    `settings` are `section.key=value`, with YAML's values. ValueError that names the key, and the file or the setting
    that it is wrong in.
    """
    if path is None and stage is None:
        raise ValueError(f"give STAGE= (one of {', '.join(STAGES)}) or CONFIG=, a YAML of training")
    if stage is not None and stage not in STAGES:
        raise ValueError(f"stage is {stage!r}; it must be one of {', '.join(STAGES)}")
    file = _found(path, stage) if path is not None else CONFIGS / f"stage_{stage}.yaml"
    steps = list(accumulate(map(_setting, settings), _merged, initial=_read(file)))
    try:
        return _resolved(steps[-1], stage)
    except ValueError as error:
        wrong = _first_wrong(steps, stage, str(error))
        named = f"the setting {settings[wrong - 1]!r}" if wrong else file
        raise ValueError(f"{named}: {error}") from error


def as_mapping(config: RunConfig) -> dict[str, Any]:
    """Plain values of JSON and YAML, from which `from_mapping` makes the same configuration."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    plain["init"]["from"] = plain["init"].pop("from_")
    return plain


def from_mapping(values: Mapping[str, Any]) -> RunConfig:
    return _made(RunConfig, values, "")


def _resolved(values: Mapping[str, Any], stage: str | None) -> RunConfig:
    stated = str(values.get("stage", stage))
    if stage is not None and stated != stage:
        raise ValueError(f"it is a configuration of stage {stated}, and STAGE is {stage}")
    return _made(RunConfig, {**values, "stage": stated}, "")


def _first_wrong(steps: Sequence[Mapping[str, Any]], stage: str | None, message: str) -> int:
    """From which of the values on, each with one more setting than the one before, this has been wrong with all."""
    wrong = len(steps) - 1
    while wrong and _wrong_with(steps[wrong - 1], stage) == message:
        wrong -= 1
    return wrong


def _wrong_with(values: Mapping[str, Any], stage: str | None) -> str | None:
    try:
        _resolved(values, stage)
    except ValueError as error:
        return str(error)
    return None


def _found(name: str, stage: str | None) -> Path:
    """A file, or by its name alone one of ours: `tiny` is `tiny_3.yaml` for stage 3, or `tiny.yaml`."""
    own = [CONFIGS / f"{name}_{stage}.yaml", CONFIGS / f"{name}.yaml"]
    for path in [Path(name), *(own if "/" not in name else [])]:
        if path.is_file():
            return path
    known = sorted(path.stem for path in CONFIGS.glob("*.yaml"))
    raise ValueError(f"there is no configuration {name}{nearest(name, known)}")


def _read(path: Path, depth: int = 0) -> dict[str, Any]:
    if depth == _DEEPEST:
        raise ValueError(f"{path}: more than {_DEEPEST} files build on each other")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if values is None:
        values = {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ValueError(f"{path} is no mapping of keys to values")
    base = values.pop(_BASE, None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise ValueError(f"{path}: base is {base!r}; it must be the path of a file")
    return _merged(_read(path.parent / base, depth + 1), values)


def _setting(text: str) -> dict[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"the setting {text!r} is not of the form section.key=value")
    try:
        given = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ValueError(f"the setting {text!r} has no value of YAML: {' '.join(str(error).split())}") from error
    return reduce(lambda inner, part: {part: inner}, reversed(name.split(".")), given)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _made(kind: Any, value: Any, where: str) -> Any:
    """A value of JSON as a value of a field's type."""
    if is_dataclass(kind):
        return _dataclass(kind, value, where)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where} is {value!r}; it must be a list")
        return tuple(_made(inner[0], one, f"{where}[{place}]") for place, one in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError(f"{where} is {value!r}; it must be a mapping")
        return {_made(inner[0], key, where): _made(inner[1], one, f"{where}.{key}") for key, one in value.items()}
    if type(None) in inner:
        return None if value is None else _made(next(one for one in inner if one is not type(None)), value, where)
    return _plain(kind, value, where)


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where or 'the configuration'} is {value!r}; it must be a mapping")
    types = {name.rstrip("_"): one for name, one in get_type_hints(kind).items()}
    names = {field.name.rstrip("_"): field.name for field in fields(kind)}
    dot = f"{where}." if where else ""
    for key in value:
        if key not in names:
            raise ValueError(f"there is no {dot}{key}{nearest(str(key), sorted(names))}")
    made = {names[key]: _made(types[key], one, f"{dot}{key}") for key, one in value.items()}
    try:
        return kind(**made)
    except ValueError as error:
        raise ValueError(f"{dot}{error}" if where else str(error)) from error


def _plain(kind: Any, value: Any, where: str) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and isinstance(value, str):  # YAML 1.1 reads 1e-5 as text
        try:
            return float(value)
        except ValueError:
            pass
    if kind is float and is_number:
        return float(value)
    if kind in (bool, int) and type(value) is kind:
        return value
    if kind is str and (isinstance(value, str) or (is_number and where == "stage")):
        return str(value)
    if isinstance(kind, type) and issubclass(kind, str) and kind is not str:
        known = [one.value for one in kind]  # type: ignore[attr-defined]
        if value in known:
            return kind(value)
        raise ValueError(f"{where or 'the key'} has {value!r}{nearest(str(value), known)}")
    wanted = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}[kind]
    raise ValueError(f"{where} is {value!r}; it must be {wanted}")
