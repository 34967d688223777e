"""All that decides what a run of training does: frozen, and checked when it is made.

A wrong value is a ValueError that names it. `config_files` makes these from YAML.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from model.buckets import MOST_SIDE_PX
from model.configs import MMDIT_CONFIGS, ROPES, VAE_CONFIGS
from model.lora import ATTENTION
from model.recompute import Recompute
from schemas.members import MAX_LAYERS, SPLITS
from training.recipes import Task, TextOrder

STAGES = ("vae", "1", "2", "3")
WEIGHTS = ("model", "ema")
PRECISIONS = ("bf16", "fp32")
TEXTS = ("stored", "tiny")
DEVICES = ("auto", "cpu", "cuda")
BESIDE = "beside"  # where a source's latents lie
MOST_VARIANTS = 64


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
        _one_of("weights", self.weights, WEIGHTS)
        for stage in self.stages:
            _one_of("stages", stage, STAGES)


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
        _one_of("mmdit", self.mmdit, tuple(MMDIT_CONFIGS))
        _one_of("vae", self.vae, tuple(VAE_CONFIGS))
        _one_of("text", self.text, TEXTS)
        _one_of("rope", self.rope, ROPES)
        _one_of("recompute", self.recompute, tuple(Recompute))


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters, trained instead of the transformer of `init.from`; `rank` 0: the transformer itself is.

    They count `alpha / rank` times. `targets` end the names of the linear modules that get one.
    """

    rank: int = 0
    alpha: int | None = None  # None: as much as the rank
    targets: tuple[str, ...] = ATTENTION

    def __post_init__(self) -> None:
        _in_range("rank", self.rank, 0, 4096)
        if self.alpha is not None:
            _in_range("alpha", self.alpha, 1, 1 << 20)
        if not self.targets or not all(self.targets):
            raise ValueError(f"targets are {list(self.targets)}; they must be names of linear modules, e.g. to_q")

    @property
    def numerator(self) -> int:
        """Of `alpha / rank`."""
        return self.rank if self.alpha is None else self.alpha


@dataclass(frozen=True)
class Source:
    """`where` is a dataset of `make shards`, a folder of tars, a glob or a tar; `weight` is its share of samples."""

    where: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.where:
            raise ValueError("where is empty; it must be a dataset, a folder of tars, a glob or a tar")
        _in_range("weight", self.weight, 0, math.inf, above=True)


@dataclass(frozen=True)
class Data:
    """`pack_tokens` bounds what a rank takes at once; it has nothing to do with the batch, which `Schedule` has.

    A sample has `variants` recipes, taken in turn; 0: another at every visit, which nothing can encode in advance.
    `latents` is the folder of `make latents`, or `beside`: the folder `latents` of every source; empty: pixels are
    read and encoded.
    """

    sources: tuple[Source, ...] = ()
    split: str = "train"
    resolutions: tuple[int, ...] = (640,)  # each sample is at the largest that its own area reaches, or the smallest
    max_layers: int = MAX_LAYERS
    max_text_tokens: int = 512
    pack_tokens: int = 32_768
    workers: int = 2
    ahead: int = 2  # micro-steps that are read in advance, by each worker
    variants: int = 0
    latents: str = ""
    skip: tuple[str, ...] = ()  # keys of samples that are left out, such as one that cannot be decoded

    def __post_init__(self) -> None:
        _one_of("split", self.split, SPLITS)
        if not self.resolutions or any(side % 32 or not 32 <= side <= MOST_SIDE_PX for side in self.resolutions):
            bound = f"multiples of 32 up to {MOST_SIDE_PX}, e.g. [640]"
            raise ValueError(f"resolutions are {list(self.resolutions)}; they must be {bound}")
        _in_range("max_layers", self.max_layers, 1, MAX_LAYERS)
        _in_range("max_text_tokens", self.max_text_tokens, 1, 1024)
        _in_range("pack_tokens", self.pack_tokens, 1, 1 << 24)
        _in_range("workers", self.workers, 0, 256)
        _in_range("ahead", self.ahead, 1, 64)
        _in_range("variants", self.variants, 0, MOST_VARIANTS)
        if self.latents and not self.variants:
            raise ValueError(
                f"latents is {self.latents!r} and variants 0; what is drawn anew at every visit is in no cache: "
                "set data.variants as it was for make latents"
            )


