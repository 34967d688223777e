"""Opening lazily: psd-tools' own readers are the oracle, on sound files and on damaged ones."""

import io
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from psd_tools import PSDImage
from psd_tools.psd import bin_utils, image_resources, layer_and_mask, tagged_blocks
from psd_tools.psd.parse_limits import ParseLimitError, ParseLimits, parse_context
from psd_tools.psd.tagged_blocks import TaggedBlock

from data_pipeline import lazy_open
from data_pipeline.drawing import Group, Mask, Pixels, Text, draw_bytes
from data_pipeline.lazy_open import lazily_parsed
from tests.mutations import mutant, original

_DAMAGE = (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError)


def opened(data: bytes, limits: ParseLimits | None = None) -> object:
    """The records of a file opened lazily, or how opening it ended."""
    try:
        with lazily_parsed(), parse_context(limits):
            return PSDImage.open(io.BytesIO(data))._record
    except _DAMAGE as error:
        return ParseLimitError if isinstance(error, ParseLimitError) else type(error)


def with_psd_tools_readers(data: bytes, limits: ParseLimits | None = None) -> object:
    with patch.object(lazy_open, "_QUICK", ()):
        return opened(data, limits)


@pytest.fixture(scope="module")
def design() -> bytes:
    tile = np.full((6, 5, 4), 200, np.uint8)
    mask = Mask(np.full((4, 4), 90, np.uint8), left=1, top=1)
    held = (Pixels(rgba=tile, mask=mask), Text(rgba=tile, text="two lines"))
    return draw_bytes(20, 16, [Pixels(rgba=tile, name="first"), Group(layers=held)])


def test_reads_what_psd_tools_reads(design: bytes) -> None:
    records = opened(design)
    assert not isinstance(records, type)
    assert records == with_psd_tools_readers(design)


def test_reads_what_psd_tools_reads_in_every_real_file(real_psds: Path) -> None:
    for path in sorted(real_psds.rglob("*.ps[db]")):
        data = path.read_bytes()
        assert opened(data) == with_psd_tools_readers(data), path.name


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_ends_as_with_psd_tools(design: bytes, seed: int) -> None:
    pool = [original("design", design)]
    for index in range(200):
        damaged = mutant(pool, seed, index)
        assert opened(damaged.data) == with_psd_tools_readers(damaged.data), damaged.how


@pytest.mark.parametrize("objects", [10, 100, 200, 300])
@pytest.mark.parametrize("total_bytes", [500, 5000, None])
def test_counts_towards_the_limits_as_psd_tools_does(design: bytes, objects: int, total_bytes: int | None) -> None:
    limits = ParseLimits(max_objects=objects, max_total_bytes=total_bytes)
    assert opened(design, limits) == with_psd_tools_readers(design, limits)


def test_psd_tools_is_itself_again_afterwards(design: bytes) -> None:
    def state() -> list[object]:
        readers = [vars(module)[name] for module in (bin_utils, layer_and_mask) for name in ("read_fmt", "read_exact")]
        return [*readers, vars(TaggedBlock)["read"], dict(tagged_blocks.TYPES), dict(image_resources.TYPES)]

    before = state()
    opened(design)
    assert state() == before
    assert isinstance(opened(design[:100]), type)
    assert state() == before
