"""OUTPUT as Hugging Face `datasets` reads it, from the card alone and without a network."""

import json
from pathlib import Path

import numpy as np
import pytest
from datasets import DatasetDict, load_dataset

from audit.recompose import recompose, worst_difference
from schemas.members import SPLITS, layer_name


@pytest.fixture(scope="module")
def loaded(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> DatasetDict:
    return load_dataset(str(dataset), cache_dir=str(tmp_path_factory.mktemp("cache")))


def test_the_splits_are_those_of_the_manifest(dataset: Path, loaded: DatasetDict) -> None:
    counts = json.loads((dataset / "manifest.json").read_text())["counts"]
    assert {split: loaded[split].num_rows for split in loaded} == counts["splits"]
    assert set(loaded) <= set(SPLITS)


def test_layers_beyond_those_of_the_first_five_samples_are_loaded(loaded: DatasetDict) -> None:
    layers = [len(sample["json"]["layers"]) for sample in loaded["train"]]
    assert max(layers[:5]) < max(layers), "the fixture no longer shows what it is for"


def test_every_layer_of_every_sample_is_loaded(loaded: DatasetDict) -> None:
    for split in loaded.values():
        for sample in split:
            metadata = sample["json"]
            images = [sample[f"{layer_name(index)}.webp"] for index in range(20)]
            stored = len(metadata["layers"])
            assert all(image is not None for image in images[:stored])
            assert all(image is None for image in images[stored:])
            layers = [
                (tuple(layer["box"]), np.asarray(image.convert("RGBA")))
                for layer, image in zip(metadata["layers"], images, strict=False)
            ]
            ours = recompose(metadata["width"], metadata["height"], layers)
            assert worst_difference(ours, np.asarray(sample["composite.webp"].convert("RGBA"))) <= 1
            assert sample["txt"] == metadata["captions"][0]["text"]
