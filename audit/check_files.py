"""manifest.json and the files beside it go in; problems, and the files that are safe to read, come out."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from audit.findings import Findings
from data_pipeline.stack_io.canonical_json import decode_json
from schemas.version import SCHEMA_VERSION, recipe_hash

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 1 << 30
CARD = "README.md"
_OWN = {MANIFEST, CARD}
_FREE = {"state", "logs", "latents"}  # what runs remember, what they logged, and what training made of the samples
_SECTIONS = {
    "shards": re.compile(r"shards/(?P<split>train|validation|test)-\d{6}\.tar"),
    "tables": re.compile(r"tables/(?P<table>documents|layers|captions)/[\w-]+\.parquet"),
    "previews": re.compile(r"previews/[\w-]+\.tar"),
}
_ITEMS = {"shards": "samples", "tables": "rows", "previews": "documents"}


class NotADataset(Exception):
    """There is no manifest that could be checked."""


@dataclass(frozen=True)
class Entry:
    """One file of the manifest. `path` is relative and stays inside the dataset."""

    section: str
    path: str
    bytes: int
    sha256: str
    items: int

    @property
    def table(self) -> str:
        return self.path.split("/")[1]


@dataclass
class Manifest:
    entries: list[Entry] = field(default_factory=list)
    card: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)


def read_manifest(root: str, findings: Findings) -> Manifest:
    """Raises NotADataset where there is nothing to verify; entries that lead elsewhere are reported and left out."""
    path = os.path.join(root, MANIFEST)
    if not os.path.isdir(root):
        raise NotADataset(f"{root} is not a folder")
    if os.path.islink(path) or not os.path.isfile(path):
        raise NotADataset(f"{root} holds no {MANIFEST}: not a dataset, or a run that has not finished")
    if os.path.getsize(path) > MAX_MANIFEST_BYTES:
        raise NotADataset(f"{path} has {os.path.getsize(path)} bytes")
    try:
        with open(path, "rb") as file:
            values = decode_json(file.read())
    except (OSError, ValueError) as error:
        raise NotADataset(f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise NotADataset(f"{path} is no JSON object")
    versions = values.get("versions")
    schema = versions.get("schema") if isinstance(versions, dict) else None
    findings.expect(schema == SCHEMA_VERSION, "files", MANIFEST, f"schema version {schema}, not {SCHEMA_VERSION}")
    recipe = _object(values, "configuration") | _object(values, "versions")
    is_whole = values.get("configuration_hash") == recipe_hash(recipe)
    findings.expect(is_whole, "files", MANIFEST, "configuration_hash is not that of configuration and versions")
    manifest = Manifest(
        card=_object(values, "card"), configuration=_object(values, "configuration"), counts=_object(values, "counts")
    )
    for section in _SECTIONS:
        listed = values.get(section)
        known = findings.expect(isinstance(listed, list), "files", MANIFEST, f"it has no list of {section}")
        if known and isinstance(listed, list):
            manifest.entries.extend(_entries(section, listed, findings))
    paths = [entry.path for entry in manifest.entries]
    findings.expect(len(set(paths)) == len(paths), "files", MANIFEST, "it lists a file twice")
    return manifest


def check_listing(root: str, manifest: Manifest, findings: Findings) -> list[Entry]:
    """The listed files that are there as regular files; what is missing or too much is reported."""
    listed = {entry.path for entry in manifest.entries} | _OWN
    there = set()
    for path in _files(root, findings):
        there.add(path)
        findings.expect(path in listed, "files", path, "the manifest does not list it")
    present = []
    for entry in manifest.entries:
        if findings.expect(entry.path in there, "files", entry.path, "it is missing"):
            present.append(entry)
    if findings.expect(CARD in there, "files", CARD, "the dataset card is missing"):
        size, sha256 = manifest.card.get("bytes"), manifest.card.get("sha256")
        check_checksum(root, Entry("card", CARD, size if isinstance(size, int) else -1, str(sha256), 1), findings)
    return present


def check_checksum(root: str, entry: Entry, findings: Findings) -> None:
    """Size and sha256 are the manifest's; reads the whole file in blocks."""
    digest, total = hashlib.sha256(), 0
    try:
        with open(os.path.join(root, entry.path), "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                total += len(block)
    except OSError as error:
        findings.fail("checksums", entry.path, str(error))
        return
    findings.expect(total == entry.bytes, "checksums", entry.path, f"{total} bytes, {entry.bytes} are listed")
    findings.expect(digest.hexdigest() == entry.sha256, "checksums", entry.path, "another sha256")


def _entries(section: str, listed: list[Any], findings: Findings) -> Iterator[Entry]:
    for number, values in enumerate(listed):
        where = f"{MANIFEST} {section}[{number}]"
        fields = values if isinstance(values, dict) else {}
        path, size, sha256, items = (fields.get(name) for name in ("path", "bytes", "sha256", _ITEMS[section]))
        match = _SECTIONS[section].fullmatch(path) if isinstance(path, str) else None
        if not findings.expect(match is not None, "files", where, f"path {path!r} is not one of a dataset"):
            continue
        split = match["split"] if match is not None and section == "shards" else None
        named = split is None or fields.get("split") == split
        findings.expect(named, "files", where, f"{path} is listed as a shard of {fields.get('split')!r}")
        numbers = all(isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in (size, items))
        typed = numbers and isinstance(sha256, str)
        if findings.expect(typed, "files", where, "bytes, sha256 or the number of items is missing"):
            yield Entry(section, str(path), int(size or 0), str(sha256), int(items or 0))


def _files(root: str, findings: Findings) -> Iterator[str]:
    """Regular files, relative to the dataset; links and the like are reported and never followed."""
    pending = [""]
    while pending:
        folder = pending.pop()
        for one in sorted(os.scandir(os.path.join(root, folder)), key=lambda found: found.name):
            path = f"{folder}/{one.name}" if folder else one.name
            if one.is_symlink():
                findings.fail("files", path, "a link, which is not followed")
            elif one.is_dir():
                if path not in _FREE:
                    pending.append(path)
            elif findings.expect(one.is_file(), "files", path, "neither a file nor a folder"):
                yield path


def _object(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}
