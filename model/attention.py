"""Queries, keys and values of a packed sequence in, each sample's attention over itself alone out.

Legend: S tokens of all samples, H heads, D channels of a head, B samples.

On a GPU one kernel takes the pack as it is: FlashAttention-3 where its package is installed and the card is a Hopper,
else torch's variable-length attention. Elsewhere torch's attention runs sample by sample.
"""

import importlib.util
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

_HALF = (torch.float16, torch.bfloat16)  # what the kernels for GPUs take
_HOPPER = (9, 0)

Attention = Callable[[Tensor, Tensor, Tensor, Tensor, tuple[int, ...]], Tensor]


def attend(q_SHD: Tensor, k_SHD: Tensor, v_SHD: Tensor, offsets_B1: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """[S, H, D], by the best that the machine has. `offsets_B1` (int32) and `lengths` say where samples lie."""
    return best(q_SHD.device, q_SHD.dtype)(q_SHD, k_SHD, v_SHD, offsets_B1, lengths)


@cache
def best(device: torch.device, dtype: torch.dtype) -> Attention:
    """What `attend` runs on this device and for this type."""
    if device.type != "cuda" or dtype not in _HALF:
        return sample_by_sample
    if torch.cuda.get_device_capability(device) == _HOPPER and importlib.util.find_spec("flash_attn_interface"):
        return flash_attention_3
    return variable_length


def sample_by_sample(q: Tensor, k: Tensor, v: Tensor, offsets: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """torch's scaled dot product attention, once a sample; runs everywhere."""
    out = []
    for parts in zip(*(x.split(lengths) for x in (q, k, v)), strict=True):
        q_1HLD, k_1HLD, v_1HLD = (part.transpose(0, 1).unsqueeze(0) for part in parts)
        out.append(F.scaled_dot_product_attention(q_1HLD, k_1HLD, v_1HLD).squeeze(0).transpose(0, 1))
    return torch.cat(out)


def variable_length(q: Tensor, k: Tensor, v: Tensor, offsets: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """torch's kernel for packed sequences; on a GPU, in half precision."""
    from torch.nn.attention.varlen import varlen_attn

    longest = max(lengths)
    return varlen_attn(q, k, v, offsets, offsets, longest, longest)


def flash_attention_3(q: Tensor, k: Tensor, v: Tensor, offsets: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """The package `flash_attn_interface`, for Hopper GPUs."""
    from flash_attn_interface import flash_attn_varlen_func

    longest = max(lengths)
    out = flash_attn_varlen_func(q, k, v, offsets, offsets, longest, longest)
    return out[0] if isinstance(out, tuple) else out
