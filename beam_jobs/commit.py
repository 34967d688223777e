"""A finished `state/next` in, the new OUTPUT out: an intent is written, then everything is renamed into place.

A run that is killed before the intent starts over with packing; one that is killed after it is rolled forward.
Every step may be repeated.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from beam_jobs import files, scratch
from beam_jobs.build import NEXT, Built
from beam_jobs.card import card
from beam_jobs.manifest import manifest
from beam_jobs.options import JobOptions
from beam_jobs.state import ARTIFACTS, CARD, CONFIGURATION, built_json
from data_pipeline.caption.vision import ModelGone
from data_pipeline.stack_io.canonical_json import decode_json, encode_json

INTENT = "state/commit.json"


def seal(built: Sequence[Built], before: Collection[Built], paths: Collection[str], options: JobOptions) -> None:
    """Writes manifest, card and the intent: from here on the run is rolled forward. `paths` are what lies there now.

    Raises ModelGone where no caption would be left of those that lie there.
    """
    ordered = sorted(built, key=lambda one: (one.kind, one.name))
    whole = manifest(ordered, options)
    _check_captions(whole, options)
    text = card(whole).encode()
    whole["card"] = {"path": CARD, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    new = {
        ARTIFACTS: built_json(ordered),
        CARD: text,
        CONFIGURATION: encode_json(options.recipe),
        "manifest.json": encode_json(whole),
    }
    for path, data in new.items():
        files.write(files.join(options.output, NEXT, path), data)
    kept = {(one.name, one.recipe) for one in before}
    place = [file.path for one in ordered if (one.name, one.recipe) not in kept for file in one.files]
    wanted = {file.path for one in ordered for file in one.files}
    remove = sorted(set(paths) - wanted)
    files.write(files.join(options.output, INTENT), encode_json({"place": [*place, *new], "remove": remove}))


def _check_captions(whole: dict[str, Any], options: JobOptions) -> None:
    path = files.join(options.output, "manifest.json")
    if _has_only_failed(whole) and files.exists(path):
        before = decode_json(files.read(path))
        if before["counts"].get("captions", {}).get("all", 0) and not _has_only_failed(before):
            raise ModelGone(f"{options.caption_model} answered no question; the captions that were there stay")


def _has_only_failed(whole: dict[str, Any]) -> bool:
    counts = whole["counts"].get("captions", {})
    return 0 < counts.get("all", 0) == counts.get("failed", 0)


def roll_forward(output: str) -> bool:
    """Finishes a sealed run; False where there is none."""
    intent_path = files.join(output, INTENT)
    if not files.exists(intent_path):
        return False
    intent = decode_json(files.read(intent_path))
    for path in intent["place"]:
        source = files.join(output, NEXT, path)
        if files.exists(source):
            files.move(source, files.join(output, path))
    for path in intent["remove"]:
        files.remove(files.join(output, path))
    start_over(output)
    files.remove_folder(files.join(output, scratch.FOLDER))
    files.remove(intent_path)
    return True


def start_over(output: str) -> None:
    """Removes what a run has packed without sealing it."""
    files.remove_folder(files.join(output, NEXT))
