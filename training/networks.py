"""A configuration and what it starts from in, the networks of a run out: trained ones and frozen ones."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from data_pipeline.caption.random_model import save_random_model
from model.checkpoint import TEXT_PARTS, load_mmdit, load_vae
from model.configs import MMDIT_CONFIGS, MmditConfig
from model.mmdit import VldMmdit, compile_blocks
from model.recompute import Recompute
from model.released_configs import mmdit_config, vae_config
from model.rgba_vae import RgbaVae
from model.tensor_files import find_tensors
from model.text_encoder import TextEncoder, TextEncoderConfig, load_text_encoder
from training.adapters import adapt
from training.batches import Encoders
from training.configuration import RunConfig
from training.distributed import Ranks
from training.engine import fill_partitioned, partitioned
from training.network_options import Lora
from training.origin import Origin

DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
_RGB = 3  # channels
_SAMPLED = 4096  # elements of a parameter
_PIECE = 1 << 24  # elements that are cast at a time
_TEXT = "text"  # of a run's folder: a tiny random text encoder


def text_folder(config: RunConfig, origin: Origin, output: Path, ranks: Ranks) -> Path:
    """Where the text encoder lies; a tiny random one is made where the configuration asks for it.

    ValueError where there is none.
    """
    if origin.text is not None:
        return origin.text
    if config.network.text != "tiny":
        raise ValueError(
            "there is no text encoder: init.from has none; give init.text, or network.text=tiny to try out"
        )
    folder = output / _TEXT
    if ranks.is_first and not folder.is_dir():
        made = output / f".{_TEXT}.partial"
        shutil.rmtree(made, ignore_errors=True)
        try:
            _write_tiny_text(made)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(made, ignore_errors=True)
            raise OSError(f"{folder}, a tiny text encoder, cannot be written: {error}") from error
        os.replace(made, folder)
    ranks.barrier()
    return folder


def _write_tiny_text(folder: Path) -> None:
    save_random_model(folder / TEXT_PARTS[0])
    for part in TEXT_PARTS[1:]:
        (folder / part).mkdir()
        for path in (folder / TEXT_PARTS[0]).iterdir():
            if path.suffix != ".safetensors":
                shutil.copy(path, folder / part)


def frozen_text(folder: Path, config: RunConfig, ranks: Ranks) -> TextEncoder:
    options = TextEncoderConfig(folder=str(folder), max_tokens=config.data.max_text_tokens)
    return load_text_encoder(options, ranks.device, DTYPES[config.engine.precision])


def frozen_vae(folder: Path | None, config: RunConfig, ranks: Ranks, image_channels: int = 4) -> RgbaVae:
    """ValueError as of `trained_vae`."""
    vae = load_vae(trained_vae(folder, image_channels), ranks.device, DTYPES[config.engine.precision], image_channels)
    return vae.eval().requires_grad_(False)


def trained_vae(folder: Path | None, image_channels: int = 4) -> Path:
    """The folder, before anything is read of it but how large it is.

    ValueError where there is none, or it knows no alpha: stages 1 to 3 need the latents of a trained one.
    """
    if folder is None:
        raise ValueError("there is no VAE: init.from has none; give init.vae, a run of STAGE=vae or a folder with one")
    if vae_config(folder).image_channels < image_channels:
        raise ValueError(f"{folder} is an RGB VAE; give init.vae, a run of STAGE=vae that started from it")
    return folder


def frozen_encoders(text: Path, config: RunConfig, origin: Origin, ranks: Ranks) -> Encoders:
    """ValueError where a part is missing, or the condition's VAE gives latents of another form."""
    vae = frozen_vae(origin.vae, config, ranks)
    return Encoders(vae, _condition_vae(origin, config, ranks, vae), frozen_text(text, config, ranks))


def _condition_vae(origin: Origin, config: RunConfig, ranks: Ranks, vae: RgbaVae) -> RgbaVae:
    """What encodes the picture to decompose."""
    if origin.condition_vae is None:
        return vae
    own = frozen_vae(origin.condition_vae, config, ranks, _RGB)
    if (own.config.z_dim, own.config.stride) != (vae.config.z_dim, vae.config.stride):
        raise ValueError(
            f"init.condition_vae has {own.config.z_dim} channels at stride {own.config.stride}; "
            f"the VAE has {vae.config.z_dim} at stride {vae.config.stride}"
        )
    return own


