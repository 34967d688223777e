"""The verdict over a model, and the stand-ins that it must be better than."""

import numpy as np
import pytest

from data_pipeline.compose import compose
from evaluation.decomposition.metric import decompose
from evaluation.decomposition.stand_ins import blanks, copies
from evaluation.decomposition.verdict import BLANKS, COPIES, MODEL, OTHERS, SHUFFLED, table, verdict_of
from schemas.decomposition import Row
from schemas.stack import PlainLayer, Stack


def stack() -> Stack:
    ground, square = np.full((32, 32, 4), 255, np.uint8), np.full((8, 8, 4), (200, 0, 0, 255), np.uint8)
    return Stack(32, 32, (PlainLayer((0, 0, 32, 32), ground), PlainLayer((4, 4, 12, 12), square)))


def rows(*alpha_iou: float) -> list[list[Row]]:
    """One sample, after no merge, one, ..."""
    return [[Row(0.0, 0.0, value) for value in alpha_iou]]


def test_a_model_that_leads_by_the_margin_is_better() -> None:
    verdict = verdict_of({MODEL: rows(0.75), COPIES: rows(0.5), BLANKS: rows(0.0), SHUFFLED: rows(0.25)}, margin=0.25)
    assert verdict.is_better
    assert verdict.lead == 0.25


@pytest.mark.parametrize("other", OTHERS)
def test_one_that_does_not_lead_a_single_row_is_not(other: str) -> None:
    samples = {MODEL: rows(0.75), **{name: rows(0.25) for name in OTHERS}, other: rows(0.7)}
    verdict = verdict_of(samples, margin=0.1)
    assert not verdict.is_better
    assert "NOT" in verdict.sentence


def test_where_any_lead_will_do_the_lead_alone_is_said() -> None:
    samples = {MODEL: rows(0.5), **{name: rows(0.75) for name in OTHERS}}
    said = verdict_of(samples, margin=-1.0).sentence
    assert "-0.2500" in said
    assert "better" not in said


def test_a_lead_that_merging_takes_away_is_none() -> None:
    samples = {MODEL: rows(0.75, 0.75), **{name: rows(0.25, 0.75) for name in OTHERS}}
    assert verdict_of(samples, margin=0.1).lead == 0.0


def test_the_table_has_a_row_for_everything_that_was_scored() -> None:
    verdict = verdict_of({name: rows(0.5) for name in (MODEL, *OTHERS)}, margin=0.1)
    assert [row[0] for row in table(verdict).rows] == [MODEL, *OTHERS]


def test_every_copy_is_the_composite() -> None:
    made = copies(stack())
    assert len(made.layers) == 2
    assert all(np.array_equal(layer.rgba, compose(stack())) for layer in made.layers)


def test_blank_layers_match_nothing() -> None:
    made = blanks(stack())
    assert len(made.layers) == 2
    assert [row.alpha_iou for row in decompose(made, stack()).rows] == [0.0]


def test_copies_match_the_ground_alone() -> None:
    first = decompose(copies(stack()), stack()).rows[0]
    assert first.alpha_iou == pytest.approx((1 + 64 / 1024) / 2)
