"""Which documents lie in which shard and table part: a function of the corpus, not of its order."""

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.packing import MIB, ROWS_PER_PART, plan
from beam_jobs.references import Reference, Slice


def reference(name, size=1000, split="train", previews=None):
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    part = Slice("x", 0, size, sha256)
    return Reference(
        name, "f", sha256, None, sha256, 2, size, part, part, previews and part, split=split, family_id=sha256[:16]
    )


SIZES = st.lists(st.integers(1, 3 * MIB), min_size=1, max_size=30)


@given(SIZES, st.randoms(use_true_random=False))
def test_the_order_of_the_documents_does_not_matter(sizes, chance):
    documents = [reference(str(index), size) for index, size in enumerate(sizes)]
    shuffled = chance.sample(documents, len(documents))
    assert list(plan(documents, 2)) == list(plan(shuffled, 2))


@given(SIZES)
def test_a_shard_is_full_and_not_too_full(sizes):
    documents = [reference(str(index), size) for index, size in enumerate(sizes)]
    shards = [one.documents for one in plan(documents, 2) if one.kind == "shard"]
    assert sorted(one.uri for shard in shards for one in shard) == sorted(one.uri for one in documents)
    totals = [sum(one.sample_bytes for one in shard) for shard in shards]
    assert all(total <= 2 * MIB or len(shard) == 1 for total, shard in zip(totals, shards, strict=True))
    assert all(total + after[0].sample_bytes > 2 * MIB for total, after in zip(totals, shards[1:], strict=False))


def test_every_document_is_in_one_table_part_in_the_order_of_keys():
    documents = [reference(str(index)) for index in range(ROWS_PER_PART + 1)]
    random.Random(0).shuffle(documents)
    parts = [one.documents for one in plan(documents, 256) if one.kind == "rows"]
    assert [len(part) for part in parts] == [ROWS_PER_PART, 1]
    assert [one.sha256 for part in parts for one in part] == sorted(one.sha256 for one in documents)


def test_previews_of_identical_files_are_kept_once():
    one, other = reference("a", previews=True, split=None), reference("a", previews=True)
    (previews,) = [artifact for artifact in plan([one, other], 256) if artifact.kind == "previews"]
    assert len(previews.documents) == 1


def test_two_files_of_one_key_are_refused():
    one, other = reference("a"), reference("b")
    clash = Reference(**{**vars(other), "sha256": one.sha256[:16] + "0" * 48})
    with pytest.raises(ValueError, match="share the key"):
        list(plan([one, clash], 256))
