"""What only the whole corpus decides: which of equal documents stays, and the split of a family.

Where documents were published with a split, an equal one of the test split stays before one of any other: what is
measured on it is comparable, and nothing of it has been trained on.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from beam_jobs.references import Reference
from schemas.members import SPLITS, key_of
from schemas.reasons import Reason
from schemas.spelling import printable


def file_of(document: Reference) -> str:
    """What documents of one file share. A rejected document keeps its own reason, so it shares nothing."""
    return document.sha256 if document.reason is None and document.sha256 is not None else document.uri


def keep_one_file(group: Iterable[Reference]) -> Iterator[Reference]:
    """Of identical files the smallest uri stays, of those in one split."""
    first, *others = sorted(group, key=lambda one: (_last_first(one), one.uri))
    yield first
    for other in others:
        yield other.rejected(Reason.DUPLICATE_FILE, f"the same file as {printable(first.uri)}")


def _last_first(document: Reference) -> int:
    """The order of the splits that documents were published in: test, validation, train, none."""
    return -SPLITS.index(document.published) if document.published is not None else 1


def picture_of(document: Reference) -> str:
    """What documents of one composite share."""
    return document.picture if document.reason is None and document.picture is not None else document.uri


def keep_one_picture(group: Iterable[Reference]) -> Iterator[Reference]:
    """Of identical composites the one of most layers stays, then the smallest key; all of them are in one family."""
    first, *others = sorted(group, key=lambda one: (_last_first(one), -one.layers, one.order))
    if first.reason is not None or first.sha256 is None:
        yield first
        return
    family = key_of(min(one.sha256 for one in (first, *others) if one.sha256 is not None))
    yield replace(first, family_id=family)
    for other in others:
        message = f"the same composite as {printable(first.uri)} ({first.layers} layers, this one {other.layers})"
        yield replace(other.rejected(Reason.DUPLICATE_COMPOSITE, message), family_id=family)


def split_of(sha256: str, validation_share: float, test_share: float) -> str:
    """By the hash of a family's smallest file, so that it depends on nothing else."""
    train, validation, test = SPLITS
    place = int(hashlib.sha256(f"split {sha256}".encode()).hexdigest()[:16], 16) / 2**64
    if place < validation_share:
        return validation
    return test if place < validation_share + test_share else train
