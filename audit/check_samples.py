"""Members of a shard go in; problems, and what the tables must say about each sample, come out."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import numpy as np

from audit.findings import Findings
from audit.recompose import recompose, worst_difference
from data_pipeline.shard_io import Member, read_at
from data_pipeline.stack_io.canonical_json import decode_json
from data_pipeline.stack_io.images import decode_image
from schemas.members import CAPTION, COMPOSITE, METADATA, is_key, layer_name, member
from schemas.metadata import sample_validator
from schemas.options import IMAGE_FORMATS, MAX_AREA
from schemas.stack import Box

MAX_TEXT_BYTES = 16 << 20
_HEADER_BYTES = 1 << 20  # beyond the pixels, what a lossless image may cost


@dataclass(frozen=True)
class SampleFacts:
    """What the tables are held against; digests stand for the values, so that a corpus fits into memory."""

    key: str
    shard: str
    split: str
    layers: int
    identity: bytes
    links: bytes
    captions: bytes


def digest(value: Any) -> bytes:
    """Equal for equal JSON values."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=12).digest()


def by_sample(members: Iterable[Member]) -> Iterator[tuple[str, list[Member]]]:
    """Runs of consecutive members that share what stands before the first dot."""
    run: list[Member] = []
    for one in members:
        if run and _stem(one) != _stem(run[0]):
            yield _stem(run[0]), run
            run = []
        run.append(one)
    if run:
        yield _stem(run[0]), run


def check_sample(
    file: BinaryIO, shard: str, key: str, members: Sequence[Member], findings: Findings
) -> SampleFacts | None:
    """None where the sample has no readable KEY.json."""
    where = f"{shard} {key}"
    if not findings.expect(is_key(key), "keys", where, "the key is not 16 lower-case hex digits"):
        return None
    found = {one.name: one for one in members}
    findings.expect(len(found) == len(members), "members", where, "a member's name occurs twice")
    metadata = _metadata(file, found, key, where, findings)
    if metadata is None:
        return None
    split = shard.rpartition("/")[2].partition("-")[0]
    findings.expect(metadata["key"] == key, "json", where, f"KEY.json has the key {metadata['key']}")
    findings.expect(metadata["split"] == split, "splits", where, f"KEY.json says {metadata['split']}")
    kind = "layered" if len(metadata["layers"]) > 1 else "single"
    findings.expect(metadata["kind"] == kind, "json", where, f"kind is {metadata['kind']}, not {kind}")
    same = len(metadata["layer_captions"]) == len(metadata["layers"])
    findings.expect(same, "json", where, "layer_captions and layers differ in number")
    _check_caption(file, found, metadata, where, findings)
    _check_images(file, found, metadata, where, findings)
    return _facts(shard, metadata)


def _metadata(
    file: BinaryIO, found: dict[str, Member], key: str, where: str, findings: Findings
) -> dict[str, Any] | None:
    place = found.get(f"{key}.{METADATA}")
    if not findings.expect(place is not None, "members", where, "KEY.json is missing") or place is None:
        return None
    if not findings.expect(place.size <= MAX_TEXT_BYTES, "json", where, f"KEY.json has {place.size} bytes"):
        return None
    try:
        metadata = decode_json(read_at(file, place.offset, place.size))
    except ValueError as error:
        findings.fail("json", where, f"KEY.json: {error}")
        return None
    first = islice(sample_validator().iter_errors(metadata), 3)
    errors = [f"{error.json_path}: {error.message[:200]}" for error in first]
    if not findings.expect(not errors, "json", where, "; ".join(errors)):
        return None
    numbers = [metadata["width"], metadata["height"], *(side for layer in metadata["layers"] for side in layer["box"])]
    whole = all(type(number) is int for number in numbers)  # for JSON schema 3.0 is an integer as well
    if not findings.expect(whole, "json", where, "a size or a box is not written as an integer"):
        return None
    checked: dict[str, Any] = metadata
    return checked


def _check_caption(
    file: BinaryIO, found: dict[str, Member], metadata: dict[str, Any], where: str, findings: Findings
) -> None:
    place = found.get(f"{metadata['key']}.{CAPTION}")
    if not findings.expect(place is not None, "members", where, "KEY.txt is missing") or place is None:
        return
    if not findings.expect(place.size <= MAX_TEXT_BYTES, "captions", where, f"KEY.txt has {place.size} bytes"):
        return
    first = metadata["captions"][0]["text"] if metadata["captions"] else ""
    same = read_at(file, place.offset, place.size) == first.encode("utf-8", "backslashreplace")
    findings.expect(same, "captions", where, "KEY.txt is not the first caption")


