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

from model.attention import attend
from model.configs import MmditConfig
from model.packing import Layout
from model.recompute import Recompute, run_block
from model.rope import Rotation, rotate, rotations
from model.sequence_parallel import check_heads, to_heads, to_tokens

_EPS = 1e-6
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
        self.addition_t_embedding = nn.Embedding(2, config.width) if config.has_t_cond else None

    def forward(self, sigma_B: Tensor, t_cond_B: Tensor, dtype: torch.dtype) -> Tensor:
        layers = self.timestep_embedder
        embedding = layers["linear_2"](F.silu(layers["linear_1"](sinusoid(sigma_B, dtype))))
        return embedding if self.addition_t_embedding is None else embedding + self.addition_t_embedding(t_cond_B)


def sinusoid(sigma_B: Tensor, dtype: torch.dtype) -> Tensor:
    """[B, 256]: cosines, then sines, of 1000 sigma / 10000 ** (k / 128).

    Sigma and frequencies are rounded to the network's type first, as the released code does.
    """
    half = _TIME_CHANNELS // 2
    steps = torch.arange(half, dtype=torch.float32, device=sigma_B.device)
    frequency = torch.exp(-math.log(_TIME_PERIOD) * steps / half).to(dtype)
    angle = _TIME_SCALE * (sigma_B.to(dtype)[:, None].float() * frequency)
    return torch.cat([angle.cos(), angle.sin()], dim=-1).to(dtype)


class Mlp(nn.Module):
    """D -> 4 D -> D with a gelu (tanh) between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.ModuleDict({
            "0": nn.ModuleDict({"proj": nn.Linear(width, 4 * width)}),
            "2": nn.Linear(4 * width, width),
        })  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.net["2"](F.gelu(self.net["0"]["proj"](x), approximate="tanh"))


class JointAttention(nn.Module):
    """Text and image tokens of a sample attend to each other; each stream has its own projections."""

    def __init__(self, config: MmditConfig) -> None:
        super().__init__()
        self.heads = config.heads
        for name in ("to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"):
            setattr(self, name, nn.Linear(config.width, config.width))
        self.to_out = nn.ModuleList([nn.Linear(config.width, config.width)])
        for name in ("norm_q", "norm_k", "norm_added_q", "norm_added_k"):
            setattr(self, name, nn.RMSNorm(config.head_dim, eps=_EPS))

    def forward(
        self, text_UD: Tensor, image_TD: Tensor, turn: Rotation, layout: Layout, group: dist.ProcessGroup | None
    ) -> tuple[Tensor, Tensor]:
        q = self._heads(self.norm_added_q, self.add_q_proj(text_UD), self.norm_q, self.to_q(image_TD))
        k = self._heads(self.norm_added_k, self.add_k_proj(text_UD), self.norm_k, self.to_k(image_TD))
        v = self._split(torch.cat([self.add_v_proj(text_UD), self.to_v(image_TD)]))
        out_SD = mixed(rotate(q, turn), rotate(k, turn), v, layout, group).flatten(1)
        text, image = out_SD.split([len(text_UD), len(image_TD)])
        return self.to_add_out(text), self.to_out[0](image)

    def _heads(self, text_norm: nn.Module, text: Tensor, image_norm: nn.Module, image: Tensor) -> Tensor:
        return torch.cat([text_norm(self._split(text)), image_norm(self._split(image))])

    def _split(self, x_SD: Tensor) -> Tensor:
        return x_SD.unflatten(-1, (self.heads, -1))


@torch.compiler.disable  # its lengths differ from pack to pack: compiled code would be made anew for each
def mixed(q_SHK: Tensor, k_SHK: Tensor, v_SHK: Tensor, layout: Layout, group: dist.ProcessGroup | None) -> Tensor:
    """Attention of [text, image] streams, within each sample; [S, H, K] in the order of the input."""
    if group is not None:
        q_SHK, k_SHK, v_SHK = (to_heads(x, layout.rank_tokens, group) for x in (q_SHK, k_SHK, v_SHK))
    q_SHK, k_SHK, v_SHK = (x.index_select(0, layout.order_S) for x in (q_SHK, k_SHK, v_SHK))
    out = attend(q_SHK, k_SHK, v_SHK, layout.offsets_B1, layout.lengths).index_select(0, layout.inverse_S)
    return out if group is None else to_tokens(out, layout.rank_tokens, group)


class Block(nn.Module):
    """Both streams: AdaLN, joint attention, gate; AdaLN, MLP, gate."""

    def __init__(self, config: MmditConfig) -> None:
        super().__init__()
        self.attn = JointAttention(config)
        for stream in ("img", "txt"):
            setattr(self, f"{stream}_mod", nn.Sequential(nn.SiLU(), nn.Linear(config.width, 6 * config.width)))
            setattr(self, f"{stream}_mlp", Mlp(config.width))

    def forward(
        self,
        text_UD: Tensor,
        image_TD: Tensor,
        time_BD: Tensor,
        turn: Rotation,
        layout: Layout,
        group: dist.ProcessGroup | None = None,
    ) -> tuple[Tensor, Tensor]:
        text_attention, text_mlp = self.txt_mod(time_BD).chunk(2, dim=-1)
        image_attention, image_mlp = self.img_mod(time_BD).chunk(2, dim=-1)
        of_text, of_image = layout.text_sample_U, layout.image_sample_T

        text, text_gate = modulated(text_UD, text_attention, of_text)
        image, image_gate = modulated(image_TD, image_attention, of_image)
        text, image = self.attn(text, image, turn, layout, group)
        text_UD = text_UD + text_gate * text
        image_TD = image_TD + image_gate * image

        text, text_gate = modulated(text_UD, text_mlp, of_text)
        image, image_gate = modulated(image_TD, image_mlp, of_image)
        return text_UD + text_gate * self.txt_mlp(text), image_TD + image_gate * self.img_mlp(image)


def modulated(x_TD: Tensor, by_B3D: Tensor, sample_T: Tensor) -> tuple[Tensor, Tensor]:
    """(normalised, scaled and shifted tokens, their gates), each token by its sample's (shift, scale, gate)."""
    shift, scale, gate = (part.index_select(0, sample_T) for part in by_B3D.chunk(3, dim=-1))
    return F.layer_norm(x_TD, x_TD.shape[-1:], eps=_EPS) * (1 + scale) + shift, gate


class FinalNorm(nn.Module):
    """Normalised tokens, scaled and shifted by the time embedding: chunked (scale, shift), unlike the blocks."""

    def __init__(self, config: MmditConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(config.width, 2 * config.width)

    def forward(self, x_PD: Tensor, time_BD: Tensor, sample_P: Tensor) -> Tensor:
        scale, shift = (part.index_select(0, sample_P) for part in self.linear(F.silu(time_BD)).chunk(2, dim=-1))
        return F.layer_norm(x_PD, x_PD.shape[-1:], eps=_EPS) * (1 + scale) + shift


class VldMmdit(nn.Module):
    """The whole network. `recompute` says what the backward pass computes again instead of keeping it."""

    def __init__(self, config: MmditConfig, recompute: Recompute = Recompute.NONE) -> None:
        super().__init__()
        self.config = config
        self.recompute = recompute
        self.time_text_embed = TimeEmbedding(config)
        self.txt_norm = nn.RMSNorm(config.text_width, eps=_EPS)
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
    """Compiles each block for tokens and samples of any number: one compilation serves all packs and all blocks."""
    for block in model.transformer_blocks:
        block.compile(dynamic=True, backend=backend)
