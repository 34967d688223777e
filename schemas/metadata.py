"""The JSON files that describe layers: a decoded KEY.json or stack.json is held against its schema beside this file."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator


@cache
def sample_validator() -> Draft202012Validator:
    return _validator("sample.schema.json")


@cache
def stack_validator() -> Draft202012Validator:
    return _validator("stack.schema.json")


def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((files("schemas") / name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check_sample_json(metadata: Any) -> None:
    """Raises ValueError that names the first field which breaks the schema."""
    error = next(iter(sample_validator().iter_errors(metadata)), None)
    if error is not None:
        raise ValueError(f"KEY.json, {error.json_path}: {error.message[:300]}")


def check_stack_json(described: Any) -> None:
    """Raises ValueError that names the first field which breaks the schema."""
    error = next(iter(stack_validator().iter_errors(described)), None)
    if error is not None:
        raise ValueError(f"{error.json_path}: {error.message[:300]}")
