"""`config.json` of diffusers' transformer and VAE <-> our configurations.

Whatever the file says, what comes out is a configuration of a network that can be, or a ValueError that names the file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.configs import Config, MmditConfig, VaeConfig, from_mapping
from model.tensor_files import read_json, write_json

DIFFUSERS_VERSION = "0.42.1"  # whose layout this is
CONFIG = "config.json"
_ROPE = "lamina_rope"
_MMDIT, _VAE = "QwenImageTransformer2DModel", "AutoencoderKLQwenImage"

# Our names, and what diffusers calls the same. Its defaults are ours.
_MMDIT_NAMES = {
    "depth": "num_layers",
    "heads": "num_attention_heads",
    "head_dim": "attention_head_dim",
    "text_width": "joint_attention_dim",
    "latent_channels": "out_channels",
    "patch": "patch_size",
    "rope_axes": "axes_dims_rope",
}
_VAE_NAMES = {
    "base_dim": "base_dim",
    "z_dim": "z_dim",
    "dim_mult": "dim_mult",
    "num_res_blocks": "num_res_blocks",
    "image_channels": "input_channels",
    "latents_mean": "latents_mean",
    "latents_std": "latents_std",
}


def mmdit_config(folder: Path) -> MmditConfig:
    """Of a transformer; ValueError where ours cannot be it."""
    path, stored = _stored(folder, _MMDIT)
    for name in ("guidance_embeds", "zero_cond_t"):
        if stored.get(name):
            raise ValueError(f"{path} has {name}, which the layered model has not")
    config = _of(MmditConfig, {**_MMDIT_NAMES, "rope": _ROPE}, stored, path)
    if stored.get("in_channels", 64) != config.token_channels:
        raise ValueError(f"{path}: in_channels is not out_channels * patch_size ** 2, {config.token_channels}")
    return config


def has_t_cond(folder: Path) -> bool:
    """Whether a transformer says that it has the two rows that Qwen-Image lacks."""
    return bool(_stored(folder, _MMDIT)[1].get("use_additional_t_cond"))


def vae_config(folder: Path) -> VaeConfig:
    """Of a VAE; ValueError where ours cannot be it."""
    path, stored = _stored(folder, _VAE)
    if stored.get("attn_scales"):
        raise ValueError(f"{path} has attn_scales, which the Qwen-Image VAE has not")
    return _of(VaeConfig, _VAE_NAMES, {"input_channels": 3, **stored}, path)


def write_mmdit_config(folder: Path, config: MmditConfig) -> None:
    """A rope that diffusers has not stands under a name of ours, of which its loader warns."""
    write_json(folder / CONFIG, {
        "_class_name": _MMDIT,
        "_diffusers_version": DIFFUSERS_VERSION,
        **{theirs: getattr(config, ours) for ours, theirs in _MMDIT_NAMES.items()},
        "guidance_embeds": False,
        "in_channels": config.token_channels,
        "use_additional_t_cond": True,
        "use_layer3d_rope": config.rope == "layer3d",
        **({} if config.rope == "layer3d" else {_ROPE: config.rope}),
        "zero_cond_t": False,
    })  # fmt: skip


def write_vae_config(folder: Path, config: VaeConfig) -> None:
    write_json(folder / CONFIG, {
        "_class_name": _VAE,
        "_diffusers_version": DIFFUSERS_VERSION,
        **{theirs: getattr(config, ours) for ours, theirs in _VAE_NAMES.items()},
        "attn_scales": [],
        "dropout": 0.0,
        "temperal_downsample": [level > 0 for level in range(len(config.dim_mult) - 1)],
    })  # fmt: skip


def _stored(folder: Path, kind: str) -> tuple[Path, Mapping[str, Any]]:
    path = folder / CONFIG
    stored = read_json(path)
    named = stored.get("_class_name")
    if named is None:
        raise ValueError(f"{path} does not say what it is of: _class_name must be {kind}")
    if named != kind:
        raise ValueError(f"{folder} holds a {named!r}; a {kind} is needed")
    return path, stored


def _of(kind: type[Config], names: Mapping[str, str], stored: Mapping[str, Any], path: Path) -> Config:
    try:
        return from_mapping(kind, {ours: stored[theirs] for ours, theirs in names.items() if theirs in stored})
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
