"""Names the example designs and writes them to a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

from data_pipeline.drawing import draw
from data_pipeline.examples.artwork import Design
from data_pipeline.examples.print_designs import badge, business_card, postcard, poster
from data_pipeline.examples.screen_designs import app_icon, banner, photo_collage, web_header

EXAMPLES: dict[str, Callable[[], Design]] = {
    "app_icon": app_icon,
    "badge": badge,
    "banner": banner,
    "business_card": business_card,
    "photo_collage": photo_collage,
    "postcard": postcard,
    "poster": poster,
    "web_header": web_header,
}


def draw_examples(folder: Path) -> Iterator[Path]:
    """Draws every example as `NAME.psd`; equal bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, example in EXAMPLES.items():
        design = example()
        path = folder / f"{name}.psd"
        draw(path, design.width, design.height, design.layers)
        yield path
