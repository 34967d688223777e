"""manifest.json in, the dataset card (README.md of OUTPUT) out, with features and splits for HF `datasets`.

`datasets` infers columns from the first samples and would drop later layers, so all 20 layer slots are declared.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from schemas.members import CAPTION, COMPOSITE, MAX_LAYERS, METADATA, SPLITS, layer_name


def card(manifest: Mapping[str, Any]) -> str:
    counts, configuration = manifest["counts"], manifest["configuration"]
    extension = configuration["image_format"]
    splits = [split for split in SPLITS if any(shard["split"] == split for shard in manifest["shards"])]
    header = yaml.safe_dump(_header(manifest, extension, splits), sort_keys=False, allow_unicode=True)
    return _TEXT.format(
        header=header,
        samples=counts.get("accepted", 0),
        inputs=counts.get("inputs", 0),
        ext=extension,
        max_mean=configuration["max_mean"],
        min_within2=100 * configuration["min_within2"],
        splits="\n".join(f"| {split} | {counts['splits'].get(split, 0)} |" for split in splits),
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
        "tags": ["webdataset", "layered-images", "psd"],
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

{samples} samples from {inputs} Photoshop files, made by Lamina. A sample is a stack of plain straight-alpha layers:
alpha-blended bottom to top they are its composite, within 1/255. Before filtering, each document was compared with the
image that Photoshop stored: mean difference at most {max_mean}/255, and at least {min_within2:g} % of the pixels
within 2/255. The documents that failed are in the tables, with the reason.

| split | samples |
|---|---|
{splits}

## Files
* `shards/*.tar`: WebDataset. `KEY.composite.{ext}` (RGBA), `KEY.layer_00.{ext}` (bottom), ..., cropped to their boxes;
  `KEY.json` (boxes, captions, text of the design, fidelity); `KEY.txt` (first caption, empty without one).
* `tables/documents/*.parquet`: one row for each input, accepted or rejected with stage, reason and message.
* `tables/layers/*.parquet`: one row for each node of each layer tree, with its fate.
* `tables/captions/*.parquet`: one row for each caption of a sample or of a layer, with who wrote it (a model and its
  revision, or `layers`: the Photoshop file's own texts and names) and what is doubtful about it.
* `previews/*.tar`: `KEY.photoshop.webp` and `KEY.dropped_00.webp`, ... to look at; not there if turned off.
* `manifest.json`: versions, configuration, counts, and the sha256 of every file.

KEY is the first 16 hex digits of the Photoshop file's sha256.

## Licence
Each document keeps its own: the columns `source`, `licence` (SPDX), `licence_url`, `author` and `title` of
`documents`, and `source` and `licence` of each KEY.json, say what the input manifest said. Null means that it said
nothing.
"""
