"""What tests share: the folder of real PSDs, drawn PSDs, a dataset curated from them, and a tiny model.

Property tests draw the same examples on every machine, and are not timed: the first call of a kernel compiles it.
"""

import hashlib
import importlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from data_pipeline.drawing import Group, Node, Pixels, Stroke, Text, draw

settings.register_profile("lamina", deadline=None, derandomize=True)
settings.load_profile("lamina")

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports `datasets`
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell begins background jobs; some tests send Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Of two processes that run the tests, the second begins with the last kernels: most are compiled in one alone.

    Not those beside torch, which are a few, and particular about what is imported before.
    """
    if os.environ.get("PYTEST_XDIST_WORKER") != "gw1":
        return
    files = sorted(path for package in ROOT.glob("*/__init__.py") for path in package.parent.rglob("*.py"))
    for path in reversed(files):
        source = path.read_text(encoding="utf-8")
        if "\n@kernel(" in source and "\nimport torch" not in source:
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


# Real Photoshop files, which are no part of the repository.
REAL_PSDS = Path(os.environ.get("LAMINA_PSD", Path(__file__).parents[2] / "shared" / "psd"))


@pytest.fixture(scope="session")
def real_psds() -> Path:
    if not REAL_PSDS.is_dir():
        pytest.skip(f"{REAL_PSDS} does not exist; LAMINA_PSD names a folder of Photoshop files")
    return REAL_PSDS


@pytest.fixture(scope="session")
def drawn_psds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Designs of two layers, of ten, one of a single layer, two duplicates, and files that must be rejected.

    Samples lie in the order of their keys: those of ten layers come last, where readers no longer look for columns.
    """
    folder = tmp_path_factory.mktemp("drawn")
    for seed in range(8):
        _draw_with_key(folder / f"two-{seed}.psd", 64, 48, "0123456789abcd", lambda n: _layers(n, 1), 1000 * seed)
    for seed in range(4):
        _draw_with_key(
            folder / f"ten-{seed}.psd",
            96,
            64,
            "ef",
            lambda n: [*_layers(n, 7), _labelled_group(n)],
            1000 * (10 + seed),
        )
    draw(folder / "single.psd", 40, 40, _layers(200, 0))
    draw(folder / "unfaithful.psd", 64, 48, _layers(300, 2), stored=np.full((48, 64, 4), 255, np.uint8))
    same = _layers(301, 1)
    draw(folder / "picture.psd", 64, 48, same)
    draw(folder / "same-picture.psd", 64, 48, [*same, Pixels(name="hidden", rgba=_disc(9, 9), visible=False)])
    shutil.copy(folder / "two-1.psd", folder / "copy.psd")
    (folder / "truncated.psd").write_bytes((folder / "ten-0.psd").read_bytes()[:2000])
    (folder / "text.psd").write_text("not a Photoshop file")
    (folder / "empty.psd").write_bytes(b"")
    return folder


@pytest.fixture(scope="session")
def dataset(drawn_psds: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The drawn PSDs as the job curates them. Read only: tests that change it copy it first."""
    from beam_jobs.children import close_children
    from beam_jobs.options import JobOptions
    from beam_jobs.shards import run

    output = tmp_path_factory.mktemp("dataset") / "out"
    run(JobOptions(str(drawn_psds), str(output), validation_share=0.2, test_share=0.2, workers=2))
    yield output
    close_children()


@pytest.fixture(scope="session")
def tiny_qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Qwen2.5-VL of random numbers, saved as published ones are. Read only."""
    import torch

    from data_pipeline.caption.random_model import save_random_model

    torch.set_num_threads(1)  # so small a model is slower in two
    folder = tmp_path_factory.mktemp("qwen") / "tiny"
    save_random_model(folder)
    return folder


def _draw_with_key(
    path: Path, width: int, height: int, first: str, layers: Callable[[int], Sequence[Node]], seed: int
) -> None:
    """Draws from the first seed that gives a key starting with one of these digits."""
    while True:
        draw(path, width, height, layers(seed))
        if hashlib.sha256(path.read_bytes()).hexdigest()[0] in first:
            return
        seed += 1


def _layers(seed: int, shapes: int) -> list[Node]:
    """An opaque ground and soft discs on it, each in a colour of its own."""
    rng = np.random.default_rng(seed)
    ground = np.full((64, 96, 4), 255, np.uint8)
    ground[..., :3] = rng.integers(0, 256, 3)
    layers: list[Node] = [Pixels(name="Ground", rgba=ground)]
    for index in range(shapes):
        left, top = (int(value) for value in rng.integers(0, 24, 2))
        layers.append(Pixels(name=f"Disc {index}", rgba=_disc(seed * 31 + index, 30), left=left, top=top))
    return layers


def _labelled_group(seed: int) -> Group:
    label = Text(name="Label", text=f"number {seed}", rgba=_disc(seed, 12), left=70, top=40)
    ring = Pixels(name="Ring", rgba=_disc(seed + 50, 20), left=60, top=10, effects=(Stroke(2, (9, 9, 9), "inside"),))
    return Group(name="Labelled", opacity=200, layers=(ring, label))


def _disc(seed: int, side: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] + 0.5
    rgba = np.empty((side, side, 4), np.uint8)
    rgba[..., :3] = rng.integers(0, 256, 3)
    rgba[..., 3] = np.rint(np.clip(side / 2 - np.hypot(x - side / 2, y - side / 2), 0, 1) * 255)
    rgba[rgba[..., 3] == 0] = 0
    return rgba
