"""A checkpoint in, the networks that draw with it out, on the device that is asked for.

A checkpoint is a folder of diffusers' layout, as `model.checkpoint.save_pipeline` and the published ones are, or the
name of one on the Hugging Face hub.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from torch import Tensor

from model.buckets import SIDE_MULTIPLE_PX
from model.checkpoint import CONDITION_VAE, learns_to_stop, load_mmdit, load_schedule, load_vae
from model.flow import linear_schedule
from model.lora import Adapters, load_lora, merge
from model.mmdit import VldMmdit
from model.released_configs import mmdit_config, vae_config
from model.rgba_vae import RgbaVae
from model.sampler import Schedule
from model.text_encoder import TextEncoder, TextEncoderConfig, load_text_encoder
from model.tiles import decode_tiled, encode_tiled

DEVICES = ("auto", "cpu", "cuda")
_PARTS = ("transformer", "vae", "text_encoder", "tokenizer")
_MOST_WHOLE_PX = 1 << 20  # larger pictures go through the VAE in tiles
_FILES = ("*.json", "*.safetensors", "*.txt", "*.jinja", "*.model")


@dataclass(frozen=True, eq=False)
class Loaded:
    """`learns_to_stop` says that the weights were trained to leave the layers blank that a picture does not need.

    `condition_vae` encodes the picture to decompose: the same as `vae`, but in the paper's ablation an RGB one.
    """

    folder: Path
    model: VldMmdit = field(repr=False)
    vae: RgbaVae = field(repr=False)
    condition_vae: RgbaVae = field(repr=False)
    text: TextEncoder = field(repr=False)
    schedule: Schedule = linear_schedule
    learns_to_stop: bool = False

    @property
    def device(self) -> torch.device:
        return self.model.img_in.weight.device

    @torch.no_grad()
    def latents(self, x_CHW: Tensor) -> Tensor:
        """Normalised latents [z, h, w] of one RGBA picture [4, H, W] in [-1, 1]; an RGB VAE sees no alpha."""
        vae = self.condition_vae
        x = x_CHW[: vae.config.image_channels].unsqueeze(0).to(self.device, vae.quant_conv.weight.dtype)
        is_large = x.shape[2] * x.shape[3] > _MOST_WHOLE_PX
        mean, _ = encode_tiled(vae, x) if is_large else vae.encode(x)
        return vae.normalise(mean)[0]

    @torch.no_grad()
    def pictures(self, z_Fzhw: Tensor) -> Tensor:
        """[F, C, H, W] in [-1, 1], one frame after another, so that memory does not grow with layers."""
        stride = self.vae.config.stride
        z = self.vae.denormalise(z_Fzhw.to(self.device, self.vae.quant_conv.weight.dtype))
        is_large = z.shape[2] * z.shape[3] * stride**2 > _MOST_WHOLE_PX
        decode = decode_tiled if is_large else RgbaVae.decode
        return torch.cat([decode(self.vae, frame.unsqueeze(0)).clamp(-1, 1) for frame in z])


def load(checkpoint: str, device: str = "auto", lora: str | None = None) -> Loaded:
    """What draws layers: bf16 on a GPU, float32 on a CPU. Adapters of the file or folder `lora` are merged into it.

    ValueError where a part is missing or does not fit, or the device is absent.
    """
    place = device_of(device)
    folder = checkpoint_folder(checkpoint)
    adapters = adapters_of(lora, folder)
    model, vae, text = _networks(folder, place, image_channels=4)
    merge(model, adapters)
    condition_vae = vae
    if (folder / CONDITION_VAE).is_dir():
        condition_vae = _frozen_vae(folder / CONDITION_VAE, place, image_channels=3)
    return Loaded(folder, model, vae, condition_vae, text, learns_to_stop=learns_to_stop(folder))


def load_text_to_image(checkpoint: str, device: str = "auto") -> Loaded:
    """What draws flat pictures: Qwen/Qwen-Image, or a checkpoint of ours. Its VAE and noise levels are its own."""
    place = device_of(device)
    folder = checkpoint_folder(checkpoint)
    schedule = load_schedule(folder)
    model, vae, text = _networks(folder, place, vae_config(folder / "vae").image_channels)
    return Loaded(folder, model, vae, vae, text, schedule)


def adapters_of(lora: str | None, folder: Path) -> Adapters:
    """None, or those of a file. ValueError where it holds none, or they are not of this checkpoint's transformer."""
    if lora is None:
        return {}
    with torch.device("meta"):
        model = VldMmdit(mmdit_config(folder / "transformer"))
    return load_lora(Path(lora).expanduser(), model)


