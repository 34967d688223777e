"""diffusers' own networks, tiny and random, beside ours with the same weights."""

import torch
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel

from model.configs import MmditConfig, VaeConfig
from model.inflate import from_released
from model.mmdit import VldMmdit
from model.rgba_vae import RgbaVae


def released_vae(config: VaeConfig, seed: int = 0) -> AutoencoderKLQwenImage:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = AutoencoderKLQwenImage(
            base_dim=config.base_dim,
            z_dim=config.z_dim,
            dim_mult=list(config.dim_mult),
            num_res_blocks=config.num_res_blocks,
            input_channels=config.image_channels,
            temperal_downsample=[level > 0 for level in range(len(config.dim_mult) - 1)],
        ).eval()
        for name, parameter in vae.named_parameters():
            if name.endswith("gamma"):  # ones, as they are made, would hide a wrong one
                torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return vae


def our_vae(released: AutoencoderKLQwenImage, config: VaeConfig) -> RgbaVae:
    vae = RgbaVae(config).eval()
    tensors = released.state_dict().items()
    vae.load_state_dict({name: from_released(name, tensor) for name, tensor in tensors if ".time_conv." not in name})
    return vae


def encode(released: AutoencoderKLQwenImage, x_BCHW: torch.Tensor) -> torch.Tensor:
    return released.encode(x_BCHW.unsqueeze(2)).latent_dist.mode().squeeze(2)


def decode(released: AutoencoderKLQwenImage, z_Bzhw: torch.Tensor) -> torch.Tensor:
    return released.decode(z_Bzhw.unsqueeze(2)).sample.squeeze(2)


def released_transformer(config: MmditConfig, seed: int = 0) -> QwenImageTransformer2DModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = QwenImageTransformer2DModel(
            patch_size=config.patch,
            in_channels=config.token_channels,
            out_channels=config.latent_channels,
            num_layers=config.depth,
            attention_head_dim=config.head_dim,
            num_attention_heads=config.heads,
            joint_attention_dim=config.text_width,
            axes_dims_rope=config.rope_axes,
            use_additional_t_cond=True,
            use_layer3d_rope=True,
        ).eval()
        for name, parameter in model.named_parameters():
            if "norm" in name and parameter.ndim == 1:
                torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return model


def our_transformer(released: QwenImageTransformer2DModel, config: MmditConfig) -> VldMmdit:
    model = VldMmdit(config).eval()
    model.load_state_dict(released.state_dict())
    return model
