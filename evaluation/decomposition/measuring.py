"""A predicted and a true stack, as they lie on disk, in; one row of the report's table out.

Whatever is wrong with a pair is its row's status and message; no pair is lost.
"""

from dataclasses import dataclass

from evaluation.decomposition.costs import Comparisons
from evaluation.decomposition.cut import cuts_of_stack
from evaluation.decomposition.forgiven import leftovers, order, recomposition
from evaluation.decomposition.metric import decomposition
from evaluation.pairing import Pair
from schemas.decomposition import PairRow, PairStatus
from schemas.stack import Stack

LEAST_LAYERS = 2  # on a side, before regrouping: LayerD's evaluation leaves out what has fewer


@dataclass(frozen=True)
class Protocol:
    """`least_layers` is LEAST_LAYERS, or 1 where stacks of one layer are to be scored too."""

    max_edits: int
    least_layers: int


def measured(pair: Pair, protocol: Protocol) -> PairRow:
    """Reads both stacks. Never raises for what they hold."""
    if pair.pred is None or pair.truth is None:
        status = PairStatus.NO_PREDICTION if pair.pred is None else PairStatus.NO_TRUTH
        there = pair.truth if pair.pred is None else pair.pred
        return PairRow(pair.name, status, f"{there.where if there else pair.name} has no counterpart of its name")
    try:
        pred, truth = pair.pred.read(), pair.truth.read()
    except ValueError as error:
        return PairRow(pair.name, PairStatus.UNREADABLE, str(error))
    for stack, ref in ((pred, pair.pred), (truth, pair.truth)):
        if not stack.layers:
            return PairRow(pair.name, PairStatus.EMPTY, f"{ref.where}: has no layer")
    if (pred.width, pred.height) != (truth.width, truth.height):
        sizes = f"{pred.width}x{pred.height} px, but {pair.truth.where} is {truth.width}x{truth.height} px"
        return PairRow(pair.name, PairStatus.SIZE_MISMATCH, f"{pair.pred.where} is {sizes}")
    return row_of(pair.name, pred, truth, protocol)


def row_of(name: str, pred: Stack, truth: Stack, protocol: Protocol) -> PairRow:
    """Of stacks of one size that have layers."""
    ours, theirs = cuts_of_stack(pred), cuts_of_stack(truth)
    scored = decomposition(ours, theirs, truth.width, truth.height, protocol.max_edits)
    picture, left = recomposition(pred, truth), leftovers(ours, truth.width, truth.height)
    in_order = order(ours, theirs, Comparisons())
    seen = len(ours) - left.blank_layers
    merged_pred = sum(merge.side == "pred" for merge in scored.merges)
    enough = min(len(ours), len(theirs)) >= protocol.least_layers
    return PairRow(
        name=name,
        status=PairStatus.SCORED if enough else PairStatus.SINGLE_LAYER,
        message=None if enough else f"{len(ours)} predicted and {len(theirs)} true layers",
        width=truth.width,
        height=truth.height,
        pred_layers=len(ours),
        truth_layers=len(theirs),
        pred_groups=len(scored.pred_groups),
        truth_groups=len(scored.truth_groups),
        merges_pred=merged_pred,
        merges_truth=len(scored.merges) - merged_pred,
        cost=[row.cost for row in scored.rows],
        rgb_l1=[row.rgb_l1 for row in scored.rows],
        alpha_iou=[row.alpha_iou for row in scored.rows],
        recomposition_mean=picture.mean,
        recomposition_psnr=picture.psnr,
        recomposition_ssim=picture.ssim,
        blank_layers=left.blank_layers,
        missing_layers=max(0, len(theirs) - seen),
        surplus_layers=max(0, seen - len(theirs)),
        order_pairs=in_order.pairs,
        order_errors=in_order.errors,
        hidden_colour=left.hidden_colour,
        faint_alpha=left.faint_alpha,
    )
