"""A configuration and its encoders in, the folder that holds their latents out; or in words, what differs.

`ROOT/HASH/latents.json` says what latents were made with, and HASH is of all of it: whatever would change a latent, or
which there are. The seed and the weights of losses would not.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_pipeline.shard_io import whole_file
from data_pipeline.stack_io.canonical_json import decode_json, encode_json
from model.rgba_vae import RgbaVae
from model.tensor_files import read_json
from training.batches import Encoders
from training.configuration import RunConfig
from training.counting import counting_of
from training.data_options import BESIDE, Data, Source
from training.networks import fingerprint

FACTS = "latents.json"
_VERSION = 1  # raised whenever recipes are drawn, or latents made, in another way
_DATA = ("variants", "resolutions", "max_layers", "max_text_tokens")
_ELSEWHERE = ("composite_weight",)  # of the tasks: of the loss alone
_NETWORKS = {"vae": "VAE", "condition_vae": "VAE of the condition", "text_encoder": "text encoder"}
_TOLD = 4  # differences in a message

Facts = Mapping[str, Any]


def made_with(config: RunConfig, encoders: Encoders) -> Facts:
    """Plain values by dotted names."""
    data, tasks = asdict(config.data), asdict(config.tasks)
    facts = {
        "version": _VERSION,
        "vae": _identity(encoders.vae),
        "condition_vae": _identity(encoders.condition_vae),
        "text_encoder": f"{fingerprint(encoders.text)}-{counting_of(encoders.text).tokenizer}",
        "engine.precision": config.engine.precision,
        **{f"data.{name}": data[name] for name in _DATA},
        **{f"tasks.{name}": value for name, value in tasks.items() if name not in _ELSEWHERE},
    }
    plain: Facts = decode_json(encode_json(facts))
    return plain


def root_of(source: Source, data: Data) -> Path:
    """The folder of all latents of a source. ValueError where there is no folder beside it, or it is in a store."""
    if "://" in data.latents:
        raise ValueError(f"data.latents is {data.latents}; latents lie in a folder, which a store is not")
    if data.latents not in ("", BESIDE):
        return Path(data.latents)
    if not Path(source.where).is_dir():
        raise ValueError(f"{source.where} is no folder, beside whose shards latents could lie; set data.latents=FOLDER")
    return Path(source.where) / "latents"


def folder_of(root: Path, facts: Facts) -> Path:
    return root / hashlib.sha256(encode_json(facts)).hexdigest()[:16]


def keep_facts(folder: Path, facts: Facts) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / FACTS).is_file():
        return
    with whole_file(folder / FACTS) as file:
        file.write(encode_json(facts) + b"\n")


def find_folder(root: Path, facts: Facts) -> Path:
    """ValueError that says what differs in the latents that come nearest."""
    folder = folder_of(root, facts)
    if (folder / FACTS).is_file():
        return folder
    others = [(path.parent.name, read_json(path)) for path in sorted(root.glob(f"*/{FACTS}"))]
    if not others:
        raise ValueError(f"{root} holds no latents; make latents makes them")
    differing = {name: _differences(other, facts) for name, other in others}
    name = min(differing, key=lambda one: len(differing[one]))
    told = "; ".join(differing[name][:_TOLD])
    raise ValueError(
        f"{root} holds no latents for this run; of those in {name} {told}; make latents with what this run has"
    )


def _differences(there: Facts, here: Facts) -> list[str]:
    """Networks first: a person looks there first."""
    names = [*_NETWORKS, *sorted({*there, *here} - {*_NETWORKS})]
    return [
        f"the {_NETWORKS[name]} is another"
        if name in _NETWORKS
        else f"{name} is {there.get(name)!r}, here it is {here.get(name)!r}"
        for name in names
        if there.get(name) != here.get(name)
    ]


def _identity(vae: RgbaVae) -> str:
    """Its weights, and its sizes and the statistics that normalise its latents."""
    return f"{fingerprint(vae)}-{hashlib.sha256(encode_json(asdict(vae.config))).hexdigest()[:16]}"
