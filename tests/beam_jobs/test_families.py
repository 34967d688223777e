"""Families: what looks alike or shares a picture is found without all pairs, joined, and never split."""

import hashlib
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.corpus import split_of
from beam_jobs.families import TABLES, Link, alike, join, looks, pictures_of, sharing
from beam_jobs.options import JobOptions
from beam_jobs.references import Reference, Slice
from data_pipeline.duplicates import BITS

_OPTIONS = JobOptions("in", "out")


def reference(name: str, look: str | None = None, pictures: Sequence[str] = (), layers: int = 2, **more) -> Reference:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    values = {"reason": None, "picture": name, "sample_bytes": 9, "family_id": sha256[:16]} | more
    return Reference(
        uri=name, fingerprint="f", sha256=sha256, layers=layers, record=Slice("x", 0, 1, sha256), look=look,
        pictures=tuple(pictures), **values,
    )  # fmt: skip


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def flipped(look: str, bits: Sequence[int]) -> str:
    value = int(look, 16)
    for bit in bits:
        value ^= 1 << int(bit)
    return f"{value:064x}"


def links_of(documents: Sequence[Reference], max_bits: int = 30) -> set[Link]:
    seen = looks(documents)
    return {tuple(sorted(link)) for table in range(TABLES) for link in alike(table, seen, max_bits)}


def random_looks(count: int, seed: int) -> list[str]:
    return [row.tobytes().hex() for row in np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)]


def test_what_differs_in_few_bits_is_found_among_many() -> None:
    rng = np.random.default_rng(5)
    others = [reference(f"other{index}", look) for index, look in enumerate(random_looks(3000, 1))]
    pairs = []
    for index, look in enumerate(random_looks(200, 2)):
        near = flipped(look, rng.choice(BITS, 1 + index % 20, replace=False))
        pairs.append((reference(f"a{index}", look), reference(f"b{index}", near)))
    found = links_of([*others, *(one for pair in pairs for one in pair)])
    expected = {tuple(sorted((one.sha256, other.sha256))) for one, other in pairs}
    assert len(found & expected) >= 199
    assert found <= expected


def test_more_bits_or_another_aspect_are_not_alike() -> None:
    (look,) = random_looks(1, 3)
    base = reference("a", look)
    assert links_of([base, reference("b", flipped(look, range(30)))], max_bits=20) == set()
    assert links_of([base, reference("b", look, aspect=1.2)]) == set()
    assert links_of([base, reference("b", look, aspect=1.03)])
    assert links_of([base, reference("b", look, reason="unfaithful")]) == set()
    assert links_of([base]) == links_of([]) == set()


def test_a_crowd_of_equal_pictures_is_one_family_in_linear_time() -> None:
    (look,) = random_looks(1, 4)
    crowd = [reference(f"x{index}", look) for index in range(5000)]
    seen = looks(crowd)
    links = [alike(table, seen, 30) for table in range(TABLES)]
    assert all(len(found) == len(crowd) - 1 for found in links)
    joined = join(crowd, links, _OPTIONS)
    assert len({one.family_id for one in joined}) == 1


def test_documents_that_share_a_picture_belong_together() -> None:
    one, other, third = reference("a", pictures=("p", "q")), reference("b", pictures=("q",)), reference("c")
    groups: dict[str, list[str]] = {}
    for document in (one, other, third):
        for picture, sha256 in pictures_of(document):
            groups.setdefault(picture, []).append(sha256)
    links = [link for group in groups.values() for link in sharing(group)]
    assert links == [tuple(sorted((one.sha256, other.sha256)))]
    assert list(pictures_of(reference("d", pictures=("q",), reason="unfaithful"))) == []


_NAMES = [f"doc{index}" for index in range(9)]
_LINKS = st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_NAMES)), max_size=8)


@given(_LINKS, st.randoms())
def test_a_family_is_what_links_connect_whatever_their_order(links: list[tuple[str, str]], random) -> None:
    documents = [reference(name) for name in _NAMES]
    given_links = [(digest(one), digest(other)) for one, other in links]
    joined = {one.uri: one for one in join(documents, [given_links], _OPTIONS)}
    group = {name: {name} for name in _NAMES}
    for one, other in links:
        union = group[one] | group[other]
        for name in union:
            group[name] = union
    for name, one in joined.items():
        smallest = min(digest(member) for member in group[name])
        assert one.family_id == smallest[:16]
        assert one.split == split_of(smallest, _OPTIONS.validation_share, _OPTIONS.test_share)
    shuffled, turned = documents[:], [link[::-1] for link in given_links]
    random.shuffle(shuffled)
    random.shuffle(turned)
    assert {one.uri: one for one in join(shuffled, [turned], _OPTIONS)} == joined


def test_equal_composites_and_near_ones_are_one_family() -> None:
    family = min(digest("a"), digest("b"))[:16]
    kept = reference("a", family_id=family)
    equal = reference("b", family_id=family, reason="duplicate_composite")
    near = reference("c")
    joined = join([equal, near, kept], [[(kept.sha256, near.sha256)]], _OPTIONS)
    assert {one.family_id for one in joined} == {min(map(digest, "abc"))[:16]}
    assert [one.split is None for one in joined] == [True, False, False]


def test_the_best_of_a_family_stays() -> None:
    documents = [reference("few"), reference("most", layers=7), reference("alone")]
    documents += [reference("file", family_id=None, reason="duplicate_file")]
    links = [(digest("few"), digest("most"))]
    options = JobOptions("in", "out", keep="best")
    joined = {one.uri: one for one in join(documents, [links], options)}
    assert joined["few"].reason == "near_duplicate"
    assert joined["few"].message == "much like most (7 layers, this one 2)"
    assert joined["few"].split is None
    assert joined["most"].split == joined["few"].split or joined["most"].split is not None
    assert joined["alone"].reason is None
    assert joined["file"].reason == "duplicate_file"
