"""The folders import each other one way only, as the table of the house says."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What each folder may import of ours, apart from itself. "folder.module" allows that module alone.
LEAVES = {"data_pipeline.stack_io", "data_pipeline.shard_io", "data_pipeline.compose", "data_pipeline.kernel"}
QWEN = {"data_pipeline.torchvision_ops", "data_pipeline.caption.random_model"}  # what everyone who loads it needs
MAY_IMPORT: dict[str, set[str]] = {
    "schemas": set(),
    "data_pipeline": {"schemas"},
    "beam_jobs": {"schemas", "data_pipeline"},
    "model": {"schemas", *QWEN},
    "inference": {"schemas", "model", "data_pipeline"},
    "evaluation": {"schemas", "model", "inference", *LEAVES},
    "training": {
        "schemas",
        "model",
        "evaluation",
        *LEAVES,
        *QWEN,
        "data_pipeline.resize",
        "data_pipeline.caption.wording",
    },
    "audit": {"schemas", "data_pipeline", "evaluation"},
}


def imported(source: str) -> Iterator[str]:
    """Absolute dotted names, `from a import b` as `a.b`; wherever in the file they stand."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno} is a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(folder: str, source: str) -> list[str]:
    allowed = MAY_IMPORT[folder] | {folder}
    ours = [name for name in imported(source) if name.split(".")[0] in {*MAY_IMPORT, "tests"}]
    return [name for name in ours if not any(f"{name}.".startswith(f"{prefix}.") for prefix in allowed)]


def files() -> list[Path]:
    return sorted(path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    assert forbidden(folder, path.read_text(encoding="utf-8")) == []


def test_every_folder_of_modules_is_in_the_table() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert folders <= set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("schemas", "import data_pipeline.merge"),
        ("data_pipeline", "from beam_jobs import shards"),
        ("audit", "def f():\n    from beam_jobs.shards import run"),
        ("training", "from data_pipeline.merge import merge"),
        ("model", "from tests import drawn"),
    ],
)
def test_a_forbidden_import_is_found(folder: str, source: str) -> None:
    assert forbidden(folder, source)


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("training", "from data_pipeline.stack_io.sample import read_sample"),
        ("training", "from data_pipeline import shard_io"),
        ("data_pipeline", "from schemas.stack import Stack\nimport numpy"),
    ],
)
def test_an_allowed_import_is_not(folder: str, source: str) -> None:
    assert forbidden(folder, source) == []
