"""The promises of the job: nothing vanishes, the same bytes whatever happened, only what is missing is done."""

import json
import os
import shutil
import tarfile

import pytest

from beam_jobs import running, shards
from beam_jobs.children import close_children
from schemas.metadata import check_sample_json
from tests.beam_jobs import fake
from tests.beam_jobs.job import documents, promised, run, table

IN_ONE_SHARD = ("--validation-share", "0", "--test-share", "1")


@pytest.fixture(autouse=True, scope="module")
def _children():
    yield
    close_children()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for index in range(12):
        fake.write(folder, f"sub{index % 3}/doc{index}.psd", colour=index, layers=1 + index % 5)
    fake.write(folder, "zz-copy.PSD", colour=3, layers=4)  # the bytes of doc3
    fake.write(folder, "more-layers.psb", colour=5, layers=3)  # the composite of doc5, of one layer
    fake.write(folder, "bad.psd", reason="unfaithful")
    fake.write(folder, "bad-copy.psd", reason="unfaithful")
    fake.write(folder, "dies.psd", do="abort")
    fake.write(folder, "exits.psd", do="exit")
    fake.write(folder, "greedy.psd", do="memory")
    fake.write(folder, "hog.psd", do="hog")
    fake.write(folder, "defect.psd", do="defect")
    fake.write(folder, "a b<i>\n\x1b[31m🦊.psd", colour=77)
    (folder / os.fsdecode(b"not-utf8-\xff.psd")).write_text(json.dumps({"colour": 78}))
    (folder / "readme.txt").write_text("no PSD")
    return folder


@pytest.fixture(scope="module")
def fresh(corpus, tmp_path_factory):
    output = tmp_path_factory.mktemp("fresh") / "out"
    return output, run(corpus, output)


def test_every_input_is_one_row_and_every_reason_is_told(fresh):
    rows = documents(fresh[0])
    assert len(rows) == fresh[1]["counts"]["inputs"] == 23
    reasons = {uri: row["reason"] for uri, row in rows.items() if row["status"] == "rejected"}
    assert reasons == {
        "zz-copy.PSD": "duplicate_file",
        "sub2/doc5.psd": "duplicate_composite",
        "bad.psd": "unfaithful",
        "bad-copy.psd": "unfaithful",
        "dies.psd": "crashed",
        "exits.psd": "crashed",
        "greedy.psd": "out_of_memory",
        "hog.psd": "out_of_memory",
        "defect.psd": "internal_error",
    }
    assert all(rows[uri]["stage"] and rows[uri]["message"] for uri in reasons)
    assert rows["dies.psd"]["message"] == "the process that curated it was killed by SIGKILL"
    assert rows["defect.psd"]["message"] == "ZeroDivisionError: over \\udcff easy"


def test_counts_add_up(fresh):
    counts = fresh[1]["counts"]
    rejected = dict(counts["rejected"])
    assert rejected.pop("all") == sum(rejected.values()) == counts["inputs"] - counts["accepted"]
    layers = dict(counts["layers"])
    assert layers.pop("images") == sum(
        row["layers_stored"] for row in table(fresh[0], "documents") if row["status"] == "accepted"
    )
    assert layers.pop("in") == sum(layers.values())
    assert sum(counts["splits"].values()) == counts["accepted"] == sum(one["samples"] for one in fresh[1]["shards"])


def test_every_sample_of_the_shards_is_an_accepted_row(fresh):
    rows = {row["key"]: row for row in table(fresh[0], "documents") if row["status"] == "accepted"}
    found = {}
    for path in sorted((fresh[0] / "shards").iterdir()):
        with tarfile.open(path) as tar:
            for info in tar:
                if info.name.endswith(".json"):
                    metadata = json.load(tar.extractfile(info))
                    check_sample_json(metadata)
                    assert path.name.startswith(metadata["split"])
                    found[metadata["key"]] = metadata
    assert found.keys() == rows.keys()
    for key, metadata in found.items():
        assert (metadata["split"], metadata["family_id"]) == (rows[key]["split"], rows[key]["family_id"])


def test_a_family_is_named_after_its_smallest_key(fresh):
    rows = documents(fresh[0])
    pair = rows["sub2/doc5.psd"], rows["more-layers.psb"]
    assert pair[0]["family_id"] == pair[1]["family_id"] == min(row["key"] for row in pair)
    assert pair[0]["split"] is None


