"""Folders of published weights -> our networks, and back: what diffusers' `QwenImageLayeredPipeline` loads and saves.

`Qwen/Qwen-Image` is where training starts, `Qwen/Qwen-Image-Layered` where it goes on. The transformer's tensors bear
the same names here and there; those of the VAE are cut from 3-D to 2-D, and put back.
"""

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from model.configs import MmditConfig, VaeConfig
from model.inflate import from_released, inflated, released_shapes, to_released
from model.mmdit import VldMmdit
from model.rgba_vae import RgbaVae
from model.tensor_files import SHARD_BYTES, check_names, find_tensors, read_json, write_json, write_tensors

DIFFUSERS_VERSION = "0.42.1"  # whose layout this is
_T_COND = "time_text_embed.addition_t_embedding.weight"  # the one tensor that Qwen-Image lacks

# Linear shift by one image's tokens, no terminal shift (`flow.schedule`).
_SCHEDULER = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "_diffusers_version": DIFFUSERS_VERSION,
    "num_train_timesteps": 1000,
    "shift": 1.0,
    "shift_terminal": None,
    "time_shift_type": "linear",
    "use_dynamic_shifting": True,
}
_PIPELINE = {
    "_class_name": "QwenImageLayeredPipeline",
    "_diffusers_version": DIFFUSERS_VERSION,
    "processor": ["transformers", "Qwen2VLProcessor"],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "Qwen2_5_VLForConditionalGeneration"],
    "tokenizer": ["transformers", "Qwen2Tokenizer"],
    "transformer": ["diffusers", "QwenImageTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderKLQwenImage"],
}
LEARNS_TO_STOP = "learns_to_stop.json"  # true: trained on blank layers above a sample's own, as LAYERS=auto needs
CONDITION_VAE = "condition_vae"  # the RGB VAE of a checkpoint of the paper's ablation without RGBA-VAE
TEXT_PARTS = ("text_encoder", "tokenizer", "processor")


def load_mmdit(
    folder: str | os.PathLike[str], device: torch.device | str = "cpu", dtype: torch.dtype = torch.bfloat16
) -> VldMmdit:
    """The transformer of a folder of diffusers' layout (`transformer/` of a pipeline).

    Of Qwen-Image, which has neither, it gets Layer3D RoPE and rows of zeros for `t_cond`, which change nothing.
    ValueError where it is another network, or a tensor is missing, surplus or misshapen.
    """
    folder = Path(folder)
    config = mmdit_config(folder)
    with torch.device("meta"):
        model = VldMmdit(config)
    found = find_tensors(folder)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    fresh = {} if _T_COND in found.shapes else {_T_COND: torch.zeros(wanted[_T_COND], device=device, dtype=dtype)}
    if fresh and read_json(folder / "config.json").get("use_additional_t_cond"):
        fresh = {}  # it says that it has them: say that they are missing
    check_names(found.shapes, {name: shape for name, shape in wanted.items() if name not in fresh}, folder)
    _fill(model, fresh.items())
    _fill(model, ((name, tensor.to(dtype)) for name, tensor in found.read(found.shapes, device)))
    return model


def mmdit_config(folder: Path) -> MmditConfig:
    """What `config.json` of a transformer describes; ValueError where ours cannot be it."""
    stored = _config(folder, "QwenImageTransformer2DModel")
    for name in ("guidance_embeds", "zero_cond_t"):
        if stored.get(name):
            raise ValueError(f"{folder / 'config.json'} has {name}, which the layered model has not")
    patch = stored.get("patch_size", 2)
    config = MmditConfig(
        depth=stored.get("num_layers", 60),
        heads=stored.get("num_attention_heads", 24),
        head_dim=stored.get("attention_head_dim", 128),
        text_width=stored.get("joint_attention_dim", 3584),
        latent_channels=stored.get("out_channels", 16),
        patch=patch,
        rope_axes=tuple(stored.get("axes_dims_rope", (16, 56, 56))),
    )
    if stored.get("in_channels", 64) != config.token_channels:
        raise ValueError(f"{folder / 'config.json'}: in_channels is not out_channels * patch_size ** 2")
    return config


def save_mmdit(model: VldMmdit, folder: Path, shard_bytes: int = SHARD_BYTES) -> None:
    """Writes `config.json` and the weights. ValueError for a configuration that diffusers has not."""
    config = model.config
    if config.rope != "layer3d":
        raise ValueError(f"rope is {config.rope!r}; diffusers' layered transformer has Layer3D RoPE alone")
    folder.mkdir(parents=True)
    write_json(folder / "config.json", {
        "_class_name": "QwenImageTransformer2DModel",
        "_diffusers_version": DIFFUSERS_VERSION,
        "attention_head_dim": config.head_dim,
        "axes_dims_rope": list(config.rope_axes),
        "guidance_embeds": False,
        "in_channels": config.token_channels,
        "joint_attention_dim": config.text_width,
        "num_attention_heads": config.heads,
        "num_layers": config.depth,
        "out_channels": config.latent_channels,
        "patch_size": config.patch,
        "use_additional_t_cond": config.has_t_cond,
        "use_layer3d_rope": True,
        "zero_cond_t": False,
    })  # fmt: skip
    write_tensors(folder, model.state_dict().items(), shard_bytes)


