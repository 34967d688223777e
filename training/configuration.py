"""All that decides what a run of training does: frozen, and checked when it is made.

A wrong value is a ValueError that names it. `config_files` makes these from YAML.
"""

import math
from dataclasses import dataclass, field

from model.buckets import MOST_SIDE_PX
from schemas.members import SPLITS
from training.bounds import in_range, one_of
from training.data_options import Data, Tasks
from training.network_options import STAGES, Init, Lora, Network

PRECISIONS = ("bf16", "fp32")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Flow:
    """Noise levels of training: the sigmoid of a normal draw, shifted (`model.flow`)."""

    mean: float = 0.0
    deviation: float = 1.0
    shift: float = 1.0

    def __post_init__(self) -> None:
        in_range("mean", self.mean, -10, 10)
        in_range("deviation", self.deviation, 0, 10, above=True)
        in_range("shift", self.shift, 0, 100, above=True)


@dataclass(frozen=True)
class Schedule:
    """`batch` samples a step over all ranks together: how many ranks there are changes no gradient.

    The learning rate grows over the first `warmup` steps, stays, and falls over the last `cooldown` steps.
    """

    steps: int = 1000
    batch: int = 8
    lr: float = 1e-5
    warmup: int = 100
    cooldown: int = 0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0
    ema: float = 0.9999

    def __post_init__(self) -> None:
        in_range("steps", self.steps, 1, 1 << 40)
        in_range("batch", self.batch, 1, 1 << 24)
        in_range("lr", self.lr, 0, 1, above=True)
        in_range("warmup", self.warmup, 0, 1 << 40)
        in_range("cooldown", self.cooldown, 0, 1 << 40)
        if self.cooldown > self.steps:
            raise ValueError(
                f"cooldown is {self.cooldown}, longer than the run, whose steps are {self.steps}; "
                "set schedule.cooldown too, 0 for none"
            )
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas are {list(self.betas)}; they must be two numbers in [0, 1)")
        in_range("eps", self.eps, 0, 1, above=True)
        in_range("weight_decay", self.weight_decay, 0, 1)
        in_range("clip", self.clip, 0, math.inf)
        in_range("ema", self.ema, 0, 1)


@dataclass(frozen=True)
class Engine:
    """How it is computed; none of it changes what is learnt, beyond rounding."""

    zero: int = 2
    offload_optimizer: bool = False
    offload_parameters: bool = False
    precision: str = "bf16"
    sequence_parallel: int = 1
    device: str = "auto"
    timeout_s: int = 600
    peak_tflops: float | None = None  # of a device, for MFU; None: by its name, where known

    def __post_init__(self) -> None:
        one_of("zero", self.zero, (1, 2, 3))
        one_of("precision", self.precision, PRECISIONS)
        one_of("device", self.device, DEVICES)
        if self.offload_parameters and self.zero != 3:
            raise ValueError(
                f"offload_parameters is true and zero is {self.zero}; parameters are offloaded under zero=3"
            )
        in_range("sequence_parallel", self.sequence_parallel, 1, 256)
        in_range("timeout_s", self.timeout_s, 1, 86_400)
        if self.peak_tflops is not None:
            in_range("peak_tflops", self.peak_tflops, 0, math.inf, above=True)


@dataclass(frozen=True)
class Checkpoints:
    """Every so many steps, 0 for at the end alone, and how many are kept."""

    every: int = 500
    keep: int = 3

    def __post_init__(self) -> None:
        in_range("every", self.every, 0, 1 << 40)
        in_range("keep", self.keep, 1, 1000)


