"""An option and what it may be in, nothing or a ValueError that names it out."""

import math
from collections.abc import Sequence


def one_of(name: str, value: object, known: Sequence[object]) -> None:
    if value not in known:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(str, known))}")


def in_range(name: str, value: float, least: float, most: float, *, above: bool = False) -> None:
    """Also refuses NaN. `above`: the least itself is refused."""
    if not (least < value if above else least <= value) or not value <= most or value == math.inf:
        bound = "more than" if above else "at least"
        raise ValueError(
            f"{name} is {value}; it must be {bound} {least}{'' if most == math.inf else f' and at most {most}'}"
        )
