"""Which documents belong together: equal or similar composites, a picture that they share. A family is never split.

Documents that were published with a split keep it: those that belong together are a family in each of their splits.

Similar composites are found without comparing all pairs: hashes of few differing bits agree, in some of many tables, on
all of the table's bits (locality-sensitive hashing by bit sampling: Indyk and Motwani, 1998). With 32 tables of 18 of
256 bits, a pair 12 bits apart is found with a probability of 1 - 3e-8, one 24 bits apart with 99.7 %, 30 with 97 %.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsIter, AsSingleton
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from beam_jobs.corpus import split_of
from beam_jobs.options import JobOptions
from beam_jobs.references import Reference
from data_pipeline.duplicates import BITS
from schemas.members import key_of
from schemas.reasons import Reason
from schemas.spelling import printable

TABLES = 32
_TABLE_BITS = 18
_NEIGHBOURS = 64  # that a hash is compared with in each table: of more equal ones, each is linked through others
_SAME_ASPECT = 0.05

Link = tuple[str, str]  # two documents, by sha256, that belong together


class Families(beam.PTransform):
    """References in, one list of all of them out, each with its family, and the accepted ones with its split."""

    def __init__(self, options: JobOptions) -> None:
        super().__init__()
        self.options = options

    def expand(self, documents: beam.PCollection) -> beam.PCollection:
        corpus = documents | "Corpus" >> beam.combiners.ToList()
        seen = AsSingleton(corpus | "Looks" >> beam.Map(looks))
        tables = documents.pipeline | "Tables" >> beam.Create(range(TABLES))
        similar = tables | "Similar composites" >> beam.Map(alike, seen, self.options.near_bits)
        pictures = documents | "Pictures" >> beam.FlatMap(pictures_of) | "By picture" >> beam.GroupByKey()
        shared = pictures | "Shared pictures" >> beam.MapTuple(lambda _, group: sharing(group))
        links = AsIter((similar, shared) | "Links" >> beam.Flatten())
        return corpus | "Join, split" >> beam.Map(join, links, self.options)


def looks(documents: Iterable[Reference]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Of accepted documents that have a perceptual hash, by sha256: these, the hashes as uint64 [n, 4], the aspects."""
    seen = sorted((one for one in documents if one.reason is None and one.look is not None), key=lambda one: one.order)
    hashes = np.frombuffer(bytes.fromhex("".join(one.look or "" for one in seen)), ">u8").reshape(-1, BITS // 64)
    return [one.sha256 or "" for one in seen], hashes.astype(np.uint64), np.array([one.aspect for one in seen])


def alike(table: int, looks: tuple[Sequence[str], np.ndarray, np.ndarray], max_bits: int) -> list[Link]:
    """Links that connect all that agree on the bits of one table and differ in at most `max_bits` of all, of one
    aspect: no more of them than documents, however many look alike."""
    names, hashes, aspects = looks
    bits = np.random.default_rng(table).choice(BITS, _TABLE_BITS, replace=False)
    words, shifts = np.divmod(bits, 64)
    sampled = (hashes[:, words] >> (63 - shifts).astype(np.uint64)) & np.uint64(1)
    keys = sampled @ (np.uint64(1) << np.arange(_TABLE_BITS, dtype=np.uint64))
    order = np.lexsort((*hashes.T, keys))
    keys, hashes, aspects = keys[order], hashes[order], aspects[order]
    lower, upper = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for step in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
        near = np.flatnonzero(keys[step:] == keys[:-step])
        if not len(near):
            break
        apart = np.bitwise_count(hashes[near] ^ hashes[near + step]).sum(axis=1)
        ratio = aspects[near] / aspects[near + step]
        same = (apart <= max_bits) & (np.abs(np.log(ratio)) <= _SAME_ASPECT)
        lower.append(near[same])
        upper.append(near[same] + step)
    return [(names[order[first]], names[order[other]]) for first, other in _spanning(lower, upper, len(order))]


def _spanning(lower: Sequence[np.ndarray], upper: Sequence[np.ndarray], count: int) -> Iterator[tuple[int, int]]:
    """Of each set of connected places, the first with each other."""
    rows, columns = np.concatenate(lower), np.concatenate(upper)
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, firsts = np.unique(labels, return_index=True)
    for place in np.unique(np.concatenate([rows, columns])).tolist():
        first = int(firsts[labels[place]])
        if first != place:
            yield first, place


def pictures_of(document: Reference) -> Iterator[Link]:
    """Each picture that an accepted document holds, with the document."""
    if document.reason is None and document.sha256 is not None:
        for picture in document.pictures:
            yield picture, document.sha256


def sharing(documents: Iterable[str]) -> list[Link]:
    """Documents that share one picture: each with the first."""
    first, *others = sorted(set(documents))
    return [(first, other) for other in others]


def join(corpus: Sequence[Reference], links: Iterable[Sequence[Link]], options: JobOptions) -> list[Reference]:
    """Every document with its family, named after its smallest file, and that file's split."""
    return list(_joined(corpus, chain.from_iterable(links), options))


def _joined(corpus: Sequence[Reference], links: Iterable[Link], options: JobOptions) -> Iterator[Reference]:
    family_of = _families(corpus, _components(corpus, links))
    best: dict[str, Reference] = {}
    for one in corpus:
        if one.reason is None and one.sha256 is not None:
            family = family_of[one.sha256]
            best[family] = min(one, best.get(family, one), key=_rank)
    for one in corpus:
        if one.sha256 is None or one.family_id is None:
            yield one
            continue
        family = family_of[one.sha256]
        known = replace(one, family_id=key_of(family))
        if one.reason is not None:
            yield known
        elif options.keep == "best" and best[family].uri != one.uri:
            chosen = best[family]
            message = f"much like {printable(chosen.uri)} ({chosen.layers} layers, this one {one.layers})"
            yield known.rejected(Reason.NEAR_DUPLICATE, message)
        else:
            yield replace(known, split=one.published or split_of(family, options.validation_share, options.test_share))


def _families(corpus: Sequence[Reference], component_of: Mapping[str, str]) -> Mapping[str, str]:
    """For each document that has a family the smallest sha256 of those that it is joined to and published with."""
    smallest: dict[tuple[str, str | None], str] = {}
    own = {one.sha256: one.published for one in corpus if one.sha256 is not None and one.family_id is not None}
    for name in sorted(own):
        smallest.setdefault((component_of[name], own[name]), name)
    return {name: smallest[component_of[name], published] for name, published in own.items()}


def _rank(one: Reference) -> tuple[int, int, tuple[str, str]]:
    """The best of a family is the document of most layers, then of most bytes."""
    return -one.layers, -one.sample_bytes, one.order


def _components(corpus: Sequence[Reference], links: Iterable[Link]) -> Mapping[str, str]:
    """For each document that has a family the smallest sha256 of all that links and families join it to."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def unite(one: str, other: str) -> None:
        low, high = sorted((root(one), root(other)))
        parent[high] = low

    names: dict[str, str] = {}  # a family, as equal composites make one, by any member
    for one in corpus:
        if one.sha256 is not None and one.family_id is not None:
            unite(one.sha256, names.setdefault(one.family_id, one.sha256))
    for low, high in links:
        unite(low, high)
    return {name: root(name) for name in list(parent)}
