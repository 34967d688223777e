"""Shards as the webdataset library reads them."""

import json
from pathlib import Path

import numpy as np
import webdataset as wds

from audit.recompose import recompose, worst_difference


def test_every_sample_recomposes(dataset: Path) -> None:
    shards = sorted(str(path) for path in (dataset / "shards").glob("*.tar"))
    samples = list(wds.WebDataset(shards, shardshuffle=False).decode("pilrgba"))
    counts = json.loads((dataset / "manifest.json").read_text())["counts"]
    assert len(samples) == counts["accepted"]
    for sample in samples:
        metadata = sample["json"]
        layers = [(tuple(layer["box"]), np.asarray(sample[layer["file"]])) for layer in metadata["layers"]]
        ours = recompose(metadata["width"], metadata["height"], layers)
        assert worst_difference(ours, np.asarray(sample["composite.webp"])) <= 1
        assert sample["txt"] == metadata["captions"][0]["text"]
        assert sample["__key__"].endswith(metadata["key"])
