"""Tables as pandas reads them."""

from pathlib import Path

import pandas as pd

from schemas.options import DETECTORS


def test_every_input_is_one_row(dataset: Path, drawn_psds: Path) -> None:
    documents = pd.read_parquet(dataset / "tables" / "documents")
    assert sorted(documents.uri) == sorted(path.name for path in drawn_psds.iterdir())
    rejected = documents[documents.status == "rejected"]
    assert rejected[["stage", "reason", "message"]].notna().all(axis=None)
    assert set(rejected.set_index("uri").reason.items()) >= {
        ("empty.psd", "empty_file"),
        ("text.psd", "not_a_psd"),
        ("unfaithful.psd", "unfaithful"),
    }


def test_layers_join_documents(dataset: Path) -> None:
    documents = pd.read_parquet(dataset / "tables" / "documents")
    layers = pd.read_parquet(dataset / "tables" / "layers")
    accepted = documents[documents.status == "accepted"].set_index("document_id")
    stored = layers.groupby("document_id").stored_index.max() + 1
    assert (stored[accepted.index] == accepted.layers_stored).all()
    assert (layers.groupby("document_id").size()[accepted.index] == accepted.layers_in).all()


def test_boxes_are_four_numbers_or_null(dataset: Path) -> None:
    boxes = pd.read_parquet(dataset / "tables" / "layers").box
    assert boxes.isna().any()
    assert (boxes.dropna().map(len) == 4).all()


def test_measures_are_pairs_of_detector_and_value(dataset: Path) -> None:
    layers = pd.read_parquet(dataset / "tables" / "layers")
    stored = layers[layers.fate == "stored"]
    pages = stored[stored.owner_id.isna()].measures.map(dict)
    assert set(pages.iloc[0]) == set(DETECTORS)
    assert pages.map(lambda values: 0 <= values["solid_colour"] <= 1).all()
    grounds = layers[layers.name == "Ground"]["flags"]  # the attribute `flags` is the data frame's own
    assert grounds.map(lambda flags: list(flags) == ["solid_colour"]).any()
