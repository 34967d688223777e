"""manifest.json in, the dataset card (README.md of OUTPUT) out, with features and splits for HF `datasets`.

`datasets` infers columns from the first samples and would drop later layers, so all 20 layer slots are declared.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from schemas.members import CAPTION, COMPOSITE, MAX_LAYERS, METADATA, SPLITS, layer_name

_INPUTS = {"psd": "Photoshop files", "folder": "layer stacks", "crello": "rows of the Crello dataset"}
_KEYS = {
    "psd": "the Photoshop file's sha256",
    "folder": "the sha256 of the stack's file or, of a folder, of the names and bytes of its files",
    "crello": "the sha256 of what the row holds besides its id",
}
_CHECKED = """Before filtering, each document was compared with the
image that {whose}: mean difference at most {max_mean}/255, and at least {min_within2:g} % of the pixels
within 2/255. The documents that failed are in the tables, {what_became}."""
_PUBLISHED = """
Splits are those in which the dataset was published. A family is of one split; documents of different splits may be
alike, but of equal ones that of the test split, then of validation, was kept.
"""


def card(manifest: Mapping[str, Any]) -> str:
    counts, configuration = manifest["counts"], manifest["configuration"]
    extension, kind = configuration["image_format"], configuration["format"]
    splits = [split for split in SPLITS if any(shard["split"] == split for shard in manifest["shards"])]
    header = yaml.safe_dump(_header(manifest, extension, splits), sort_keys=False, allow_unicode=True)
    return _TEXT.format(
        header=header,
        samples=counts.get("accepted", 0),
        inputs=counts.get("inputs", 0),
        documents=_INPUTS[kind],
        checked=_checked(configuration),
        key=_KEYS[kind],
        shown="photoshop" if kind == "psd" else "reference",
        published=_PUBLISHED if configuration["splits"] == "published" else "",
        ext=extension,
        splits="\n".join(f"| {split} | {counts['splits'].get(split, 0)} |" for split in splits),
    )


def _checked(configuration: Mapping[str, Any]) -> str:
    """What a sample was held against, and what became of one that failed."""
    is_psd, is_kept = configuration["format"] == "psd", configuration["unfaithful"] == "flag"
    return _CHECKED.format(
        whose="Photoshop stored" if is_psd else "came with its layers, where one did",
        max_mean=configuration["max_mean"],
        min_within2=100 * configuration["min_within2"],
        what_became="with the flag `unfaithful`" if is_kept else "with the reason",
    )


def _header(manifest: Mapping[str, Any], extension: str, splits: list[str]) -> dict[str, Any]:
    shards = {split: [one for one in manifest["shards"] if one["split"] == split] for split in splits}
    images = [f"{COMPOSITE}.{extension}", *(f"{layer_name(index)}.{extension}" for index in range(MAX_LAYERS))]
    features = [
        {"name": "__key__", "dtype": "string"},
        {"name": "__url__", "dtype": "string"},
        *({"name": name, "dtype": "image"} for name in images),
        {"name": METADATA, "dtype": "json"},
        {"name": CAPTION, "dtype": "string"},
    ]
    return {
        "license": "other",
        "task_categories": ["image-to-image"],
        "tags": ["webdataset", "layered-images", manifest["configuration"]["format"]],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"shards/{split}-*.tar"} for split in splits],
            }
        ],
        "dataset_info": {
            "config_name": "default",
            "features": features,
            "splits": [
                {
                    "name": split,
                    "num_bytes": sum(one["bytes"] for one in parts),
                    "num_examples": sum(one["samples"] for one in parts),
                }
                for split, parts in shards.items()
            ],
        },
    }


_TEXT = """---
{header}---
# Layered images

{samples} samples from {inputs} {documents}, made by Lamina. A sample is a stack of plain straight-alpha layers:
alpha-blended bottom to top they are its composite, within 1/255. {checked}

| split | samples |
|---|---|
{splits}
{published}
## Files
* `shards/*.tar`: WebDataset. `KEY.composite.{ext}` (RGBA), `KEY.layer_00.{ext}` (bottom), ..., cropped to their boxes;
  `KEY.json` (boxes, captions, text of the design, fidelity); `KEY.txt` (first caption, empty without one).
* `tables/documents/*.parquet`: one row for each input, accepted or rejected with stage, reason and message.
* `tables/layers/*.parquet`: one row for each node of each layer tree, with its fate.
* `tables/captions/*.parquet`: one row for each caption of a sample or of a layer, with who wrote it (a model and its
  revision, or `layers`: the document's own texts and names) and what is doubtful about it.
* `previews/*.tar`: `KEY.{shown}.webp` and `KEY.dropped_00.webp`, ... to look at; not there if turned off.
* `manifest.json`: versions, configuration, counts, and the sha256 of every file.

KEY is the first 16 hex digits of {key}.

## Licence
Each document keeps its own: the columns `source`, `licence` (SPDX), `licence_url`, `author` and `title` of
`documents`, and `source` and `licence` of each KEY.json, say what the input manifest, or who ran the job, said. Null
means that nothing was said.
"""
