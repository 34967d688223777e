"""The dataset card declares what HF `datasets` would otherwise guess wrong from the first samples."""

import yaml

from tests.beam_jobs import fake
from tests.beam_jobs.job import run


def test_every_layer_slot_and_every_split_is_declared(tmp_path):
    for index in range(3):
        fake.write(tmp_path / "in", f"{index}.psd", colour=index)
    run(tmp_path / "in", tmp_path / "out", "--image-format", "webp", "--validation-share", "0", "--test-share", "0")
    header = yaml.safe_load((tmp_path / "out" / "README.md").read_text().split("---\n")[1])
    features = {one["name"]: one["dtype"] for one in header["dataset_info"]["features"]}
    slots = [name for name in features if name.startswith("layer_")]
    assert slots == [f"layer_{index:02d}.webp" for index in range(20)]
    assert (features["composite.webp"], features["json"], features["txt"]) == ("image", "json", "string")
    assert [one["num_examples"] for one in header["dataset_info"]["splits"]] == [3]
    assert header["configs"][0]["data_files"] == [{"split": "train", "path": "shards/train-*.tar"}]


def test_a_corpus_without_a_sample_has_a_card(tmp_path):
    fake.write(tmp_path / "in", "a.psd", reason="unfaithful")
    run(tmp_path / "in", tmp_path / "out")
    assert "0 samples from 1 Photoshop files" in (tmp_path / "out" / "README.md").read_text()