def load_vae(
    folder: str | os.PathLike[str],
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.bfloat16,
    image_channels: int = 4,
) -> RgbaVae:
    """The VAE of a folder of diffusers' layout (`vae/` of a pipeline), for single images.

    An RGB VAE becomes an RGBA one by `inflate.inflated`. ValueError as for `load_mmdit`.
    """
    folder = Path(folder)
    stored = vae_config(folder)
    with torch.device("meta"):
        vae = RgbaVae(replace(stored, image_channels=image_channels))
    found = find_tensors(folder)
    check_names(found.shapes, released_shapes(stored), folder)
    names = [name for name in found.shapes if ".time_conv." not in name]
    read = ((name, from_released(name, tensor)) for name, tensor in found.read(names, device))
    if image_channels == 4 and stored.image_channels == 3:
        read = ((name, inflated(name, tensor)) for name, tensor in read)
    elif image_channels != stored.image_channels:
        raise ValueError(f"the VAE of {folder} has {stored.image_channels} channels; {image_channels} were asked for")
    _fill(vae, ((name, tensor.to(dtype)) for name, tensor in read))
    return vae.to(memory_format=torch.channels_last)


def vae_config(folder: Path) -> VaeConfig:
    """What `config.json` of a VAE describes; ValueError where ours cannot be it."""
    stored = _config(folder, "AutoencoderKLQwenImage")
    if stored.get("attn_scales"):
        raise ValueError(f"{folder / 'config.json'} has attn_scales, which the Qwen-Image VAE has not")
    default = VaeConfig()
    return VaeConfig(
        base_dim=stored.get("base_dim", default.base_dim),
        z_dim=stored.get("z_dim", default.z_dim),
        dim_mult=tuple(stored.get("dim_mult", default.dim_mult)),
        num_res_blocks=stored.get("num_res_blocks", default.num_res_blocks),
        image_channels=stored.get("input_channels", 3),
        latents_mean=tuple(stored.get("latents_mean", default.latents_mean)),
        latents_std=tuple(stored.get("latents_std", default.latents_std)),
    )


def save_vae(vae: RgbaVae, folder: Path, source: Path | None = None) -> None:
    """Writes `config.json` and the weights, 3-D again.

    What a single image never meets (the other temporal slices, `time_conv`) comes from the VAE of the folder `source`,
    or is zero.
    """
    config = vae.config
    folder.mkdir(parents=True)
    write_json(folder / "config.json", {
        "_class_name": "AutoencoderKLQwenImage",
        "_diffusers_version": DIFFUSERS_VERSION,
        "attn_scales": [],
        "base_dim": config.base_dim,
        "dim_mult": list(config.dim_mult),
        "dropout": 0.0,
        "input_channels": config.image_channels,
        "latents_mean": list(config.latents_mean),
        "latents_std": list(config.latents_std),
        "num_res_blocks": config.num_res_blocks,
        "temperal_downsample": [level > 0 for level in range(len(config.dim_mult) - 1)],
        "z_dim": config.z_dim,
    })  # fmt: skip
    given = dict(find_tensors(source).read(find_tensors(source).shapes)) if source else {}
    write_tensors(folder, to_released(vae.state_dict(), config, given))


def save_pipeline(
    folder: str | os.PathLike[str],
    model: VldMmdit,
    vae: RgbaVae,
    text_source: Path,
    learns_to_stop: bool = False,
    condition_vae: RgbaVae | None = None,
) -> None:
    """A folder that `QwenImageLayeredPipeline.from_pretrained` loads; it appears whole.

    `text_source` holds `text_encoder`, `tokenizer` and `processor`, which are linked where they can be, else copied.
    Kept beside them, for `inference`: `learns_to_stop`, whether the weights were trained on blank layers, and the
    `condition_vae` of the paper's ablation.
    """
    folder = Path(folder)
    if folder.exists():
        raise ValueError(f"{folder} exists; give a folder that does not")
    missing = [part for part in TEXT_PARTS if not (text_source / part).is_dir()]
    if missing:
        raise ValueError(f"{text_source} has no {', '.join(missing)}; give the folder of a pipeline")
    whole = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.tmp")
    try:
        save_mmdit(model, whole / "transformer")
        save_vae(vae, whole / "vae", text_source / "vae" if _is_same_vae(text_source, vae) else None)
        if condition_vae is not None:
            save_vae(condition_vae, whole / CONDITION_VAE)
        (whole / "scheduler").mkdir()
        write_json(whole / "scheduler" / "scheduler_config.json", _SCHEDULER)
        for part in TEXT_PARTS:
            shutil.copytree(text_source / part, whole / part, copy_function=_link_or_copy)
        write_json(whole / "model_index.json", _PIPELINE)
        (whole / LEARNS_TO_STOP).write_text(f"{json.dumps(learns_to_stop)}\n")
        whole.rename(folder)
    finally:
        if whole.exists():
            shutil.rmtree(whole)


def _is_same_vae(source: Path, vae: RgbaVae) -> bool:
    """Whether the source has a VAE of these widths, whose temporal weights ours can go back among."""
    path = source / "vae"
    return path.is_dir() and replace(vae_config(path), image_channels=vae.config.image_channels) == vae.config


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(os.path.realpath(source), target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
    return target


def _config(folder: Path, kind: str) -> Mapping[str, Any]:
    stored = read_json(folder / "config.json")
    if stored.get("_class_name") != kind:
        raise ValueError(f"{folder} holds a {stored.get('_class_name')!r}; a {kind} is needed")
    return stored


def _fill(module: nn.Module, tensors: Any) -> None:
    """Puts tensors in the place of a module's meta tensors, one at a time: no second copy of the weights."""
    tensors_of: Iterator[tuple[str, Tensor]] = iter(tensors)
    for name, tensor in tensors_of:
        parent, _, leaf = name.rpartition(".")
        owner = module.get_submodule(parent)
        setattr(owner, leaf, nn.Parameter(tensor, requires_grad=tensor.is_floating_point()))