def test_of_a_duplicate_nothing_is_stored(fresh):
    duplicates = {one["document_id"] for one in table(fresh[0], "documents") if one["stage"] == "deduplicate"}
    rows = [row for row in table(fresh[0], "layers") if row["document_id"] in duplicates]
    found = {(row["document_id"], row["fate"], row["drop_reason"], row["stored_index"]) for row in rows}
    assert found == {(one, "dropped", "document_rejected", None) for one in duplicates}


def test_names_of_any_kind_are_stored_as_valid_text(fresh):
    assert {"a b<i>\n\x1b[31m🦊.psd", "not-utf8-\\xff.psd"} <= documents(fresh[0]).keys()


def test_nothing_of_a_run_is_left_behind(fresh):
    assert sorted(os.listdir(fresh[0] / "state")) == [
        "artifacts.json", "configuration.json", "index", "lock", "records"
    ]  # fmt: skip
    assert not list(fresh[0].rglob("*.tmp"))


def test_no_path_clock_or_worker_is_in_what_is_promised(fresh, corpus):
    for name in ("manifest.json", "README.md"):
        text = (fresh[0] / name).read_text()
        assert str(corpus) not in text
        assert "workers" not in text


def test_one_worker_writes_the_same_bytes(fresh, corpus, tmp_path):
    run(corpus, tmp_path / "out", workers=1)
    assert promised(tmp_path / "out") == promised(fresh[0])


def test_a_second_run_curates_nothing_and_writes_the_same_bytes(fresh, corpus):
    before = promised(fresh[0])
    fake.curated(corpus)
    run(corpus, fresh[0])
    assert promised(fresh[0]) == before
    assert fake.curated(corpus) == []


def copy_into(folder, corpus, uris):
    for uri in uris:
        target = folder / uri
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(corpus / uri, target)


def test_a_grown_and_a_shrunk_corpus_are_as_if_fresh(tmp_path):
    every = tmp_path / "every"
    for index in range(6):
        fake.write(every, f"doc{index}.psd", colour=index, layers=1 + index)
    fake.write(every, "a-copy.psd", colour=0, layers=1)
    fake.write(every, "many.psd", colour=1, layers=6)
    run(every, tmp_path / "fresh-every")
    changing = tmp_path / "changing"
    # Without the winner of two identical files, and without the winner of two identical composites.
    some = [name for name in sorted(os.listdir(every)) if name not in ("a-copy.psd", "many.psd")]
    copy_into(changing, every, some)
    run(changing, tmp_path / "fresh-some")
    fake.curated(changing)
    run(changing, tmp_path / "out")
    assert fake.curated(changing) == some
    copy_into(changing, every, ["a-copy.psd", "many.psd"])
    run(changing, tmp_path / "out")
    assert promised(tmp_path / "out") == promised(tmp_path / "fresh-every")
    assert fake.curated(changing) == ["a-copy.psd", "many.psd"]
    for name in ("a-copy.psd", "many.psd"):
        (changing / name).unlink()
    run(changing, tmp_path / "out")
    assert promised(tmp_path / "out") == promised(tmp_path / "fresh-some")
    assert fake.curated(changing) == ["doc1.psd"]  # the duplicate composite: its pixels were in no shard


def test_near_duplicates_are_one_family_in_one_split(tmp_path):
    for index in range(20):
        fake.write(tmp_path / "in", f"doc{index}.psd", colour=index)
        fake.write(tmp_path / "in", f"near{index}.psd", colour=index, shade=9)
    run(tmp_path / "in", tmp_path / "out", "--test-share", "0.4")
    rows = documents(tmp_path / "out")
    for index in range(20):
        pair = rows[f"doc{index}.psd"], rows[f"near{index}.psd"]
        assert pair[0]["family_id"] == pair[1]["family_id"] == min(row["key"] for row in pair)
        assert pair[0]["split"] == pair[1]["split"]
    assert len({row["family_id"] for row in rows.values()}) == 20


