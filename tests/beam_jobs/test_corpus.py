"""Duplicates, families and splits do not depend on the order in which documents arrive."""

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.corpus import keep_one_file, keep_one_picture, split_of
from beam_jobs.references import Reference, Slice


def reference(uri, content, layers=2):
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return Reference(uri, "f", sha256, None, "picture", layers, 9, Slice("x", 0, 1, sha256))


@given(st.permutations(["b", "a", "c/a"]))
def test_of_identical_files_the_smallest_uri_stays(uris):
    kept, *others = keep_one_file(reference(uri, "same") for uri in uris)
    assert (kept.uri, kept.reason) == ("a", None)
    assert {(one.uri, one.reason, one.message) for one in others} == {
        (uri, "duplicate_file", "the same file as a") for uri in ("b", "c/a")
    }


@given(st.permutations([("x", 2), ("y", 5), ("z", 5)]))
def test_of_identical_composites_the_most_layers_stay_then_the_smallest_key(documents):
    group = [reference(uri, uri, layers) for uri, layers in documents]
    kept, *others = keep_one_picture(group)
    assert kept.layers == 5
    assert kept.sha256 == min(one.sha256 for one in group if one.layers == 5)
    assert {one.family_id for one in (kept, *others)} == {min(one.sha256 for one in group)[:16]}
    assert all(one.reason == "duplicate_composite" for one in others)


@given(st.permutations([("a", "train", 9), ("b", "validation", 5), ("c", "test", 2), ("d", "test", 1)]))
def test_of_equal_documents_that_were_published_with_splits_that_of_the_test_split_stays(documents):
    files = [replace(reference(uri, "same"), published=split) for uri, split, _ in documents]
    assert next(keep_one_file(files)).uri == "c"
    pictures = [replace(reference(uri, uri, layers), published=split) for uri, split, layers in documents]
    assert next(keep_one_picture(pictures)).uri == "c"


def test_a_rejected_document_has_no_family():
    rejected = replace(reference("a", "a"), reason="unfaithful", picture=None)
    assert list(keep_one_picture([rejected])) == [rejected]


def test_splits_have_their_shares():
    splits = [split_of(hashlib.sha256(str(index).encode()).hexdigest(), 0.05, 0.1) for index in range(20_000)]
    assert abs(splits.count("validation") / 20_000 - 0.05) < 0.005  # more than 3 sigma
    assert abs(splits.count("test") / 20_000 - 0.1) < 0.0065


def test_a_larger_validation_share_keeps_what_was_in_it():
    hashes = [hashlib.sha256(str(index).encode()).hexdigest() for index in range(500)]
    small = {one for one in hashes if split_of(one, 0.05, 0.05) == "validation"}
    assert small < {one for one in hashes if split_of(one, 0.2, 0.05) == "validation"}
