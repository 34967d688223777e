"""An index and a configuration in, which samples a run can use out: why not the others, and how long they may become.

`tasks` decides; here it is asked once for all samples that are alike to it, of which there are few kinds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.configuration import RunConfig
from training.index import Index
from training.recipes import COMPOSITE
from training.tasks import frame_size, most_grids, served, unusable


@dataclass(frozen=True, eq=False)
class Eligible:
    """Arrays are parallel: `rows` of the index that are used, in order; of each the `sizes` (width, height) of its
    frames in pixels, and the `most_tokens` that a recipe of it may have. `excluded` are the other rows, by reason."""

    rows: np.ndarray = field(repr=False)
    sizes: np.ndarray = field(repr=False)
    most_tokens: np.ndarray = field(repr=False)
    excluded: Mapping[str, np.ndarray] = field(repr=False)


def eligible(index: Index, config: RunConfig, token_px: int) -> Eligible:
    """Of a network whose tokens are `token_px` a side."""
    captions = _Captions(index, config)
    sizes = _frame_sizes(index, config)
    grid_tokens = (sizes // token_px).prod(axis=1)
    layers = np.minimum(index.table["layers"].to_numpy(), config.data.max_layers + 1)
    traits = [
        _codes(index.table["kind"]), layers, index.table["opaque"].to_numpy().astype(np.int64), grid_tokens == 0,
        captions.of_composite, captions.usable_composite, captions.usable_layer, index.is_named(config.data.skip),
    ]  # fmt: skip
    alike, kinds = _alike(traits)
    reasons, most_frames, most_pictures = _asked(index, config, alike)
    tokens = np.maximum(
        most_frames[kinds] * grid_tokens + captions.composite_tokens * (most_frames[kinds] > 0),
        most_pictures[kinds] * (grid_tokens + captions.any_tokens),
    )
    excluded = {
        reason: np.flatnonzero(np.isin(kinds, [kind for kind, one in enumerate(reasons) if one == reason]))
        for reason in sorted({one for one in reasons if one is not None})
    }
    rows = np.flatnonzero(np.isin(kinds, [kind for kind, one in enumerate(reasons) if one is None]))
    return Eligible(rows, sizes[rows], tokens[rows], excluded)


class _Captions:
    """Of each row: whether it has captions of its composite, and ones that can be used, and the longest of them."""

    def __init__(self, index: Index, config: RunConfig) -> None:
        column = index.table["captions"].combine_chunks()
        counts = np.diff(column.offsets.to_numpy())
        row = np.repeat(np.arange(len(index)), counts)
        flat = column.flatten()
        is_composite = flat.field("layer").to_numpy() == COMPOSITE
        usable = flat.field("flags").to_numpy() == 0
        if config.tasks.languages:
            spoken = pc.is_in(flat.field("language"), pa.array(["", *config.tasks.languages]))
            usable &= spoken.to_numpy(zero_copy_only=False)
        usable_layer = usable & ~is_composite & (config.tasks.layer_pictures > 0)
        tokens = flat.field("tokens").to_numpy()
        with_texts = flat.field(f"tokens_{config.tasks.text_order}").to_numpy() if config.tasks.hidden_text else tokens

        def has(chosen: np.ndarray) -> np.ndarray:
            found = np.zeros(len(index), np.int64)
            found[row[chosen]] = 1
            return found

        def longest(chosen: np.ndarray, tokens: np.ndarray = tokens) -> np.ndarray:
            found = np.full(len(index), index.empty_tokens, np.int64)
            np.maximum.at(found, row[chosen], tokens[chosen])
            return found

        self.of_composite = has(is_composite)
        self.usable_composite, self.usable_layer = has(usable & is_composite), has(usable_layer)
        self.composite_tokens = longest(usable & is_composite, np.maximum(tokens, with_texts))
        self.any_tokens = longest(usable & is_composite | usable_layer)


def _frame_sizes(index: Index, config: RunConfig) -> np.ndarray:
    """int64 [rows, 2]; 0 where a sample is too long and thin."""
    width, height = (index.table[name].to_numpy().astype(np.int64) for name in ("width", "height"))
    sizes, kinds = np.unique(width << 32 | height, return_inverse=True)
    fitting = np.zeros((len(sizes), 2), np.int64)
    for place, size in enumerate(sizes.tolist()):
        try:
            fitting[place] = frame_size(size >> 32, size & 0xFFFF_FFFF, config.data)
        except ValueError:
            continue  # `unusable` says so
    return fitting[kinds]


def _alike(traits: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A row of every kind, and the kind of every row: rows of one kind have all traits, whole numbers, in common."""
    code = np.zeros(len(traits[0]), np.int64)
    for trait in traits:
        code = code * (int(trait.max(initial=0)) + 1) + trait
    _, rows, kinds = np.unique(code, return_index=True, return_inverse=True)
    return rows, kinds


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    return column.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)


def _asked(index: Index, config: RunConfig, rows: np.ndarray) -> tuple[list[str | None], np.ndarray, np.ndarray]:
    """Of each row: why it cannot be used; the most frames of a layered task, and of one of pictures, 0 where none."""
    reasons, frames = [], np.zeros((2, len(rows)), np.int64)
    for place, row in enumerate(rows.tolist()):
        facts = index.facts(row)
        reasons.append(unusable(facts, config))
        for task in served(facts, config.tasks, config.data) if reasons[-1] is None else ():
            kind = 0 if task.is_layered else 1
            frames[kind, place] = max(frames[kind, place], most_grids(task, facts, config.tasks, config.data))
    return reasons, frames[0], frames[1]
