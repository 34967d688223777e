"""The software that curates -> its versions: what decides the bytes of OUTPUT beside inputs and options."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from schemas.version import PRODUCT_VERSION, SCHEMA_VERSION

# Whose changes can show in the bytes.
_LIBRARIES = ("aggdraw", "llvmlite", "numba", "numpy", "pillow", "psd-tools", "pyarrow", "scipy")
_SOURCES = ("schemas", "data_pipeline", "beam_jobs")
_SUFFIXES = (".py", ".json", ".txt")


@cache
def versions() -> dict[str, str | int]:
    """Of the product, the schemas, our own source files (16 hex digits of their sha256) and the libraries."""
    ours: dict[str, str | int] = {"lamina": PRODUCT_VERSION, "schema": SCHEMA_VERSION, "sources": _sources_hash()}
    return ours | {name: version(name) for name in _LIBRARIES}


def _sources_hash() -> str:
    """A checkout under work changes without a new version: two states of it must not write one OUTPUT."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for folder in _SOURCES for path in (root / folder).rglob("*") if path.suffix in _SUFFIXES):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]
