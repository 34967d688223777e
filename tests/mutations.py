"""Sound PSDs in, a broken one out: the same for the same seed and index."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.psd_fields import Field, fields

_MODES = (b"norm", b"pass", b"mul ", b"hue ", b"diss", b"fdiv", b"hMix", b"????")
_DOUBLES = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, -1e300, 1e9, -1e9, 65536.5, float("nan"), float("inf"), float("-inf"))


@dataclass(frozen=True, eq=False)
class Original:
    """A sound file, and where its fields lie."""

    name: str
    data: bytes
    fields: tuple[Field, ...]


@dataclass(frozen=True, eq=False)
class Mutant:
    """`how` says in words what was done to the original."""

    name: str
    data: bytes
    how: str


def original(name: str, data: bytes) -> Original:
    return Original(name, data, tuple(fields(data)))


def mutant(pool: Sequence[Original], seed: int, index: int) -> Mutant:
    """Depends on the pool, the seed and the index alone."""
    rng = np.random.default_rng((seed, index))
    one = pool[int(rng.integers(len(pool)))]
    data, notes = bytearray(one.data), []
    for mutate in rng.choice(_KINDS, 1 if rng.random() < 0.8 else 2, p=_SHARES):
        notes.append(mutate(rng, data, one, pool))
    stem, _, suffix = one.name.rpartition(".")
    return Mutant(f"mutant-{index:06d}-{stem}.{suffix}", bytes(data), "; ".join(notes))


def _truncated(rng: np.random.Generator, data: bytearray, one: Original, pool: Sequence[Original]) -> str:
    ends = [one.fields[int(rng.integers(len(one.fields)))].offset, int(rng.integers(len(data) + 1))]
    end = min(ends[int(rng.integers(2))] + int(rng.integers(3)), len(data))
    del data[end:]
    return f"cut at {end}"


def _flipped(rng: np.random.Generator, data: bytearray, one: Original, pool: Sequence[Original]) -> str:
    places = rng.integers(len(data) or 1, size=int(2 ** rng.integers(6))).tolist()
    for place in places if data else []:
        data[place] ^= 1 << int(rng.integers(8))
    return f"bits flipped at {places}"


def _overwritten(rng: np.random.Generator, data: bytearray, one: Original, pool: Sequence[Original]) -> str:
    length = int(2 ** rng.integers(10))
    start = int(rng.integers(len(data) + 1))
    end = min(start + length, len(data))
    run = [bytes(end - start), b"\xff" * (end - start), rng.bytes(end - start)][int(rng.integers(3))]
    data[start:end] = run
    return f"bytes {start} to {end} overwritten"


def _shifted(rng: np.random.Generator, data: bytearray, one: Original, pool: Sequence[Original]) -> str:
    start, length = int(rng.integers(len(data) + 1)), int(2 ** rng.integers(8))
    if rng.random() < 0.5:
        del data[start : start + length]
        return f"{length} bytes deleted at {start}"
    data[start:start] = data[max(0, start - length) : start] if rng.random() < 0.5 else rng.bytes(length)
    return f"{length} bytes inserted at {start}"


def _spliced(rng: np.random.Generator, data: bytearray, one: Original, pool: Sequence[Original]) -> str:
    """A run of another file, from the start of a field on."""
    other = pool[int(rng.integers(len(pool)))]
    source = other.fields[int(rng.integers(len(other.fields)))].offset
    target = min(one.fields[int(rng.integers(len(one.fields)))].offset, len(data))
    length = int(2 ** rng.integers(2, 14))
    data[target : target + length] = other.data[source : source + length]
    return f"{length} bytes at {target} from {other.name} at {source}"


def _set_fields(rng: np.random.Generator, data: bytearray, one: Original, pool: Sequence[Original]) -> str:
    notes = []
    names = sorted({field.name for field in one.fields})  # a name first: the rare field is as likely as the common
    for _ in range(1 if rng.random() < 0.7 else int(rng.integers(2, 5))):
        name = names[int(rng.integers(len(names)))]
        named = [field for field in one.fields if field.name == name]
        field = named[int(rng.integers(len(named)))]
        value = _value(rng, field, bytes(data[field.offset : field.offset + field.size]))
        if field.offset + field.size <= len(data):
            data[field.offset : field.offset + field.size] = value
        notes.append(f"{name} at {field.offset} is {value.hex()}")
    return ", ".join(notes)


def _value(rng: np.random.Generator, field: Field, before: bytes) -> bytes:
    """Extremes, neighbours of the true value, and noise."""
    bits = 8 * field.size
    if field.name.startswith("blend mode") and rng.random() < 0.8:
        return _MODES[int(rng.integers(len(_MODES)))]
    if field.size == 8 and rng.random() < 0.6:
        return struct.pack(">d", _DOUBLES[int(rng.integers(len(_DOUBLES)))])
    old = int.from_bytes(before, "big")
    extremes = [0, 1, 2, 3, 4, 8, 16, 32, 255, 30_000, 300_000, (1 << bits) - 1, (1 << (bits - 1)) - 1, 1 << (bits - 1),
                old + 1, old - 1, old * 2, old // 2, old + 1000, old - 1000, -old, old ^ (1 << int(rng.integers(bits))),
                int.from_bytes(rng.bytes(field.size), "big")]  # fmt: skip
    return (extremes[int(rng.integers(len(extremes)))] % (1 << bits)).to_bytes(field.size, "big")


_Mutation = Callable[[np.random.Generator, bytearray, Original, Sequence[Original]], str]
_WEIGHTS: dict[_Mutation, float] = {
    _truncated: 0.12,
    _flipped: 0.14,
    _overwritten: 0.12,
    _shifted: 0.08,
    _spliced: 0.12,
    _set_fields: 0.42,
}
_KINDS, _SHARES = list(_WEIGHTS), list(_WEIGHTS.values())