def device_of(name: str) -> torch.device:
    """ValueError for a name that is none, or for `cuda` where there is no GPU."""
    if name not in DEVICES:
        raise ValueError(f"device is {name!r}; it must be one of {', '.join(DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', and torch finds no GPU here; give device=cpu, or a torch built for CUDA")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def checkpoint_folder(checkpoint: str) -> Path:
    """The folder itself, or where a checkpoint of the hub was downloaded to.

    ValueError where there is none, or its networks cannot be or do not fit each other: of that only the small files
    are read, so that it is known before anything long begins.
    """
    folder = Path(os.path.expanduser(checkpoint))
    if not folder.is_dir():
        folder = _downloaded(checkpoint)
    missing = [part for part in _PARTS if not (folder / part).is_dir()]
    if missing:
        raise ValueError(f"{folder} has no {', '.join(missing)}; {_instead(folder)}")
    model, vae = mmdit_config(folder / "transformer"), vae_config(folder / "vae")
    if model.latent_channels != vae.z_dim:
        deep = f"{vae.z_dim} latent channels where the transformer takes {model.latent_channels}"
        raise ValueError(f"the VAE of {folder} has {deep}")
    if SIDE_MULTIPLE_PX % (vae.stride * model.patch):
        raise ValueError(
            f"a token of {folder} is {vae.stride * model.patch} px wide; pictures have sides of "
            f"{SIDE_MULTIPLE_PX} px times a whole number"
        )
    return folder


def _instead(folder: Path) -> str:
    exported = folder / "export" / "ema"
    if exported.is_dir() or (folder / "checkpoints").is_dir():
        return f"it is the folder of a run of training, which at its end exports a checkpoint to {exported}"
    return "a checkpoint is a folder of diffusers' layout"


def _downloaded(checkpoint: str) -> Path:
    if Path(checkpoint).exists() or checkpoint.count("/") != 1 or checkpoint.startswith((".", "~", "/")):
        raise ValueError(
            f"checkpoint is {checkpoint!r}: no folder, and no name on the hub like Qwen/Qwen-Image-Layered"
        )
    patterns = [f"{part}/{files}" for part in (*_PARTS, "processor", "scheduler") for files in _FILES]
    try:
        return Path(snapshot_download(checkpoint, allow_patterns=["*.json", *patterns]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"checkpoint {checkpoint!r} is no folder and cannot be had from the hub: {reason}") from error


def _networks(folder: Path, place: torch.device, image_channels: int) -> tuple[VldMmdit, RgbaVae, TextEncoder]:
    """The largest last, so that what is wrong with the others shows soon."""
    vae = _frozen_vae(folder / "vae", place, image_channels)
    text = load_text_encoder(TextEncoderConfig(folder=str(folder)), place, _dtype(place))
    width = mmdit_config(folder / "transformer").text_width
    if width != text.width:
        raise ValueError(
            f"the text encoder of {folder} gives {text.width} channels where the transformer takes {width}"
        )
    model = load_mmdit(folder / "transformer", place, _dtype(place)).eval().requires_grad_(False)
    return model, vae, text


def _frozen_vae(folder: Path, place: torch.device, image_channels: int) -> RgbaVae:
    return load_vae(folder, place, _dtype(place), image_channels).eval().requires_grad_(False)


def _dtype(place: torch.device) -> torch.dtype:
    return torch.bfloat16 if place.type == "cuda" else torch.float32
