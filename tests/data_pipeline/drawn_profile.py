"""A profile of four inks, as real ones are: black takes the place of a part of the other three."""

import struct
from functools import lru_cache
from itertools import product

import numpy as np
from PIL import Image, ImageCms

_BLACK = 0.7  # of the grey that three inks share, what black replaces
_INK_GRID, _LAB_GRID = 9, 33


@lru_cache(maxsize=1)
def ink_profile() -> bytes:
    """ICC.1:2001 with tables of 8 bits (lut8Type), from inks to Lab and back."""
    inks = np.array(list(product(np.linspace(0, 1, _INK_GRID), repeat=4)))
    paper = np.rint((1 - inks[:, :3]) * (1 - inks[:, 3:]) * 255).astype(np.uint8)
    to_lab = _converted(paper, "RGB", "LAB") ^ np.array([0, 128, 128], np.uint8)
    steps = np.rint(np.linspace(0, 255, _LAB_GRID)).astype(np.uint8)
    lab = np.array(list(product(steps, repeat=3)), np.uint8) ^ np.array([0, 128, 128], np.uint8)
    missing = 1 - _converted(lab, "LAB", "RGB") / 255
    black = _BLACK * missing.min(axis=1, keepdims=True)
    rest = np.clip(1 - (1 - missing) / (1 - black), 0, 1)
    to_inks = np.rint(np.concatenate([rest, black], axis=1) * 255).astype(np.uint8)
    description = struct.pack(">4s4xI", b"desc", 5) + b"inks\0" + bytes(78)
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)
    return _profile(
        {b"desc": description, b"wtpt": white, b"A2B0": _table(4, 3, to_lab), b"B2A0": _table(3, 4, to_inks)}
    )


def _converted(colours: np.ndarray, source: str, target: str) -> np.ndarray:
    profiles = {"RGB": ImageCms.createProfile("sRGB"), "LAB": ImageCms.createProfile("LAB")}
    transform = ImageCms.buildTransform(profiles[source], profiles[target], source, target)
    picture = Image.frombytes(source, (len(colours), 1), np.ascontiguousarray(colours).tobytes())
    return np.asarray(ImageCms.applyTransform(picture, transform))[0]


def _table(inputs: int, outputs: int, nodes: np.ndarray) -> bytes:
    grid = round(len(nodes) ** (1 / inputs))
    unit = struct.pack(">9i", *(65536 * (row == column) for row in range(3) for column in range(3)))
    straight = bytes(range(256))
    head = struct.pack(">4s4x3Bx", b"mft1", inputs, outputs, grid)
    return head + unit + straight * inputs + nodes.tobytes() + straight * outputs


def _profile(tags: dict[bytes, bytes]) -> bytes:
    """Whole, with its header and its directory of tags, each on a border of four bytes."""
    directory, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        directory += struct.pack(">4sII", name, start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(data), 0x02400000, b"prtr", b"CMYK", b"Lab ", b"acsp")
    illuminant = struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(68, b"\0") + illuminant + bytes(48) + directory + data