def test_the_best_of_near_duplicates_is_kept_and_a_second_run_has_nothing_to_do(tmp_path):
    for name, more in (("few", {}), ("most", {"layers": 4, "shade": 9}), ("other", {"colour": 5})):
        fake.write(tmp_path / "in", f"{name}.psd", **more)
    run(tmp_path / "in", tmp_path / "out", "--keep", "best")
    reasons = {uri: row["reason"] for uri, row in documents(tmp_path / "out").items()}
    assert reasons == {"few.psd": "near_duplicate", "most.psd": None, "other.psd": None}
    before = promised(tmp_path / "out")
    fake.curated(tmp_path / "in")
    run(tmp_path / "in", tmp_path / "out", "--keep", "best")
    assert (fake.curated(tmp_path / "in"), promised(tmp_path / "out")) == ([], before)
    (tmp_path / "in" / "most.psd").unlink()
    run(tmp_path / "in", tmp_path / "out", "--keep", "best")
    assert fake.curated(tmp_path / "in") == ["few.psd"]
    run(tmp_path / "in", tmp_path / "fresh", "--keep", "best")
    assert promised(tmp_path / "out") == promised(tmp_path / "fresh")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """INPUT, and an OUTPUT of one shard that is made from it. Read only."""
    place = tmp_path_factory.mktemp("small")
    for index in range(4):
        fake.write(place / "in", f"doc{index}.psd", colour=index)
    run(place / "in", place / "out", *IN_ONE_SHARD)
    return place / "in", place / "out"


@pytest.fixture
def made(small, tmp_path):
    """INPUT, which is read only, and a copy of OUTPUT."""
    return small[0], shutil.copytree(small[1], tmp_path / "out")


def test_a_damaged_shard_of_the_same_size_is_found_and_mended_on_request(made):
    source, output = made
    before = promised(output)
    (shard,) = (output / "shards").iterdir()
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    run(source, output, "--verify", *IN_ONE_SHARD)
    assert promised(output) == before


def test_a_lost_shard_is_made_again(made):
    source, output = made
    before = promised(output)
    for path in (output / "shards").iterdir():
        path.unlink()
    run(source, output, *IN_ONE_SHARD)
    assert promised(output) == before


def test_a_damaged_shard_goes_with_its_documents(made, tmp_path):
    _, output = made
    (shard,) = (output / "shards").iterdir()
    shard.write_bytes(shard.read_bytes() + b"!")
    for index in range(4):
        fake.write(tmp_path / "in", f"doc{index}.psd", reason="unfaithful")
    run(tmp_path / "in", output, *IN_ONE_SHARD)
    assert not shard.exists()


def test_a_manifest_row_that_fails_in_another_way_says_so(tmp_path):
    (tmp_path / "list.csv").write_text("uri\nnone.psd\n")
    run(tmp_path / "list.csv", tmp_path / "out")
    (tmp_path / "none.psd").mkdir()
    run(tmp_path / "list.csv", tmp_path / "out")
    run(tmp_path / "list.csv", tmp_path / "fresh")
    assert promised(tmp_path / "out") == promised(tmp_path / "fresh")


def test_a_folder_that_cannot_be_read_is_a_row(tmp_path, monkeypatch):
    fake.write(tmp_path / "in", "a.psd")
    (tmp_path / "in" / "closed").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    run(tmp_path / "in", tmp_path / "out")
    rows = documents(tmp_path / "out")
    assert rows["a.psd"]["status"] == "accepted"
    assert (rows["closed/"]["reason"], rows["closed/"]["stage"]) == ("unreadable", "discover")


def test_a_file_that_was_refused_once_is_asked_for_again(tmp_path):
    fake.write(tmp_path / "in", "a.psd", do="unreadable")
    run(tmp_path / "in", tmp_path / "out")
    assert documents(tmp_path / "out")["a.psd"]["reason"] == "unreadable"
    fake.curated(tmp_path / "in")
    run(tmp_path / "in", tmp_path / "out")
    assert fake.curated(tmp_path / "in") == ["a.psd"]


@pytest.mark.parametrize(("name", "text"), [("README.md", ""), ("manifest.json", "junk"), ("manifest.json", "[]")])
def test_a_damaged_card_or_manifest_is_written_again(made, name, text):
    source, output = made
    before = promised(output)
    (output / name).write_text(text)
    run(source, output, *IN_ONE_SHARD)
    assert promised(output) == before


