from data_pipeline.stack_io.collection import StackRef
from evaluation.decomposition.measuring import Protocol, measured
from evaluation.decomposition.metric import decompose
from evaluation.pairing import Pair, paired
from schemas.decomposition import PairRow, PairStatus
from schemas.stack import Stack
from tests.evaluation.drawn_stacks import DOT, GROUND, LEFT, RIGHT, painted

TRUTH = painted(GROUND, LEFT, RIGHT)
PROTOCOL = Protocol(max_edits=5, least_layers=2)


def ref(name: str, stack: Stack | str) -> StackRef:
    """Of a stack, or of one that cannot be read for the reason given."""

    def read() -> Stack:
        if isinstance(stack, str):
            raise ValueError(f"{name}.psd: {stack}")
        return stack

    return StackRef(name, f"{name}.psd", read)


def row(pred: Stack | str | None, truth: Stack | str | None, protocol: Protocol = PROTOCOL) -> PairRow:
    ours = None if pred is None else ref("ours", pred)
    return measured(Pair("name", ours, None if truth is None else ref("theirs", truth)), protocol)


def test_a_pair_is_scored_with_what_the_metric_forgives() -> None:
    pred = painted(GROUND, RIGHT, LEFT, ((0, 0, 24, 16), (0, 0, 0, 3)))
    found = row(pred, TRUTH)
    assert (found.status, found.message) == (PairStatus.SCORED, None)
    assert found.cost == [one.cost for one in decompose(pred, TRUTH).rows]
    assert (found.width, found.height, found.pred_layers, found.truth_layers) == (24, 16, 4, 3)
    assert (found.order_pairs, found.order_errors) == (3, 1)
    assert (found.blank_layers, found.missing_layers, found.surplus_layers) == (1, 0, 0)
    assert (found.hidden_colour, found.faint_alpha) == (0, 0.25)
    assert found.recomposition_mean is not None
    assert found.recomposition_mean > 0


def test_blank_layers_make_up_for_no_missing_ones() -> None:
    blank = ((0, 0, 24, 16), (0, 0, 0, 1))
    assert row(painted(GROUND, blank, blank), TRUTH).missing_layers == 2
    assert row(painted(GROUND, LEFT, RIGHT, DOT), TRUTH).surplus_layers == 1


def test_merges_are_counted_by_their_side() -> None:
    found = row(
        painted(GROUND, LEFT, RIGHT), painted(GROUND, ((2, 2, 6, 10), LEFT[1]), ((5, 2, 10, 10), LEFT[1]), RIGHT)
    )
    assert (found.merges_pred, found.merges_truth) == (0, 1)
    assert found.cost is not None
    assert len(found.cost) == 2


def test_one_layer_on_a_side_is_measured_and_set_aside() -> None:
    found = row(painted(GROUND), TRUTH)
    assert found.status == PairStatus.SINGLE_LAYER
    assert found.cost is not None
    assert row(painted(GROUND), TRUTH, Protocol(5, least_layers=1)).status == PairStatus.SCORED


def test_a_missing_side_is_a_row_that_names_the_other() -> None:
    assert row(None, TRUTH).status == PairStatus.NO_PREDICTION
    found = row(TRUTH, None)
    assert found.status == PairStatus.NO_TRUTH
    assert "ours.psd" in (found.message or "")


def test_what_cannot_be_read_is_a_row_that_says_why() -> None:
    found = row("is cut off", TRUTH)
    assert (found.status, found.message, found.cost) == (PairStatus.UNREADABLE, "ours.psd: is cut off", None)


def test_a_stack_without_layers_is_a_row_that_names_it() -> None:
    found = row(TRUTH, Stack(24, 16, ()))
    assert (found.status, found.message) == (PairStatus.EMPTY, "theirs.psd: has no layer")


def test_another_size_is_a_row_that_names_both() -> None:
    found = row(painted(GROUND, width=25), TRUTH)
    assert found.status == PairStatus.SIZE_MISMATCH
    assert found.message == "ours.psd is 25x16 px, but theirs.psd is 24x16 px"


def names(pred: list[str], truth: list[str], limit: int | None = None) -> list[tuple[str, bool, bool]]:
    pairs = paired([ref(name, TRUTH) for name in pred], [ref(name, TRUTH) for name in truth], limit)
    return [(pair.name, pair.pred is not None, pair.truth is not None) for pair in pairs]


def test_stacks_are_paired_by_name() -> None:
    assert names(["b", "a"], ["a", "b"]) == [("a", True, True), ("b", True, True)]


def test_what_has_no_counterpart_is_not_lost() -> None:
    assert names(["a", "c"], ["b", "c"]) == [("a", True, False), ("b", False, True), ("c", True, True)]


def test_two_single_stacks_are_a_pair() -> None:
    assert names(["predicted"], ["true"]) == [("true", True, True)]


def test_a_limit_takes_the_first_true_stacks_with_theirs() -> None:
    assert names(["a", "b", "z"], ["c", "b", "d"], 2) == [("b", True, True), ("c", False, True)]
