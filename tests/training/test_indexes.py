"""The first rank makes an index, the others wait for it; what stops the first stops them."""

import os
import shutil
import threading
from dataclasses import replace

import pytest
import torch

from tests.training.drawn_shards import WORDS
from tests.training.lone_rank import LONE, LoneRank
from training.configuration import RunConfig, Validation
from training.data_options import Data, Source
from training.indexes import held_out, not_held_out, not_there, open_indexes

SECOND = LoneRank(1, 2, torch.device("cpu"))


def test_an_index_is_made_once(dataset, tmp_path):
    sources = [Source(str(dataset))]
    first = open_indexes(sources, "train", WORDS, tmp_path, LONE)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = open_indexes(sources, "train", WORDS, tmp_path, LONE)
    assert len(first[0]) == len(again[0]) > 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == made


def test_an_index_of_other_shards_is_refused(dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "moved")
    for where, folder in ((dataset, "index"), (tmp_path / "moved", "other")):
        open_indexes([Source(str(where))], "train", WORDS, tmp_path / folder, LONE)
    [ours], [theirs] = ((tmp_path / folder).iterdir() for folder in ("index", "other"))
    shutil.copy(theirs, ours)
    with pytest.raises(ValueError, match=f"{ours.name} is an index of other shards"):
        open_indexes([Source(str(dataset))], "train", WORDS, tmp_path / "index", LONE)


def test_another_rank_waits_for_it(dataset, tmp_path):
    sources, found = [Source(str(dataset))], []
    other = threading.Thread(target=lambda: found.append(open_indexes(sources, "train", WORDS, tmp_path, SECOND)))
    other.start()
    open_indexes(sources, "train", WORDS, tmp_path, LONE)
    other.join(30)
    assert len(found[0][0]) > 0


def test_what_stops_the_first_stops_the_others(dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "data")
    shard = next((tmp_path / "data" / "shards").glob("train-*.tar"))
    os.truncate(shard, 1000)
    sources = [Source(str(tmp_path / "data"))]
    for ranks in (LONE, SECOND):
        with pytest.raises(ValueError, match=shard.name):
            open_indexes(sources, "train", WORDS, tmp_path / "index", ranks)


def test_a_run_without_data_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"data\.sources is empty; give DATA="):
        open_indexes([], "train", WORDS, tmp_path, LONE)


def test_sources_without_the_split_are_told_and_not_held_out(dataset, tmp_path):
    (tmp_path / "00000.tar").touch()
    sources = (Source(str(dataset)), Source(str(tmp_path)))
    config = RunConfig(stage="vae", data=Data(sources=sources), validation=Validation(split="validation"))
    assert held_out(config) == [sources[0]]
    assert not_held_out(config) == [f"not in the validation: {tmp_path}, which has no shard of the split 'validation'"]
    unasked = replace(config, validation=Validation(every=0))
    assert (held_out(unasked), not_held_out(unasked)) == ([], [])


def test_keys_to_skip_that_no_source_has_are_told(dataset, tmp_path):
    indexes = open_indexes([Source(str(dataset))], "train", WORDS, tmp_path, LONE)
    known = indexes[0].facts(0).key
    assert not_there(indexes, [known]) == []
    assert not_there(indexes, [known, "tpyo"]) == ["data.skip names 1 that no source has, the first tpyo"]
