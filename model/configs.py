"""What a network is made of: frozen configurations, checked when they are made, and the named sizes.

The values of `QWEN_IMAGE_*` are those of the released weights (Qwen-Image-Layered, its diffusers configuration).
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

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


def _check_positive(config: object, *names: str) -> None:
    for name in names:
        if not getattr(config, name) > 0:
            raise ValueError(f"{name} is {getattr(config, name)}; it must be positive")


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
        _check_positive(self, "base_dim", "z_dim", "num_res_blocks")
        if not self.dim_mult or min(self.dim_mult) < 1:
            raise ValueError(f"dim_mult is {self.dim_mult}; it names the width of one level or more, each at least 1")
        if self.image_channels not in (3, 4):
            raise ValueError(f"image_channels is {self.image_channels}; it must be 3 (RGB) or 4 (RGBA)")
        for name in ("latents_mean", "latents_std"):
            if len(getattr(self, name)) != self.z_dim:
                raise ValueError(f"{name} has {len(getattr(self, name))} values; z_dim is {self.z_dim}")

    @property
    def stride(self) -> int:
        """Pixels of a side that one latent cell stands for."""
        return 2 ** (len(self.dim_mult) - 1)


@dataclass(frozen=True)
class MmditConfig:
    """The VLD-MMDiT: `depth` blocks of width `heads * head_dim`.

    `latent_channels` are those of the VAE, `patch` the side of a token in latent cells. `rope_axes` are the shares of
    a head's channels that turn with the layer, the row and the column. `rope` is `layer3d`, or `plain2d` for the
    paper's ablation (table 2), in which every frame has layer index 0. `has_t_cond` adds one of two rows to the time
    embedding (see `mmdit.TimeEmbedding`).
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
    has_t_cond: bool = True

    def __post_init__(self) -> None:
        _check_positive(self, "depth", "heads", "head_dim", "text_width", "latent_channels", "patch", "rope_theta")
        if len(self.rope_axes) != 3 or any(axis <= 0 or axis % 2 for axis in self.rope_axes):
            raise ValueError(f"rope_axes is {self.rope_axes}; it must be three positive even numbers")
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
    "tiny": MmditConfig(depth=2, heads=2, head_dim=32, text_width=64, rope_axes=(8, 12, 12)),
}
VAE_CONFIGS = {
    "qwen_image": VaeConfig(),
    "base": VaeConfig(base_dim=64),
    "small": VaeConfig(base_dim=32),
    "tiny": VaeConfig(base_dim=8, num_res_blocks=1),
}

Config = TypeVar("Config", VaeConfig, MmditConfig)


def from_mapping(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """A configuration from JSON or YAML. An unknown key is a ValueError that names the nearest known one."""
    known = {field.name for field in fields(kind)}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
            raise ValueError(f"{kind.__name__} has no {name!r}; {hint}")
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return kind(**given)


def named(configs: Mapping[str, Config], name: str) -> Config:
    """One of the named sizes; ValueError with the names there are."""
    if name not in configs:
        raise ValueError(f"there is no configuration {name!r}; known are {', '.join(configs)}")
    return configs[name]
