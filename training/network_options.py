"""What a run starts from, and the networks that it trains: sections of its configuration."""

from dataclasses import dataclass

from model.configs import MMDIT_CONFIGS, ROPES, VAE_CONFIGS
from model.lora import ATTENTION
from model.recompute import Recompute
from training.bounds import in_range, one_of

STAGES = ("vae", "1", "2", "3")
WEIGHTS = ("model", "ema")
TEXTS = ("stored", "tiny")


@dataclass(frozen=True)
class Init:
    """`from_` (`from` in YAML) is a run's OUTPUT or a folder of diffusers' layout; without one, networks are new.

    `weights` are a run's own or their moving average. `stages` are those whose runs may be gone on from; empty: the
    same stage and the one before. `vae` and `text` are folders that hold these parts instead. `condition_vae` encodes
    the picture to decompose, an RGB VAE for the paper's ablation; without one, `vae` does.
    """

    from_: str | None = None
    weights: str = "ema"
    stages: tuple[str, ...] = ()
    vae: str | None = None
    text: str | None = None
    condition_vae: str | None = None

    def __post_init__(self) -> None:
        one_of("weights", self.weights, WEIGHTS)
        for stage in self.stages:
            one_of("stages", stage, STAGES)


@dataclass(frozen=True)
class Network:
    """Sizes of networks that are made anew; a checkpoint brings its own."""

    mmdit: str = "tiny"
    vae: str = "tiny"
    text: str = "stored"  # the text encoder: as `init` names it; or `tiny`, a random one to try things out with
    rope: str = "layer3d"
    recompute: str = "none"
    compile: bool = False

    def __post_init__(self) -> None:
        one_of("mmdit", self.mmdit, tuple(MMDIT_CONFIGS))
        one_of("vae", self.vae, tuple(VAE_CONFIGS))
        one_of("text", self.text, TEXTS)
        one_of("rope", self.rope, ROPES)
        one_of("recompute", self.recompute, tuple(Recompute))


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters, trained instead of the transformer of `init.from`; `rank` 0: the transformer itself is.

    They count `alpha / rank` times. `targets` end the names of the linear modules that get one.
    """

    rank: int = 0
    alpha: int | None = None  # None: as much as the rank
    targets: tuple[str, ...] = ATTENTION

    def __post_init__(self) -> None:
        in_range("rank", self.rank, 0, 4096)
        if self.alpha is not None:
            in_range("alpha", self.alpha, 1, 1 << 20)
        if not self.targets or not all(self.targets):
            raise ValueError(f"targets are {list(self.targets)}; they must be names of linear modules, e.g. to_q")

    @property
    def numerator(self) -> int:
        """Of `alpha / rank`."""
        return self.rank if self.alpha is None else self.alpha