@dataclass(frozen=True)
class Validation:
    """Losses of `samples` every so many steps and at the end, 0 for never; `pictures` of held-out samples are drawn by
    the moving average, every `pictures_every` steps and at the end, 0 for at the end alone."""

    every: int = 500
    samples: int = 64
    split: str = "validation"
    pictures: int = 0
    pictures_every: int = 5000
    sampling_steps: int = 20
    guidance: float = 1.0  # the scale of true CFG; 1 for none, at half the cost

    def __post_init__(self) -> None:
        in_range("every", self.every, 0, 1 << 40)
        in_range("samples", self.samples, 1, 1 << 20)
        in_range("pictures", self.pictures, 0, 1024)
        in_range("pictures_every", self.pictures_every, 0, 1 << 40)
        in_range("sampling_steps", self.sampling_steps, 1, 1000)
        in_range("guidance", self.guidance, 1, 100)
        one_of("split", self.split, SPLITS)


@dataclass(frozen=True)
class VaeStage:
    """The VAE's own data, and the weights of its losses (`vae_losses`).

    Not published for Qwen-Image-Layered: the defaults are AlphaVAE's, and ours where it has none (`alpha`, `edges`).
    """

    image_channels: int = 4  # 3: an RGB VAE, for the paper's ablation
    crop_px: int = 256
    micro_batch: int = 8  # crops that a rank takes at once, for memory; the batch is the schedule's
    rgb_share: float = 0.3  # of samples laid on a solid colour
    layer_share: float = 0.5  # of samples that are a layer, not the composite
    reconstruction: float = 1.0
    alpha: float = 1.0
    edges: float = 0.5
    perceptual: float = 0.5
    lpips: tuple[str, ...] = ()  # weights of LPIPS: one file or two; without, an honest substitute
    kl: float = 1e-6
    adversarial: float = 0.0
    adversarial_start: int = 4000

    def __post_init__(self) -> None:
        if self.crop_px % 32 or not 32 <= self.crop_px <= MOST_SIDE_PX:
            raise ValueError(f"crop_px is {self.crop_px}; it must be a multiple of 32 up to {MOST_SIDE_PX}")
        one_of("image_channels", self.image_channels, (3, 4))
        in_range("micro_batch", self.micro_batch, 1, 1 << 16)
        for name in ("rgb_share", "layer_share"):
            in_range(name, getattr(self, name), 0, 1)
        for name in ("reconstruction", "alpha", "edges", "perceptual", "kl", "adversarial"):
            in_range(name, getattr(self, name), 0, 1e6)
        in_range("adversarial_start", self.adversarial_start, 0, 1 << 40)


@dataclass(frozen=True)
class RunConfig:
    """A run."""

    stage: str = "3"
    seed: int = 0
    init: Init = field(default_factory=Init)
    network: Network = field(default_factory=Network)
    lora: Lora = field(default_factory=Lora)
    data: Data = field(default_factory=Data)
    tasks: Tasks = field(default_factory=Tasks)
    flow: Flow = field(default_factory=Flow)
    schedule: Schedule = field(default_factory=Schedule)
    engine: Engine = field(default_factory=Engine)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    validation: Validation = field(default_factory=Validation)
    vae: VaeStage = field(default_factory=VaeStage)
    log_every: int = 10

    def __post_init__(self) -> None:
        one_of("stage", self.stage, STAGES)
        in_range("seed", self.seed, 0, (1 << 63) - 1)
        in_range("log_every", self.log_every, 1, 1 << 40)
        if self.stage == "vae":
            if self.lora.rank:
                raise ValueError(f"lora.rank is {self.lora.rank}, but adapters are of the transformer, not of the VAE")
            if self.data.latents:
                raise ValueError(f"data.latents is {self.data.latents!r}; stage vae is trained on pixels")
            return
        given = {task for task, weight in self.tasks.weights.items() if weight > 0}
        if not given:
            raise ValueError(f"tasks.weights has no positive weight; stage {self.stage} needs a task")

    @property
    def encodes_texts(self) -> bool:
        """Also once training has begun: not where texts are stored, and nothing is validated or drawn."""
        return not self.data.latents or self.validation.every > 0 or self.validation.pictures > 0
