"""A sound dataset passes; each way of damaging it is found, by the check that is meant to find it."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from audit.verify import HOLDS, NO_DATASET, PROBLEMS, main, verify
from data_pipeline.shard_io import TarWriter, index_tar, read_at

Members = dict[str, bytes]


@pytest.fixture
def copy(dataset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(dataset, tmp_path / "copy"))


def manifest_of(root: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((root / "manifest.json").read_text())
    return values


def write_manifest(root: Path, values: dict[str, Any]) -> None:
    (root / "manifest.json").write_text(json.dumps(values))


def reseal(root: Path) -> None:
    """Sizes and checksums as they are now, so that only the other checks can notice."""
    values = manifest_of(root)
    for entry in values["shards"] + values["tables"] + values["previews"]:
        data = (root / entry["path"]).read_bytes()
        entry["bytes"], entry["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    write_manifest(root, values)


def edit_manifest(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        values = manifest_of(root)
        change(values)
        write_manifest(root, values)

    return edit


def read_tar(path: Path) -> Members:
    with path.open("rb") as file:
        return {one.name: read_at(file, one.offset, one.size) for one in index_tar(file)}


def write_tar(path: Path, members: Members) -> None:
    with path.open("wb") as file:
        writer = TarWriter(file)
        for name, data in members.items():
            writer.add(name, data)
        writer.finish()


def edit_shard(root: Path, edit: Callable[[Members, str], None]) -> None:
    """Edits the members of the train shard; the key is that of its sample with the most layers."""
    path = root / "shards" / "train-000000.tar"
    members = read_tar(path)
    names = [name for name in members if ".layer_" in name]
    edit(members, max(names, key=lambda name: (name.split(".")[1], name)).split(".")[0])
    write_tar(path, members)
    reseal(root)


def edit_json(change: Callable[[dict[str, Any]], None]) -> Callable[[Members, str], None]:
    def edit(members: Members, key: str) -> None:
        values = json.loads(members[f"{key}.json"])
        change(values)
        members[f"{key}.json"] = json.dumps(values).encode()

    return edit


def edit_image(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Members, str], None]:
    def edit(members: Members, key: str) -> None:
        rgba = np.array(Image.open(io.BytesIO(members[f"{key}.{name}.webp"])).convert("RGBA"))
        file = io.BytesIO()
        Image.fromarray(change(rgba)).save(file, "WEBP", lossless=True, exact=True)
        members[f"{key}.{name}.webp"] = file.getvalue()

    return edit


def edit_table(root: Path, table: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
    path = next((root / "tables" / table).glob("*.parquet"))
    read = pq.read_table(path)
    rows = read.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, read.schema), path)
    reseal(root)


def failed(root: Path) -> set[str]:
    return set(verify(str(root), workers=1).failed)


def test_a_sound_dataset_passes(dataset: Path) -> None:
    findings = verify(str(dataset), workers=1)
    assert findings.problems == []
    assert findings.checked["recomposition"] == manifest_of(dataset)["counts"]["accepted"]


def test_what_is_no_part_of_the_dataset_may_lie_beside_it(copy: Path) -> None:
    for name in ("logs", "latents/0123456789abcdef"):
        (copy / name).mkdir(parents=True, exist_ok=True)
        (copy / name / "file").write_bytes(b"")
    assert verify(str(copy), workers=1).problems == []


def test_several_processes_find_what_one_finds(copy: Path) -> None:
    edit_shard(copy, edit_image("layer_01", lambda rgba: rgba // 2))
    assert verify(str(copy), workers=2).problems == verify(str(copy), workers=1).problems


def brighter(rgba: np.ndarray) -> np.ndarray:
    rgba[..., 0] = np.where((rgba[..., 3] == 255) & (rgba[..., 0] < 253), rgba[..., 0] + 3, rgba[..., 0])
    return rgba


def hidden_colour(rgba: np.ndarray) -> np.ndarray:
    rgba[rgba[..., 3] == 0] = (200, 0, 0, 0)
    return rgba


def larger(rgba: np.ndarray) -> np.ndarray:
    return np.pad(rgba, ((0, 1), (0, 0), (0, 0)))


def shift(values: dict[str, Any]) -> None:
    left, top, right, bottom = values["layers"][1]["box"]
    step = -1 if left else 1
    values["layers"][1]["box"] = [left + step, top, right + step, bottom]


def outside(values: dict[str, Any]) -> None:
    values["layers"][1]["box"][2] = values["width"] + 1


def drop_layer(members: Members, key: str) -> None:
    del members[f"{key}.layer_01.webp"]


def damage(members: Members, key: str) -> None:
    members[f"{key}.composite.webp"] = members[f"{key}.composite.webp"][:60]


def other_text(members: Members, key: str) -> None:
    members[f"{key}.txt"] = b"something else"


def stray_member(members: Members, key: str) -> None:
    members[f"{key}.exe"] = b"MZ"


def long_key(members: Members, key: str) -> None:
    for name in [name for name in members if name.startswith(key)]:
        members[name.replace(key, "../" + key)] = members.pop(name)


@pytest.mark.parametrize(
    ("check", "edit"),
    [
        ("recomposition", edit_image("layer_00", brighter)),
        ("recomposition", edit_image("composite", brighter)),
        ("recomposition", edit_json(shift)),
        ("transparency", edit_image("layer_01", hidden_colour)),
        ("images", edit_image("layer_01", larger)),
        ("images", damage),
        ("images", edit_json(lambda values: values.update(width=1_000_000, height=1_000_000))),
        ("boxes", edit_json(outside)),
        ("members", drop_layer),
        ("members", stray_member),
        ("captions", other_text),
        ("keys", long_key),
        ("json", edit_json(lambda values: values.pop("kind"))),
        ("json", edit_json(lambda values: values.update(schema_version=99))),
        ("json", edit_json(lambda values: values.update(layers=values["layers"] * 21))),
        ("json", edit_json(lambda values: values.update(width=float(values["width"])))),
        ("images", edit_json(lambda values: values.update(width=10**30))),
        ("splits", edit_json(lambda values: values.update(split="test"))),
        ("layers", edit_json(lambda values: values["layers"][0].update(layer_ids=[3]))),
        ("documents", edit_json(lambda values: values.update(licence="MIT"))),
        ("captions", edit_json(lambda values: values["captions"].append(values["captions"][0]))),
    ],
)
def test_a_changed_sample_is_found(copy: Path, check: str, edit: Callable[[Members, str], None]) -> None:
    edit_shard(copy, edit)
    assert check in failed(copy)


def test_a_sample_in_two_shards_is_found(copy: Path) -> None:
    shutil.copy(copy / "shards" / "train-000000.tar", copy / "shards" / "train-000001.tar")
    values = manifest_of(copy)
    values["shards"].append(values["shards"][0] | {"split": "train", "path": "shards/train-000001.tar"})
    write_manifest(copy, values)
    reseal(copy)
    assert "keys" in failed(copy)


def flipped_byte(root: Path) -> None:
    path = root / "shards" / "train-000000.tar"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def truncated(root: Path) -> None:
    path = root / "shards" / "train-000000.tar"
    path.write_bytes(path.read_bytes()[:-5000])


def linked(root: Path) -> None:
    path = root / "shards" / "train-000000.tar"
    path.rename(root.parent / "elsewhere.tar")
    path.symlink_to(root.parent / "elsewhere.tar")


def escaping(root: Path) -> None:
    values = manifest_of(root)
    values["shards"][0]["path"] = "shards/../../elsewhere.tar"
    write_manifest(root, values)


def other_counts(root: Path) -> None:
    values = manifest_of(root)
    values["counts"]["layers"]["in"] += 1
    write_manifest(root, values)


def other_number_of_samples(root: Path) -> None:
    values = manifest_of(root)
    values["shards"][0]["samples"] += 1
    write_manifest(root, values)


def strange_preview(root: Path) -> None:
    path = next((root / "previews").glob("*.tar"))
    write_tar(path, {f"{'0' * 16}.photoshop.webp": next(iter(read_tar(path).values()))})
    reseal(root)


@pytest.mark.parametrize(
    ("check", "damage_files"),
    [
        ("checksums", flipped_byte),
        ("members", truncated),
        ("files", linked),
        ("files", escaping),
        ("files", lambda root: (root / "shards" / "train-000000.tar").unlink()),
        ("files", lambda root: (root / "README.md").unlink()),
        ("checksums", lambda root: (root / "README.md").write_text("")),
        ("files", edit_manifest(lambda values: values["versions"].update(numpy="0.1"))),
        ("files", edit_manifest(lambda values: values["configuration"].update(max_area=7))),
        ("files", lambda root: (root / "shards" / "train-000009.tar").write_bytes(b"")),
        ("files", lambda root: os.mkfifo(root / "previews" / "pipe")),
        ("counts", other_counts),
        ("counts", other_number_of_samples),
        ("previews", strange_preview),
    ],
)
def test_damaged_files_are_found(copy: Path, check: str, damage_files: Callable[[Path], None]) -> None:
    damage_files(copy)
    assert check in failed(copy)


def accepted(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(row for row in rows if row["status"] == "accepted")


def rejected(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(row for row in rows if row["status"] == "rejected")


def stored(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(row for row in rows if row["stored_index"] is not None)


@pytest.mark.parametrize(
    ("check", "table", "change"),
    [
        ("counts", "documents", lambda rows: rows.remove(rejected(rows))),
        ("documents", "documents", lambda rows: rows.remove(accepted(rows))),
        ("documents", "documents", lambda rows: rows.append(rows[0])),
        ("documents", "documents", lambda rows: rejected(rows).update(reason="because")),
        ("documents", "documents", lambda rows: rejected(rows).update(message=None)),
        ("documents", "documents", lambda rows: accepted(rows).update(uri="elsewhere.psd")),
        ("documents", "documents", lambda rows: accepted(rows).update(layers_stored=19)),
        ("splits", "documents", lambda rows: accepted(rows).update(split="all")),
        ("fidelity", "documents", lambda rows: accepted(rows).update(fidelity_mean=7.0)),
        ("layers", "layers", lambda rows: rows.pop()),
        ("layers", "layers", lambda rows: rows[0].update(fate="lost")),
        ("layers", "layers", lambda rows: stored(rows).update(stored_index=19)),
        ("layers", "layers", lambda rows: stored(rows).update(fate="dropped", drop_reason="hidden")),
        ("layers", "layers", lambda rows: rows[0].update(parent_id=1_000)),
        ("layers", "layers", lambda rows: stored(rows).update(flags=["no detector"])),
        ("layers", "layers", lambda rows: rows[0].update(document_id="f" * 16)),
        ("captions", "captions", lambda rows: rows.pop()),
        ("captions", "captions", lambda rows: rows[0].update(text="something else")),
    ],
)
def test_a_changed_table_is_found(
    copy: Path, check: str, table: str, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    edit_table(copy, table, change)
    assert check in failed(copy)


@pytest.mark.parametrize(("flags", "holds"), [(["unfaithful"], True), ([], False)])
def test_what_is_unfaithful_may_be_kept_where_the_manifest_says_so_and_it_is_flagged(
    copy: Path, flags: list[str], holds: bool
) -> None:
    edit_manifest(lambda values: values["configuration"].update(unfaithful="flag"))(copy)
    edit_table(copy, "documents", lambda rows: accepted(rows).update(fidelity_mean=7.0, flags=flags))
    assert ("fidelity" not in failed(copy)) == holds


def test_a_table_of_another_schema_is_found(copy: Path) -> None:
    path = next((copy / "tables" / "layers").glob("*.parquet"))
    pq.write_table(pq.read_table(path).drop_columns(["fate"]), path)
    reseal(copy)
    assert failed(copy) == {"schemas", "counts"}


def test_a_table_that_is_no_parquet_is_found(copy: Path) -> None:
    next((copy / "tables" / "documents").glob("*.parquet")).write_bytes(b"PAR1")
    assert "schemas" in failed(copy)


def test_problems_are_one_printable_line_each(copy: Path) -> None:
    edit_table(copy, "documents", lambda rows: rows[0].update(uri="a\n\x1b[31m b"))
    for problem in verify(str(copy), workers=1).problems:
        assert problem.line().isprintable()


def test_exit_status(dataset: Path, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(dataset), "--workers", "1"]) == HOLDS
    assert capsys.readouterr().out.endswith("All promises hold.\n")
    flipped_byte(copy)
    assert main([str(copy), "--workers", "1"]) == PROBLEMS
    assert "train-000000.tar" in capsys.readouterr().out
    assert main([str(tmp_path), "--workers", "1"]) == NO_DATASET
    (tmp_path / "manifest.json").write_text("[]")
    assert main([str(tmp_path), "--workers", "1"]) == NO_DATASET
