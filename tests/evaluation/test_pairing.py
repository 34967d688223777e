from evaluation.pairing import paired
from tests.evaluation.drawn_stacks import GROUND, painted
from tests.evaluation.test_measuring import ref

STACK = painted(GROUND)


def names(pred: list[str], truth: list[str], limit: int | None = None) -> list[tuple[str, bool, bool]]:
    pairs = paired([ref(name, STACK) for name in pred], [ref(name, STACK) for name in truth], limit)
    return [(pair.name, pair.pred is not None, pair.truth is not None) for pair in pairs]


def test_stacks_are_paired_by_name() -> None:
    assert names(["b", "a"], ["a", "b"]) == [("a", True, True), ("b", True, True)]


def test_what_has_no_counterpart_is_not_lost() -> None:
    assert names(["a", "c"], ["b", "c"]) == [("a", True, False), ("b", False, True), ("c", True, True)]


def test_two_single_stacks_are_a_pair() -> None:
    assert names(["predicted"], ["true"]) == [("true", True, True)]


def test_a_limit_takes_the_first_true_stacks_with_theirs() -> None:
    assert names(["a", "b", "z"], ["c", "b", "d"], 2) == [("b", True, True), ("c", False, True)]
