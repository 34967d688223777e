"""What a network is made of: frozen configurations, checked when they are made, and the named sizes.

The values of `QWEN_IMAGE_*` are those of the released weights (Qwen-Image-Layered, its diffusers configuration).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from schemas.spelling import nearest

# Of the released VAE, channel by channel; latents enter the transformer with mean 0 and deviation 1.
LATENTS_MEAN = (
    -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508,
    0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921,
)  # fmt: skip
LATENTS_STD = (
    2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
    3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160,
)  # fmt: skip

ROPES = ("layer3d", "plain2d")


def _check_whole(config: object, **most: int) -> None:
    """Each of these is a whole number from 1 to what is given; what lies beyond is damage, and would fill memory."""
    for name, limit in most.items():
        value = getattr(config, name)
        if not _is_whole(value, limit):
            raise ValueError(f"{name} is {value!r}; it must be a whole number in 1..{limit}")


def _is_whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class VaeConfig:
    """The RGBA-VAE. `image_channels` is 4 for RGBA and 3 for the RGB VAE that it is made from."""

    base_dim: int = 96
    z_dim: int = 16
    dim_mult: tuple[int, ...] = (1, 2, 4, 4)
    num_res_blocks: int = 2
    image_channels: int = 4
    latents_mean: tuple[float, ...] = LATENTS_MEAN
    latents_std: tuple[float, ...] = LATENTS_STD

    def __post_init__(self) -> None:
        _check_whole(self, base_dim=4096, z_dim=1024, num_res_blocks=64)
        levels = self.dim_mult
        if not isinstance(levels, tuple) or not 1 <= len(levels) <= 8 or not all(_is_whole(one, 64) for one in levels):
            raise ValueError(f"dim_mult is {levels!r}; it must be one to eight whole numbers in 1..64")
        if self.image_channels not in (3, 4):
            raise ValueError(f"image_channels is {self.image_channels!r}; it must be 3 (RGB) or 4 (RGBA)")
        for name in ("latents_mean", "latents_std"):
            values = getattr(self, name)
            if not isinstance(values, tuple) or not all(map(_is_number, values)):
                raise ValueError(f"{name} is {values!r}; it must be numbers, one for each of {self.z_dim} channels")
            if len(values) != self.z_dim:
                raise ValueError(f"{name} has {len(values)} values; z_dim is {self.z_dim}")
        if min(self.latents_std) <= 0:
            raise ValueError(f"latents_std is {self.latents_std}; its values must be positive")

    @property
    def stride(self) -> int:
        """Pixels of a side that one latent cell stands for."""
        return 2 ** (len(self.dim_mult) - 1)


@dataclass(frozen=True)
class MmditConfig:
    """The VLD-MMDiT: `depth` blocks of width `heads * head_dim`.

    `latent_channels` are those of the VAE, `patch` the side of a token in latent cells. `rope_axes` are the shares of
    a head's channels that turn with the layer, the row and the column. `rope` is `layer3d`, or `plain2d` for the
    paper's ablation (table 2), in which every frame has layer index 0.
    """

    depth: int = 60
    heads: int = 24
    head_dim: int = 128
    text_width: int = 3584
    latent_channels: int = 16
    patch: int = 2
    rope_axes: tuple[int, int, int] = (16, 56, 56)
    rope_theta: float = 10_000.0
    rope: str = "layer3d"

    def __post_init__(self) -> None:
        _check_whole(self, depth=1024, heads=256, head_dim=1024, text_width=65_536, latent_channels=1024, patch=16)
        if not _is_number(self.rope_theta) or self.rope_theta <= 0:
            raise ValueError(f"rope_theta is {self.rope_theta!r}; it must be a positive number")
        axes = self.rope_axes
        if not isinstance(axes, tuple) or len(axes) != 3 or not all(_is_whole(a, 1024) and a % 2 == 0 for a in axes):
            raise ValueError(f"rope_axes is {axes!r}; it must be three positive even numbers")
        if sum(self.rope_axes) != self.head_dim:
            raise ValueError(
                f"rope_axes is {self.rope_axes}, together {sum(self.rope_axes)}; head_dim is {self.head_dim}"
            )
        if self.rope not in ROPES:
            raise ValueError(f"rope is {self.rope!r}; it must be one of {', '.join(ROPES)}")

    @property
    def width(self) -> int:
        return self.heads * self.head_dim

    @property
    def token_channels(self) -> int:
        """Of one image token: the channels of `patch` x `patch` latent cells."""
        return self.latent_channels * self.patch**2


MMDIT_CONFIGS = {
    "qwen_image_20b": MmditConfig(),
    "base": MmditConfig(depth=24, heads=12, head_dim=64, rope_axes=(8, 28, 28)),
    "small": MmditConfig(depth=12, heads=6, head_dim=64, rope_axes=(8, 28, 28)),
    "mini": MmditConfig(  # wider than the 128 channels of a token's noise, which every block must carry
        depth=4, heads=6, head_dim=32, text_width=64, latent_channels=8, patch=4, rope_axes=(8, 12, 12)
    ),
    "tiny": MmditConfig(depth=2, heads=2, head_dim=32, text_width=64, rope_axes=(8, 12, 12)),
}
VAE_CONFIGS = {
    "qwen_image": VaeConfig(),
    "base": VaeConfig(base_dim=64),
    "small": VaeConfig(base_dim=32),
    "mini": VaeConfig(
        base_dim=8, z_dim=8, dim_mult=(1, 2, 4), num_res_blocks=1, latents_mean=(0.0,) * 8, latents_std=(1.0,) * 8
    ),
    "tiny": VaeConfig(base_dim=8, num_res_blocks=1),
}

Config = TypeVar("Config", VaeConfig, MmditConfig)


def from_mapping(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """A configuration from JSON or YAML. An unknown key is a ValueError that names the nearest known one."""
    known = {field.name for field in fields(kind)}
    for name in values:
        if name not in known:
            raise ValueError(f"{kind.__name__} has no {name!r}{nearest(name, sorted(known))}")
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return kind(**given)


def named(configs: Mapping[str, Config], name: str) -> Config:
    """One of the named sizes; ValueError with the names there are."""
    if name not in configs:
        raise ValueError(f"there is no configuration {name!r}; known are {', '.join(configs)}")
    return configs[name]
