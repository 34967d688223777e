"""All that decides what a run of training does: frozen, and checked when it is made.

A wrong value is a ValueError that names it. `config_files` makes these from YAML.
"""

from dataclasses import dataclass, field

from schemas.members import MAX_LAYERS
from training.recipes import Task

STAGES = ("vae", "1", "2", "3")
WEIGHTS = ("model", "ema")
PRECISIONS = ("bf16", "fp32")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Init:
    """`from_` (`from` in YAML) is a run's OUTPUT or a folder of diffusers' layout; without one, networks are new.

    `weights` are a run's own or their moving average. `stages` are those whose runs may be gone on from; empty: the
    same stage and the one before. `vae` and `text` are folders that hold these parts instead.
    """

    from_: str | None = None
    weights: str = "ema"
    stages: tuple[str, ...] = ()
    vae: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Network:
    """Sizes of networks that are made anew; a checkpoint brings its own."""

    mmdit: str = "tiny"
    vae: str = "tiny"
    rope: str = "layer3d"
    recompute: str = "none"
    compile: bool = False


@dataclass(frozen=True)
class Source:
    """`where` is a dataset of `make shards`, a folder of tars, a glob or a tar; `weight` is its share of samples."""

    where: str
    weight: float = 1.0


@dataclass(frozen=True)
class Data:
    """`pack_tokens` bounds what a rank takes at once; it has nothing to do with the batch, which `Schedule` has."""

    sources: tuple[Source, ...] = ()
    split: str = "train"
    resolutions: tuple[int, ...] = (640,)  # each sample is at the largest that its own area reaches, or the smallest
    max_layers: int = MAX_LAYERS
    max_text_tokens: int = 512
    pack_tokens: int = 32_768
    workers: int = 2
    ahead: int = 2  # micro-steps that are read in advance, by each worker


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


@dataclass(frozen=True)
class Flow:
    """Noise levels of training: the sigmoid of a normal draw, shifted (`model.flow`)."""

    mean: float = 0.0
    deviation: float = 1.0
    shift: float = 1.0


@dataclass(frozen=True)
class Schedule:
    """`batch` samples a step over all ranks together: how many ranks there are changes no gradient."""

    steps: int = 1000
    batch: int = 8
    lr: float = 1e-5
    warmup: int = 100
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0
    ema: float = 0.9999


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


@dataclass(frozen=True)
class Checkpoints:
    """Every so many steps, and how many are kept; `export` every so many steps as well as at the end; 0: never."""

    every: int = 500
    keep: int = 3
    export: int = 0


@dataclass(frozen=True)
class Validation:
    every: int = 500
    samples: int = 64
    split: str = "validation"


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


@dataclass(frozen=True)
class RunConfig:
    """A run."""

    stage: str = "3"
    seed: int = 0
    init: Init = field(default_factory=Init)
    network: Network = field(default_factory=Network)
    data: Data = field(default_factory=Data)
    tasks: Tasks = field(default_factory=Tasks)
    flow: Flow = field(default_factory=Flow)
    schedule: Schedule = field(default_factory=Schedule)
    engine: Engine = field(default_factory=Engine)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    validation: Validation = field(default_factory=Validation)
    vae: VaeStage = field(default_factory=VaeStage)
    log_every: int = 10