def test_a_touched_file_is_hashed_and_kept_and_a_changed_one_curated(tmp_path):
    path = fake.write(tmp_path / "in", "a.psd", colour=1)
    fake.write(tmp_path / "in", "b.psd", colour=2)
    run(tmp_path / "in", tmp_path / "out")
    fake.curated(tmp_path / "in")
    os.utime(path, ns=(1, 1))
    run(tmp_path / "in", tmp_path / "out")
    status = path.stat()
    path.write_text(path.read_text().replace("1", "3"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # same size, same time: only hashing tells
    run(tmp_path / "in", tmp_path / "out")
    assert fake.curated(tmp_path / "in") == []
    run(tmp_path / "in", tmp_path / "out", "--verify")
    assert fake.curated(tmp_path / "in") == ["a.psd"]


def test_retry_curates_what_was_rejected_for_that_reason(tmp_path):
    for name, what in (("a", {"do": "memory"}), ("b", {"reason": "unfaithful"}), ("c", {})):
        fake.write(tmp_path / "in", f"{name}.psd", **what)
    run(tmp_path / "in", tmp_path / "out")
    fake.curated(tmp_path / "in")
    run(tmp_path / "in", tmp_path / "out", "--retry", "out_of_memory")
    assert set(fake.curated(tmp_path / "in")) == {"a.psd"}


def test_out_of_time_costs_one_document(tmp_path):
    fake.write(tmp_path / "in", "slow.psd", sleep=60)
    fake.write(tmp_path / "in", "quick.psd")
    run(tmp_path / "in", tmp_path / "out", "--max-seconds", "1")
    rows = documents(tmp_path / "out")
    assert (rows["slow.psd"]["reason"], rows["quick.psd"]["status"]) == ("out_of_time", "accepted")


def test_a_manifest_brings_attributes_and_a_missing_file_is_a_row(tmp_path):
    fake.write(tmp_path, "x/a.psd", colour=1)
    lines = [{"uri": "x/a.psd", "licence": "MIT", "author": "Zoë"}, {"uri": "x/none.psd"}, {"uri": "nul\0.psd"}]
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
    run(tmp_path / "list.jsonl", tmp_path / "out")
    rows = documents(tmp_path / "out")
    assert (rows["x/a.psd"]["licence"], rows["x/a.psd"]["author"]) == ("MIT", "Zoë")
    assert (rows["x/none.psd"]["stage"], rows["x/none.psd"]["reason"]) == ("discover", "unreadable")
    assert rows["nul\0.psd"]["reason"] == "unreadable"


def test_max_reject_fails_after_writing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shards.run, "__defaults__", (fake.curate,))
    fake.write(tmp_path / "in", "a.psd", reason="unfaithful")
    fake.write(tmp_path / "in", "b.psd")
    arguments = ["--input", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--max-reject"]
    assert shards.main([*arguments, "0.5"]) == running.DONE
    assert shards.main([*arguments, "0.4"]) == running.TOO_MANY_REJECTED
    assert "50.0% of the documents were rejected" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["multi_threading", "multi_processing"])
def test_another_way_of_running_writes_the_same_bytes(fresh, corpus, tmp_path, mode):
    run(corpus, tmp_path / "out", "--direct_running_mode", mode, "--direct_num_workers", "2")
    assert promised(tmp_path / "out") == promised(fresh[0])


def test_a_shard_that_someone_changed_is_not_packed_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shards.run, "__defaults__", (fake.curate,))
    everything = ["--validation-share", "0", "--test-share", "0"]
    arguments = ["--input", str(tmp_path / "in"), "--output", str(tmp_path / "out"), *everything]
    fake.write(tmp_path / "in", "a.psd", colour=1)
    assert shards.main(arguments) == running.DONE
    shard = tmp_path / "out" / "shards" / "train-000000.tar"
    data = shard.read_bytes()
    shard.write_bytes(data[:600] + bytes([data[600] ^ 1]) + data[601:])
    fake.write(tmp_path / "in", "b.psd")
    assert shards.main(arguments) == running.FAILED
    assert "shards/train-000000.tar under OUTPUT was changed at byte 0; delete it" in capsys.readouterr().err
    shard.unlink()
    assert shards.main(arguments) == running.DONE
