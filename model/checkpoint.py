"""Folders of published weights -> our networks, and back: what diffusers' `QwenImageLayeredPipeline` loads and saves.

`Qwen/Qwen-Image` is where training starts, `Qwen/Qwen-Image-Layered` where it goes on. The transformer's tensors bear
the same names here and there; those of the VAE are cut from 3-D to 2-D, and put back.
"""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from model.flow import ExponentialSchedule, linear_schedule
from model.inflate import from_released, inflated, released_shapes, to_released
from model.mmdit import VldMmdit
from model.released_configs import (
    DIFFUSERS_VERSION,
    has_t_cond,
    mmdit_config,
    vae_config,
    write_mmdit_config,
    write_vae_config,
)
from model.rgba_vae import RgbaVae
from model.sampler import Schedule
from model.tensor_files import (
    SHARD_BYTES,
    check_names,
    find_tensors,
    read_json,
    whole_folder,
    write_json,
    write_tensors,
)

_T_COND = "time_text_embed.addition_t_embedding.weight"  # the one tensor that Qwen-Image lacks

# Linear shift by one image's tokens, no terminal shift (`flow.linear_schedule`).
_SCHEDULER = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "_diffusers_version": DIFFUSERS_VERSION,
    "num_train_timesteps": 1000,
    "shift": 1.0,
    "shift_terminal": None,
    "time_shift_type": "linear",
    "use_dynamic_shifting": True,
}
_SCHEDULE_NAMES = {
    "base_shift": "base_shift",
    "max_shift": "max_shift",
    "base_tokens": "base_image_seq_len",
    "max_tokens": "max_image_seq_len",
    "terminal": "shift_terminal",
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
PROCESSOR = "processor"  # prepares pictures that are to be captioned; Qwen-Image captions none and has none
TEXT_PARTS = ("text_encoder", "tokenizer", PROCESSOR)


def load_mmdit(
    folder: str | os.PathLike[str], device: torch.device | str = "cpu", dtype: torch.dtype = torch.bfloat16
) -> VldMmdit:
    """The transformer of a folder of diffusers' layout (`transformer/` of a pipeline).

    Of Qwen-Image, which has neither, it gets Layer3D RoPE and rows of zeros for `t_cond`, which change nothing.
    ValueError where it is another network, or a tensor is missing, surplus, misshapen or of whole numbers.
    """
    folder = Path(folder)
    config = mmdit_config(folder)
    with torch.device("meta"):
        model = VldMmdit(config)
    found = find_tensors(folder)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if _T_COND not in found.shapes and not has_t_cond(folder):
        _fill(model, [(_T_COND, torch.zeros(wanted.pop(_T_COND), device=device, dtype=dtype))])
    check_names(found.shapes, wanted, folder)
    _fill(model, ((name, tensor.to(dtype)) for name, tensor in found.read(found.shapes, device)))
    return model


def save_mmdit(model: VldMmdit, folder: Path, shard_bytes: int = SHARD_BYTES) -> None:
    """A folder of `config.json` and the weights."""
    with whole_folder(folder) as made:
        write_mmdit_config(made, model.config)
        write_tensors(made, model.state_dict().items(), shard_bytes)


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
    if image_channels < stored.image_channels:
        raise ValueError(f"the VAE of {folder} has {stored.image_channels} channels; {image_channels} were asked for")
    with torch.device("meta"):
        vae = RgbaVae(replace(stored, image_channels=image_channels))
    found = find_tensors(folder)
    check_names(found.shapes, released_shapes(stored), folder)
    names = [name for name in found.shapes if ".time_conv." not in name]
    read = ((name, from_released(name, tensor)) for name, tensor in found.read(names, device))
    if image_channels > stored.image_channels:
        read = ((name, inflated(name, tensor)) for name, tensor in read)
    _fill(vae, ((name, tensor.to(dtype)) for name, tensor in read))
    return vae.to(memory_format=torch.channels_last)


def save_vae(vae: RgbaVae, folder: Path, source: Path | None = None) -> None:
    """A folder of `config.json` and the weights, 3-D again.

    What a single image never meets (the other temporal slices, `time_conv`) comes from the VAE of the folder `source`,
    or is zero.
    """
    given = {}
    if source is not None:
        found = find_tensors(source)
        given = dict(found.read(found.shapes))
    with whole_folder(folder) as made:
        write_vae_config(made, vae.config)
        write_tensors(made, to_released(vae.state_dict(), vae.config, given))


def save_pipeline(
    folder: str | os.PathLike[str],
    model: VldMmdit,
    vae: RgbaVae,
    text_source: Path,
    learns_to_stop: bool = False,
    condition_vae: RgbaVae | None = None,
) -> None:
    """A folder that `QwenImageLayeredPipeline.from_pretrained` loads; it appears whole.

    `text_source` holds `text_encoder`, `tokenizer` and perhaps `processor`, without which the pipeline cannot caption.
    They are linked where they can be, else copied.
    Kept beside them, for `inference`: `learns_to_stop`, whether the weights were trained on blank layers, and the
    `condition_vae` of the paper's ablation.
    """
    folder = Path(folder)
    missing = [part for part in TEXT_PARTS if not (text_source / part).is_dir()]
    if missing and missing != [PROCESSOR]:
        raise ValueError(f"{text_source} has no {', '.join(missing)}; give the folder of a pipeline")
    with whole_folder(folder) as made:
        save_mmdit(model, made / "transformer")
        save_vae(vae, made / "vae", text_source / "vae" if _is_same_vae(text_source, vae) else None)
        if condition_vae is not None:
            save_vae(condition_vae, made / CONDITION_VAE)
        (made / "scheduler").mkdir()
        write_json(made / "scheduler" / "scheduler_config.json", _SCHEDULER)
        for part in (part for part in TEXT_PARTS if part not in missing):
            shutil.copytree(text_source / part, made / part, copy_function=_link_or_copy)
        absent = {part: [None, None] for part in missing}  # as diffusers says it
        write_json(made / "model_index.json", {**_PIPELINE, **absent})
        (made / LEARNS_TO_STOP).write_text(f"{json.dumps(learns_to_stop)}\n")


def learns_to_stop(folder: Path) -> bool:
    """Whether a pipeline says that its weights were trained on blank layers; no published one does."""
    path = folder / LEARNS_TO_STOP
    try:
        return path.is_file() and json.loads(path.read_bytes()) is True
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is neither true nor false") from error


def load_schedule(folder: Path) -> Schedule:
    """The noise levels of a pipeline that draws pictures from text, by its scheduler's configuration."""
    path = folder / "scheduler" / "scheduler_config.json"
    stored = read_json(path)
    kind = stored.get("time_shift_type", "exponential")
    if kind == "linear":
        return linear_schedule
    if kind != "exponential":
        raise ValueError(f"{path}: time_shift_type is {kind!r}; it must be linear or exponential")
    try:
        return ExponentialSchedule(
            **{ours: stored[theirs] for ours, theirs in _SCHEDULE_NAMES.items() if theirs in stored}
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


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


def _fill(module: nn.Module, tensors: Iterable[tuple[str, Tensor]]) -> None:
    """Puts tensors in the place of a module's meta tensors, one at a time: no second copy of the weights."""
    for name, tensor in tensors:
        parent, _, leaf = name.rpartition(".")
        setattr(module.get_submodule(parent), leaf, nn.Parameter(tensor))
