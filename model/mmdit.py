"""Noised latents, text and noise levels in, velocities out: the VLD-MMDiT (Qwen-Image-Layered, section 3.2).

Legend: B samples, T image tokens, U text tokens, S = U + T, P predicted tokens, D width, H heads, K channels of a head,
C channels of an image token, W width of the text encoder. A batch is one packed sequence (`packing`): every sample has
its own frames, text and noise level. Modules bear the released names.
"""

import math

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from model.block import EPS, Block, of_tokens
from model.configs import MmditConfig
from model.packing import Layout
from model.recompute import Recompute, run_block
from model.rope import rotations
from model.sequence_parallel import check_heads

_TIME_CHANNELS = 256
_TIME_SCALE = 1000.0
_TIME_PERIOD = 10_000.0


class TimeEmbedding(nn.Module):
    """Noise level sigma in [0, 1] -> [B, D], plus one of two learned rows.

    What the rows mean is not published. Every public caller passes 0; the released pipeline names the variable
    `is_rgb`, so row 1 is for targets that are plain RGB.
    """

    def __init__(self, config: MmditConfig) -> None:
        super().__init__()
        self.timestep_embedder = nn.ModuleDict({
            "linear_1": nn.Linear(_TIME_CHANNELS, config.width),
            "linear_2": nn.Linear(config.width, config.width),
        })  # fmt: skip
        self.addition_t_embedding = nn.Embedding(2, config.width)

    def forward(self, sigma_B: Tensor, t_cond_B: Tensor, dtype: torch.dtype) -> Tensor:
        layers = self.timestep_embedder
        embedding = layers["linear_2"](F.silu(layers["linear_1"](sinusoid(sigma_B, dtype))))
        return embedding + self.addition_t_embedding(t_cond_B)


def sinusoid(sigma_B: Tensor, dtype: torch.dtype) -> Tensor:
    """[B, 256]: cosines, then sines, of 1000 sigma / 10000 ** (k / 128).

    Sigma is rounded to the network's type first, as the released code does; frequencies are not.
    """
    half = _TIME_CHANNELS // 2
    steps = torch.arange(half, dtype=torch.float32, device=sigma_B.device)
    frequency = torch.exp(-math.log(_TIME_PERIOD) * steps / half)
    angle = _TIME_SCALE * (sigma_B.to(dtype)[:, None].float() * frequency)
    return torch.cat([angle.cos(), angle.sin()], dim=-1).to(dtype)


class FinalNorm(nn.Module):
    """Normalised tokens, scaled and shifted by the time embedding: chunked (scale, shift), unlike the blocks."""

    def __init__(self, config: MmditConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(config.width, 2 * config.width)

    def forward(self, x_PD: Tensor, time_BD: Tensor, sample_P: Tensor) -> Tensor:
        scale, shift = (of_tokens(part, sample_P) for part in self.linear(F.silu(time_BD)).chunk(2, dim=-1))
        return F.layer_norm(x_PD, x_PD.shape[-1:], eps=EPS) * (1 + scale) + shift


class VldMmdit(nn.Module):
    """The whole network. `recompute` says what the backward pass computes again instead of keeping it."""

    def __init__(self, config: MmditConfig, recompute: Recompute = Recompute.NONE) -> None:
        super().__init__()
        self.config = config
        self.recompute = recompute
        self.time_text_embed = TimeEmbedding(config)
        self.txt_norm = nn.RMSNorm(config.text_width, eps=EPS)
        self.img_in = nn.Linear(config.token_channels, config.width)
        self.txt_in = nn.Linear(config.text_width, config.width)
        self.transformer_blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm_out = FinalNorm(config)
        self.proj_out = nn.Linear(config.width, config.token_channels)

    def forward(
        self,
        image_TC: Tensor,
        text_UW: Tensor,
        sigma_B: Tensor,
        layout: Layout,
        t_cond_B: Tensor | None = None,
        group: dist.ProcessGroup | None = None,
    ) -> Tensor:
        """Velocity [P, C] of the predicted tokens: noise - latents.

        `sigma_B` is float32 in [0, 1], 1 for noise; `t_cond_B` int64, 0 by default. With a `group` the streams are
        this rank's runs, and so is what is returned.
        """
        self._check(image_TC, text_UW, sigma_B, layout, group)
        if t_cond_B is None:
            t_cond_B = torch.zeros(len(layout.shapes), dtype=torch.int64, device=sigma_B.device)
        image_TD = self.img_in(image_TC)
        text_UD = self.txt_in(self.txt_norm(text_UW))
        time_BD = self.time_text_embed(sigma_B, t_cond_B, image_TD.dtype)
        turn = rotations(layout.shapes, self.config, image_TD.device, layout.text_run, layout.image_run)
        for block in self.transformer_blocks:
            text_UD, image_TD = run_block(block, self.recompute, text_UD, image_TD, time_BD, turn, layout, group)
        predicted = layout.predicted_P
        out_PD = image_TD.index_select(0, predicted)
        return self.proj_out(self.norm_out(out_PD, time_BD, layout.image_sample_T.index_select(0, predicted)))

    def _check(
        self, image_TC: Tensor, text_UW: Tensor, sigma_B: Tensor, layout: Layout, group: dist.ProcessGroup | None
    ) -> None:
        wanted = {
            "image tokens": (image_TC, (len(layout.image_sample_T), self.config.token_channels)),
            "text tokens": (text_UW, (len(layout.text_sample_U), self.config.text_width)),
            "noise levels": (sigma_B, (len(layout.shapes),)),
        }
        for name, (tensor, shape) in wanted.items():
            if tuple(tensor.shape) != shape:
                raise ValueError(f"{name} are {list(tensor.shape)}; this pack and network take {list(shape)}")
        ranks = 1 if group is None else dist.get_world_size(group)
        if ranks != len(layout.rank_tokens):
            raise ValueError(f"the layout is for {len(layout.rank_tokens)} ranks, the group has {ranks}")
        check_heads(self.config.heads, ranks)


def compile_blocks(model: VldMmdit, backend: str = "inductor") -> None:
    """Compiles both parts of each block for tokens and samples of any number.

    One compilation of each part serves all packs and all blocks; packs of a single sample get one of their own. What
    `Recompute` computes again is compiled too.
    """
    for block in model.transformer_blocks:
        block.before_attention = torch.compile(block.before_attention, dynamic=True, backend=backend)
        block.after_attention = torch.compile(block.after_attention, dynamic=True, backend=backend)