def check_adapted(lora: Lora, origin: Origin) -> None:
    """ValueError where there is nothing for adapters to be of."""
    if lora.rank and origin.transformer is None:
        raise ValueError(f"lora.rank is {lora.rank}, and init.from has no transformer to adapt")


def trained_mmdit(config: RunConfig, origin: Origin, text_width: int, latent_channels: int, ranks: Ranks) -> VldMmdit:
    """The stored transformer, or a new one of the configuration's size; under ZeRO-3 no rank ever holds it whole.

    With `lora` its adapters alone are trained. ValueError where it does not fit text encoder and VAE.
    """
    network, lora = config.network, config.lora
    check_adapted(lora, origin)
    new = replace(MMDIT_CONFIGS[network.mmdit], text_width=text_width, latent_channels=latent_channels)
    if config.engine.zero < 3:
        model = _whole_mmdit(config, origin, new, ranks.device)
    else:
        whole = _whole_mmdit(config, origin, new, torch.device("cpu")) if ranks.is_first else None
        with partitioned(config.engine, ranks):
            model = VldMmdit(new if origin.transformer is None else mmdit_config(origin.transformer))
        fill_partitioned(model, whole, ranks)
    if model.config.text_width != text_width or model.config.latent_channels != latent_channels:
        raise ValueError(
            f"the transformer takes text of width {model.config.text_width} and {model.config.latent_channels} latent "
            f"channels; the text encoder gives {text_width}, the VAE {latent_channels}"
        )
    model.config = replace(model.config, rope=network.rope)
    model.recompute = Recompute(network.recompute)
    if lora.rank:
        adapt(model, lora, config.seed)
    if network.compile:
        compile_blocks(model)
    return model.train()


def initialised(model: VldMmdit, seed: int) -> VldMmdit:
    """New weights, from the seed alone. Gates and output begin at 0, so that every block begins as the identity (DiT,
    arXiv 2212.09748, section 3.2)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in model.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        for linear in model.time_text_embed.timestep_embedder.values():
            nn.init.normal_(linear.weight, std=0.02)
        nn.init.zeros_(model.time_text_embed.addition_t_embedding.weight)
        gates = [mod[1] for block in model.transformer_blocks for mod in (block.img_mod, block.txt_mod)]
        for linear in (*gates, model.norm_out.linear, model.proj_out):
            nn.init.zeros_(linear.weight)
    return model


def _whole_mmdit(config: RunConfig, origin: Origin, new: MmditConfig, device: torch.device) -> VldMmdit:
    if origin.transformer is not None:
        return load_mmdit(origin.transformer, device, DTYPES[config.engine.precision])
    return initialised(VldMmdit(new), config.seed).to(device)


def fingerprint(*modules: nn.Module) -> str:
    """The same for equal weights in whatever precision they are held: of the beginning of every parameter, and of the
    sum of all its bits, as one word's row of an embedding may be what differs."""
    named = [one for module in modules for one in module.named_parameters()]
    beginnings = _digest((name, parameter.shape, parameter.detach().flatten()) for name, parameter in named)
    return f"{beginnings}-{sum(_sum_of_bits(parameter.detach()) for _, parameter in named) % 2**64:016x}"


def stored_fingerprint(folder: Path) -> str:
    """Likewise of weights in a folder, of which only the beginnings are read. ValueError where they are damaged."""
    found = find_tensors(folder)
    return _digest((name, found.shapes[name], begun.flatten()) for name, begun in found.beginnings(_SAMPLED))


def _sum_of_bits(x: Tensor) -> int:
    """Of its elements as bfloat16, each taken for a whole number; a piece at a time, as a cast is a copy."""
    pieces = x.flatten().split(_PIECE)
    return sum(int(piece.to(torch.bfloat16).view(torch.int16).sum(dtype=torch.int64)) for piece in pieces)


def _digest(beginnings: Iterable[tuple[str, Sequence[int], Tensor]]) -> str:
    digest = hashlib.sha256()
    for name, shape, flat in beginnings:
        digest.update(f"{name} {list(shape)}".encode())
        digest.update(flat[:_SAMPLED].to(torch.bfloat16).view(torch.int16).cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