@dataclass(frozen=True)
class Tasks:
    """`weights` are relative shares; chances are of each sample."""

    weights: dict[Task, float] = field(default_factory=dict)
    caption_dropout: float = 0.1
    layer_pictures: float = 0.5  # of samples of text_to_rgb and text_to_rgba: a layer with a caption of its own
    merge: float = 0.0  # that some neighbouring layers are blended into one
    blanks: float = 0.0  # that blank frames follow the layers
    most_blanks: int = 4
    composite_weight: float = 1.0  # of the composite's frame in the loss, a layer's being 1
    languages: tuple[str, ...] = ()  # of captions; empty: all
    hidden_text: float = 0.0  # of samples of layered tasks: texts of the file that the caption does not quote follow it
    text_order: TextOrder = TextOrder.READING

    def __post_init__(self) -> None:
        for task, weight in self.weights.items():
            _in_range(f"weights.{task}", weight, 0, math.inf)
        for name in ("caption_dropout", "layer_pictures", "merge", "blanks", "hidden_text"):
            _in_range(name, getattr(self, name), 0, 1)
        _in_range("most_blanks", self.most_blanks, 1, MAX_LAYERS)
        _in_range("composite_weight", self.composite_weight, 0, 1000)


@dataclass(frozen=True)
class Flow:
    """Noise levels of training: the sigmoid of a normal draw, shifted (`model.flow`)."""

    mean: float = 0.0
    deviation: float = 1.0
    shift: float = 1.0

    def __post_init__(self) -> None:
        _in_range("mean", self.mean, -10, 10)
        _in_range("deviation", self.deviation, 0, 10, above=True)
        _in_range("shift", self.shift, 0, 100, above=True)


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
        _in_range("steps", self.steps, 1, 1 << 40)
        _in_range("batch", self.batch, 1, 1 << 24)
        _in_range("lr", self.lr, 0, 1, above=True)
        _in_range("warmup", self.warmup, 0, 1 << 40)
        _in_range("cooldown", self.cooldown, 0, self.steps)
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas are {list(self.betas)}; they must be two numbers in [0, 1)")
        _in_range("eps", self.eps, 0, 1, above=True)
        _in_range("weight_decay", self.weight_decay, 0, 1)
        _in_range("clip", self.clip, 0, math.inf)
        _in_range("ema", self.ema, 0, 1)


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
        _one_of("zero", self.zero, (1, 2, 3))
        _one_of("precision", self.precision, PRECISIONS)
        _one_of("device", self.device, DEVICES)
        if self.offload_parameters and self.zero != 3:
            raise ValueError(
                f"offload_parameters is true and zero is {self.zero}; parameters are offloaded under zero=3"
            )
        _in_range("sequence_parallel", self.sequence_parallel, 1, 256)
        _in_range("timeout_s", self.timeout_s, 1, 86_400)
        if self.peak_tflops is not None:
            _in_range("peak_tflops", self.peak_tflops, 0, math.inf, above=True)


@dataclass(frozen=True)
class Checkpoints:
    """Every so many steps, 0 for at the end alone, and how many are kept."""

    every: int = 500
    keep: int = 3

    def __post_init__(self) -> None:
        _in_range("every", self.every, 0, 1 << 40)
        _in_range("keep", self.keep, 1, 1000)


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
        _in_range("every", self.every, 0, 1 << 40)
        _in_range("samples", self.samples, 1, 1 << 20)
        _in_range("pictures", self.pictures, 0, 1024)
        _in_range("pictures_every", self.pictures_every, 0, 1 << 40)
        _in_range("sampling_steps", self.sampling_steps, 1, 1000)
        _in_range("guidance", self.guidance, 1, 100)
        _one_of("split", self.split, SPLITS)


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
        _one_of("image_channels", self.image_channels, (3, 4))
        _in_range("micro_batch", self.micro_batch, 1, 1 << 16)
        for name in ("rgb_share", "layer_share"):
            _in_range(name, getattr(self, name), 0, 1)
        for name in ("reconstruction", "alpha", "edges", "perceptual", "kl", "adversarial"):
            _in_range(name, getattr(self, name), 0, 1e6)
        _in_range("adversarial_start", self.adversarial_start, 0, 1 << 40)


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
        _one_of("stage", self.stage, STAGES)
        _in_range("seed", self.seed, 0, (1 << 63) - 1)
        _in_range("log_every", self.log_every, 1, 1 << 40)
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


def _one_of(name: str, value: object, known: Sequence[object]) -> None:
    if value not in known:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(str, known))}")


def _in_range(name: str, value: float, least: float, most: float, *, above: bool = False) -> None:
    """Also refuses NaN. `above`: the least itself is refused."""
    if not (least < value if above else least <= value) or not value <= most or value == math.inf:
        bound = "more than" if above else "at least"
        raise ValueError(
            f"{name} is {value}; it must be {bound} {least}{'' if most == math.inf else f' and at most {most}'}"
        )
