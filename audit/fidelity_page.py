"""The worst files of a fidelity run -> one HTML page: Photoshop's picture, ours, and where they differ."""

import html
from collections.abc import Sequence
from pathlib import Path

from audit.fidelity import Outcome
from audit.inspect import pictures

_STYLE = """body { font: 15px system-ui, sans-serif; margin: 2em; }
figure { display: inline-block; margin: 0 1em 1em 0; } img { max-width: 440px; border: 1px solid #ccc; }"""


def write_page(outcomes: Sequence[Outcome], folder: Path) -> None:
    """`index.html` and its pictures; names and messages come from the files and are escaped."""
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Fidelity</title>',
        f"<style>{_STYLE}</style><h1>The files furthest from Photoshop's picture</h1>",
    ]
    for number, outcome in enumerate(outcomes):
        parts.append(_section(outcome, number, folder))
    (folder / "index.html").write_text("\n".join([*parts, "</html>\n"]), encoding="utf-8", errors="replace")


def _section(outcome: Outcome, number: int, folder: Path) -> str:
    assert outcome.ours is not None, "only what was compared is shown"
    figures = f"mean {outcome.ours.mean:.3f}/255, {outcome.ours.within2:.2%} of pixels within 2/255"
    lines = [f"<h2>{html.escape(outcome.path)}</h2><p>{figures}"]
    if outcome.unsupported:
        lines.append(f"; not drawn: {html.escape(', '.join(outcome.unsupported))}")
    lines.append("</p>")
    for place, (label, picture) in enumerate(pictures(Path(outcome.path))):
        name = f"{number:03d}-{place}.png"
        picture.save(folder / name)
        caption = html.escape(label)
        lines.append(f'<figure><img src="{name}" alt="{caption}"><figcaption>{caption}</figcaption></figure>')
    return "".join(lines)