def _check_images(
    file: BinaryIO, found: dict[str, Member], metadata: dict[str, Any], where: str, findings: Findings
) -> None:
    key, width, height = metadata["key"], metadata["width"], metadata["height"]
    extension = metadata["layers"][0]["file"].rpartition(".")[2]
    names = [member(key, COMPOSITE, extension)]
    names += [member(key, layer_name(index), extension) for index in range(len(metadata["layers"]))]
    listed = [f"{key}.{layer['file']}" for layer in metadata["layers"]]
    findings.expect(listed == names[1:], "json", where, "the files of the layers are not layer_00, layer_01, ...")
    wanted = {*names, f"{key}.{METADATA}", f"{key}.{CAPTION}"}
    odd = ", ".join(sorted(wanted ^ set(found)))
    complete = findings.expect(wanted == set(found), "members", where, f"missing or unknown: {odd}")
    small = findings.expect(
        width * height <= MAX_AREA, "images", where, f"the canvas of {width}x{height} px is not decoded"
    )
    boxes: list[Box] = [tuple(layer["box"]) for layer in metadata["layers"]]
    inside = [left < right <= width and top < bottom <= height for left, top, right, bottom in boxes]
    for index, (box, holds) in enumerate(zip(boxes, inside, strict=True)):
        findings.expect(holds, "boxes", where, f"the box {list(box)} of layer {index} leaves {width}x{height}")
    if not (complete and small and all(inside) and extension in IMAGE_FORMATS):
        return

    def layers() -> Iterator[tuple[Box, np.ndarray]]:
        for name, box in zip(names[1:], boxes, strict=True):
            left, top, right, bottom = box
            yield box, _image(file, found[name], extension, right - left, bottom - top, where, findings)

    try:
        composite = _image(file, found[names[0]], extension, width, height, where, findings)
        ours = recompose(width, height, layers())
    except ValueError as error:
        findings.fail("images", where, str(error))
        return
    worst = worst_difference(ours, composite)
    findings.expect(worst <= 1, "recomposition", where, f"the layers give another picture, by up to {worst}/255")


def _image(
    file: BinaryIO, place: Member, extension: str, width: int, height: int, where: str, findings: Findings
) -> np.ndarray:
    """Raises ValueError for an image that cannot be decoded or has another size than its box."""
    if place.size > 8 * width * height + _HEADER_BYTES:
        raise ValueError(f"{place.name} has {place.size} bytes for {width}x{height} px")
    try:
        rgba = decode_image(read_at(file, place.offset, place.size), extension, width, height)
    except ValueError as error:
        raise ValueError(f"{place.name}: {error}") from error
    findings.checked["images"] += 1
    hidden = bool(rgba[rgba[:, :, 3] == 0].any())
    findings.expect(not hidden, "transparency", where, f"{place.name} has colour where its alpha is 0")
    return rgba


def _facts(shard: str, metadata: dict[str, Any]) -> SampleFacts:
    fidelity = metadata["fidelity"] or {}
    identity = [metadata[name] for name in ("split", "family_id", "source", "licence")]
    identity += [fidelity.get(name) for name in ("mean", "within2", "final_mean")]
    links = [
        [node, index, bool(layer["baked"]), layer["backdrop_dependence"]]
        for index, layer in enumerate(metadata["layers"])
        for node in layer["layer_ids"]
    ]
    captions = [[None, caption] for caption in metadata["captions"]]
    captions += [[index, caption] for index, caption in enumerate(metadata["layer_captions"]) if caption is not None]
    rows = [[index, c["text"], c["language"], c["length"], c["captioner"], c["flags"]] for index, c in captions]
    return SampleFacts(
        key=metadata["key"],
        shard=shard,
        split=metadata["split"],
        layers=len(metadata["layers"]),
        identity=digest(identity),
        links=digest(sorted(link[:2] for link in links)),
        captions=digest(rows),
    )


def _stem(one: Member) -> str:
    return one.name.partition(".")[0]
