"""The text of lookup tables."""

import numpy as np
import pytest

from data_pipeline.flatten.adjustments.cube import read_3dl, read_cube, read_look


def test_a_cube_has_red_fastest() -> None:
    table = np.random.default_rng(0).random((3, 3, 3, 3)).round(6)
    rows = "\n".join(" ".join(map(str, row)) for row in table.reshape(-1, 3).tolist())
    text = f'TITLE "a"\n# comment\nLUT_3D_SIZE 3\nDOMAIN_MIN 0 0 -1\nDOMAIN_MAX 1 2 1\n{rows}\n'
    read, domain = read_cube(text.encode())
    assert np.array_equal(read, table)
    assert domain.tolist() == [[0, 0, -1], [1, 2, 1]]


def test_a_3dl_is_scaled_by_its_bits() -> None:
    rows = "\n".join(f"{r * 4095} {g * 4095} {b * 4095}" for r in (0, 1) for g in (0, 1) for b in (0, 1))
    table = read_3dl(f"#comment\n0 1023\n{rows}\nLUT8\ngamma 1.0\n".encode())
    assert np.array_equal(table[1, 0, 1], [1, 0, 1])


def test_a_look_holds_floats_in_hex() -> None:
    table = np.random.default_rng(0).random((2, 2, 2, 3)).astype("<f4")
    text = f'<look><LUT><size>"2"</size><data>"{table.tobytes().hex()}"</data></LUT></look>'
    assert np.array_equal(read_look(text.encode()), table)


@pytest.mark.parametrize(
    "text", ["", "LUT_3D_SIZE 2\n1 2 3", "LUT_1D_SIZE 4", "LUT_3D_SIZE 999999999", "0 1\nnan nan nan"]
)
def test_damage_is_told(text: str) -> None:
    for read in (read_cube, read_3dl, read_look):
        with pytest.raises(ValueError):  # noqa: PT011
            read(text.encode())
