"""One block of the VLD-MMDiT: both streams of a pack in, both out (Qwen-Image-Layered, section 3.2).

Legend: B samples, T image tokens, U text tokens, S = U + T, D width, H heads, K channels of a head. Modules bear the
released names.
"""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from model.attention import attend
from model.configs import MmditConfig
from model.packing import Layout
from model.recompute import Recompute, run_part
from model.rope import Rotation, rotate
from model.sequence_parallel import to_heads, to_tokens

EPS = 1e-6  # of every norm


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
            setattr(self, name, nn.RMSNorm(config.head_dim, eps=EPS))

    def queries_keys_values(self, text_UD: Tensor, image_TD: Tensor, turn: Rotation) -> tuple[Tensor, Tensor, Tensor]:
        """[S, H, K] each, the text's tokens first."""
        q = self._heads(self.norm_added_q, self.add_q_proj(text_UD), self.norm_q, self.to_q(image_TD))
        k = self._heads(self.norm_added_k, self.add_k_proj(text_UD), self.norm_k, self.to_k(image_TD))
        v = self._split(torch.cat([self.add_v_proj(text_UD), self.to_v(image_TD)]))
        return rotate(q, turn), rotate(k, turn), v

    def out(self, mixed_SHK: Tensor, text_tokens: int) -> tuple[Tensor, Tensor]:
        """What attention gave, of the text and of the image."""
        text, image = mixed_SHK.flatten(1).split([text_tokens, len(mixed_SHK) - text_tokens])
        return self.to_add_out(text), self.to_out[0](image)

    def _heads(self, text_norm: nn.Module, text: Tensor, image_norm: nn.Module, image: Tensor) -> Tensor:
        return torch.cat([text_norm(self._split(text)), image_norm(self._split(image))])

    def _split(self, x_SD: Tensor) -> Tensor:
        return x_SD.unflatten(-1, (self.heads, -1))


def mixed(q_SHK: Tensor, k_SHK: Tensor, v_SHK: Tensor, layout: Layout, group: dist.ProcessGroup | None) -> Tensor:
    """Attention of [text, image] streams, within each sample; [S, H, K] in the order of the input."""
    if group is not None:
        q_SHK, k_SHK, v_SHK = (to_heads(x, layout.rank_tokens, group) for x in (q_SHK, k_SHK, v_SHK))
    q_SHK, k_SHK, v_SHK = (x.index_select(0, layout.order_S) for x in (q_SHK, k_SHK, v_SHK))
    out = attend(q_SHK, k_SHK, v_SHK, layout.offsets_B1, layout.lengths).index_select(0, layout.inverse_S)
    return out if group is None else to_tokens(out, layout.rank_tokens, group)


class Block(nn.Module):
    """Both streams: AdaLN, joint attention, gate; AdaLN, MLP, gate.

    Attention stands between the two parts that are compiled: the lengths it reads differ from pack to pack, and
    compiled code would be made anew for each.
    """

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
        recompute: Recompute = Recompute.NONE,
    ) -> tuple[Tensor, Tensor]:
        samples = layout.text_sample_U, layout.image_sample_T
        q, k, v, text_B6D, image_B6D = self.before_attention(text_UD, image_TD, time_BD, turn, samples, recompute)
        mixed_SHK = mixed(q, k, v, layout, group)
        return self.after_attention(text_UD, image_TD, mixed_SHK, text_B6D, image_B6D, samples, recompute)

    def before_attention(
        self,
        text_UD: Tensor,
        image_TD: Tensor,
        time_BD: Tensor,
        turn: Rotation,
        samples: tuple[Tensor, Tensor],
        recompute: Recompute,
    ) -> tuple[Tensor, ...]:
        """Queries, keys, values, and the modulations of text and image; `samples` are those of their tokens."""
        return run_part(self._before_attention, recompute, text_UD, image_TD, time_BD, turn, *samples)

    def after_attention(
        self,
        text_UD: Tensor,
        image_TD: Tensor,
        mixed_SHK: Tensor,
        text_B6D: Tensor,
        image_B6D: Tensor,
        samples: tuple[Tensor, Tensor],
        recompute: Recompute,
    ) -> tuple[Tensor, Tensor]:
        """The block's output."""
        inputs = (text_UD, image_TD, mixed_SHK, text_B6D, image_B6D, *samples)
        return run_part(self._after_attention, recompute, *inputs)

    def _before_attention(
        self,
        text_UD: Tensor,
        image_TD: Tensor,
        time_BD: Tensor,
        turn: Rotation,
        sample_U: Tensor,
        sample_T: Tensor,
    ) -> tuple[Tensor, ...]:
        text_B6D, image_B6D = self.txt_mod(time_BD), self.img_mod(time_BD)
        text_UD = modulated(text_UD, text_B6D.chunk(2, dim=-1)[0], sample_U)
        image_TD = modulated(image_TD, image_B6D.chunk(2, dim=-1)[0], sample_T)
        return *self.attn.queries_keys_values(text_UD, image_TD, turn), text_B6D, image_B6D

    def _after_attention(
        self,
        text_UD: Tensor,
        image_TD: Tensor,
        mixed_SHK: Tensor,
        text_B6D: Tensor,
        image_B6D: Tensor,
        sample_U: Tensor,
        sample_T: Tensor,
    ) -> tuple[Tensor, Tensor]:
        text_attention, text_mlp = text_B6D.chunk(2, dim=-1)
        image_attention, image_mlp = image_B6D.chunk(2, dim=-1)
        text, image = self.attn.out(mixed_SHK, len(text_UD))
        text_UD = text_UD + gated(text, text_attention, sample_U)
        image_TD = image_TD + gated(image, image_attention, sample_T)
        text = self.txt_mlp(modulated(text_UD, text_mlp, sample_U))
        image = self.img_mlp(modulated(image_TD, image_mlp, sample_T))
        return text_UD + gated(text, text_mlp, sample_U), image_TD + gated(image, image_mlp, sample_T)


def modulated(x_TD: Tensor, by_B3D: Tensor, sample_T: Tensor) -> Tensor:
    """Normalised tokens, scaled and shifted, each by its sample's (shift, scale, gate)."""
    shift, scale, _ = by_B3D.chunk(3, dim=-1)
    return F.layer_norm(x_TD, x_TD.shape[-1:], eps=EPS) * (1 + of_tokens(scale, sample_T)) + of_tokens(shift, sample_T)


def gated(x_TD: Tensor, by_B3D: Tensor, sample_T: Tensor) -> Tensor:
    """Tokens times the gate of their sample."""
    return of_tokens(by_B3D.chunk(3, dim=-1)[2], sample_T) * x_TD


def of_tokens(x_BD: Tensor, sample_T: Tensor) -> Tensor:
    """[T, D]: of each token its sample's row."""
    return _OfTokens.apply(x_BD, sample_T)


class _OfTokens(torch.autograd.Function):
    """The gradient is a matrix product, which sums thousands of tokens in float32, as a half precision sum cannot."""

    @staticmethod
    def forward(ctx: Any, x_BD: Tensor, sample_T: Tensor) -> Tensor:
        ctx.save_for_backward(sample_T)
        ctx.count = len(x_BD)
        return x_BD.index_select(0, sample_T)

    @staticmethod
    def backward(ctx: Any, gradient_TD: Tensor) -> tuple[Tensor, None]:
        (sample_T,) = ctx.saved_tensors
        samples = torch.arange(ctx.count, device=sample_T.device)
        return (samples[:, None] == sample_T).to(gradient_TD.dtype) @ gradient_TD, None
