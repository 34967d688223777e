"""Edits as people write them in, edits out: short on a command line, or as a script in YAML or JSON.

    move layer=2 dx=10 dy=-4; opacity layer=title value=0.5

    - move: {layer: 2, dx: 10, dy: -4}
    - opacity: {layer: title, value: 0.5}

On the command line digits are an index; quotes hold a name together (`layer="Big title"`). Anything that is not clear
is a ValueError of one sentence that says which edit it is.
"""

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from inference.edits import OPERATIONS, Edit
from inference.picture_file import read_picture
from schemas.spelling import nearest

MAX_SCRIPT_BYTES = 1 << 20
_EXAMPLE = "write e.g. 'move layer=2 dx=10; opacity layer=title value=0.5'"


def parse_edits(text: str) -> tuple[Edit, ...]:
    """The short spelling; edits end at a `;` or a line's end. Paths of pictures are relative to the working folder."""
    edits = []
    for number, words in enumerate(_sentences(text), 1):
        with_values = [word.partition("=") for word in words[1:]]
        for name, sign, _ in with_values:
            if not sign:
                raise ValueError(f"edit {number}: {name!r} is no parameter=value; {_EXAMPLE}")
        names = [name for name, _, _ in with_values]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"edit {number}: {words[0]} has {twice} twice")
        values: dict[str, Any] = {name: value for name, _, value in with_values}
        if re.fullmatch(r"[+-]?[0-9]{1,9}", values.get("layer", "")):
            values["layer"] = int(values["layer"])
        edits.append(_edit(number, words[0], values, Path()))
    if not edits:
        raise ValueError(f"there is no edit; {_EXAMPLE}")
    return tuple(edits)


def read_script(path: str | os.PathLike[str]) -> tuple[Edit, ...]:
    """A list of edits in YAML or JSON, each one operation with its parameters. Paths are relative to the script."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_SCRIPT_BYTES:
            raise ValueError(f"script {path} has {path.stat().st_size:,} bytes; the limit is {MAX_SCRIPT_BYTES:,}")
        script = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"script {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(script, list) or not script:
        raise ValueError(f"script {path} is no list of edits such as '- move: {{layer: 2, dx: 10}}'")
    edits = []
    for number, one in enumerate(script, 1):
        if not isinstance(one, dict) or len(one) != 1:
            raise ValueError(f"script {path}: edit {number} is no operation such as 'move: {{layer: 2, dx: 10}}'")
        ((name, values),) = one.items()
        if not isinstance(values, dict):
            raise ValueError(f"script {path}: edit {number}: {name} has no parameters such as {{layer: 2}}")
        try:
            edits.append(_edit(number, str(name), values, path.parent))
        except ValueError as error:
            raise ValueError(f"script {path}: {error}") from error
    return tuple(edits)


def _sentences(text: str) -> list[list[str]]:
    lexer = shlex.shlex(text.replace("\n", ";"), posix=True, punctuation_chars=";")
    lexer.whitespace_split = True
    lexer.commenters = ""  # a colour begins with #
    sentences: list[list[str]] = [[]]
    try:
        for token in lexer:
            if token.strip(";"):
                sentences[-1].append(token)
            else:
                sentences.append([])
    except ValueError as error:
        raise ValueError(f"the edits cannot be read: {str(error).lower()}") from error
    return [words for words in sentences if words]


def _edit(number: int, name: str, values: Mapping[Any, Any], folder: Path) -> Edit:
    kind = OPERATIONS.get(name)
    if kind is None:
        raise ValueError(f"edit {number}: there is no operation {name!r}{nearest(name, list(OPERATIONS))}")
    known = [field.name for field in fields(kind)]
    for parameter in values:
        if parameter not in known:
            hint = nearest(str(parameter), known)
            raise ValueError(f"edit {number}: {name} has no parameter {parameter!r}{hint}")
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    missing = next((parameter for parameter in needed if parameter not in values), None)
    if missing is not None:
        raise ValueError(f"edit {number}: {name} needs {missing}; {name} takes {', '.join(known)}")
    taken: dict[str, Any] = {}
    for parameter, value in values.items():
        if parameter == "picture":
            taken[parameter] = _picture(number, name, value, folder)
            continue
        read, meaning = _KINDS[parameter]
        try:
            taken[parameter] = read(value)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"edit {number}: {name}: {parameter} is {value!r}; it must be {meaning}") from error
    try:
        return kind(**taken)
    except ValueError as error:
        raise ValueError(f"edit {number}: {name}: {error}") from error


def _picture(number: int, name: str, value: Any, folder: Path) -> Any:
    if not isinstance(value, str) or not value:
        raise ValueError(f"edit {number}: {name}: picture is {value!r}; it must be a file")
    try:
        return read_picture(folder / value)
    except ValueError as error:
        raise ValueError(f"edit {number}: {name}: {error}") from error


def _address(value: Any) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _several(value: Any) -> Sequence[Any]:
    return value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]


def _factors(value: Any) -> tuple[float, float]:
    across, *down = map(_number, _several(value))
    (both,) = down or (across,)
    return across, both


def _box(value: Any) -> tuple[int, int, int, int]:
    left, top, right, bottom = map(_whole, _several(value))
    return left, top, right, bottom


def _colour(value: Any) -> tuple[int, int, int]:
    match = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", value)
    if match is None:
        raise ValueError
    red, green, blue = (int(part, 16) for part in match.groups())
    return red, green, blue


_KINDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "layer": (_address, "an index or a name"),
    "dx": (_whole, "a whole number of pixels"),
    "dy": (_whole, "a whole number of pixels"),
    "scale": (_factors, "a factor, or two as across,down"),
    "box": (_box, "left,top,right,bottom in whole pixels"),
    "degrees": (_number, "a number"),
    "colour": (_colour, "'#rrggbb', in quotes in a script"),
    "value": (_number, "a number in [0, 1]"),
    "to": (_whole, "an index, 0 for the bottom"),
}
