"""The text of a colour lookup table, .cube, .3dl or .look -> the table.

Adobe, "Cube LUT Specification 1.0"; Autodesk's Lustre and the Iridas format as OpenColorIO's documentation has them.
"""

import re

import numpy as np

_LARGEST = 129  # of a table's side; Photoshop's own have at most 64
_BITS = (8, 10, 12, 16)  # of the numbers in a .3dl


def read_cube(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """A .cube as (float64 [size, size, size, 3] by blue, green, red; float64 [2, 3], the lowest and highest input).

    Raises ValueError where it is unreadable, or has one dimension.
    """
    size = 0
    domain = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    numbers: list[str] = []
    for line in _lines(data):
        words = line.split()
        match words[0].upper():
            case "LUT_3D_SIZE":
                size = int(words[1])
            case "LUT_1D_SIZE" | "LUT_1D_INPUT_RANGE":
                raise ValueError("a lookup table of one dimension")
            case "DOMAIN_MIN":
                domain[0] = [float(word) for word in words[1:4]]
            case "DOMAIN_MAX":
                domain[1] = [float(word) for word in words[1:4]]
            case "LUT_3D_INPUT_RANGE":
                domain[0], domain[1] = float(words[1]), float(words[2])
            case word if not word[0].isalpha():
                numbers.extend(words)
    return _cube(np.array(numbers, np.float64), size), domain


def read_3dl(data: bytes) -> np.ndarray:
    """A .3dl of whole numbers, evenly spaced, as float64 [size, size, size, 3] by red, green, blue.

    Raises ValueError where it is unreadable.
    """
    rows = [line.split() for line in _lines(data) if not line[0].isalpha()]
    triples = [row for row in rows if len(row) == 3]
    numbers = np.array(triples, np.float64)
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError("a .3dl without numbers")
    bits = next((bits for bits in _BITS if numbers.max() < 2**bits), None)
    if bits is None:
        raise ValueError(f"a .3dl of numbers up to {numbers.max()}")
    return _cube(numbers.reshape(-1) / (2**bits - 1), round(len(triples) ** (1 / 3)))


def read_look(data: bytes) -> np.ndarray:
    """The table that a .look holds, float64 [size, size, size, 3] by blue, green, red.

    Raises ValueError where it has none, or a mask that makes it depend on the place.
    """
    text = data.decode("latin-1")
    size = re.search(r"<size>\s*\"?(\d+)\"?\s*</size>", text)
    table = re.search(r"<data>([^<]*)</data>", text)
    if size is None or table is None or "<mask" in text:
        raise ValueError("a .look without a table, or with a mask")
    numbers = np.frombuffer(bytes.fromhex(re.sub(r"[\s\"]", "", table.group(1))), "<f4")
    return _cube(numbers.astype(np.float64), int(size.group(1)))


def _lines(data: bytes) -> list[str]:
    lines = (line.strip() for line in data.decode("latin-1").splitlines())
    return [line for line in lines if line and line[0] not in "#<"]


def _cube(numbers: np.ndarray, size: int) -> np.ndarray:
    if not 2 <= size <= _LARGEST or len(numbers) != 3 * size**3 or not np.isfinite(numbers).all():
        raise ValueError(f"{len(numbers)} numbers for a table of side {size}")
    return numbers.reshape(size, size, size, 3)
