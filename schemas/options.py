"""How a document is curated: every setting that decides what is stored. Hashed into the manifest."""

import difflib
import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields

from schemas.members import MAX_LAYERS

MERGES = ("levels", "tree")
OVER_CAP = ("reject", "flatten")
NO_STORED_IMAGE = ("reject", "keep")
UNFAITHFUL = ("reject", "flag")
IMAGE_FORMATS = ("png", "webp")
MODEL_CAPTIONERS = ("qwen", "server")  # captions that a model writes once the corpus has been curated
CAPTIONERS = ("layers", "none", *MODEL_CAPTIONERS)
DROP, FLAG, IGNORE = POLICIES = ("drop", "flag", "ignore")
DETECTORS = ("blurred_face", "watermark", "placeholder", "guide", "solid_colour")
ANOMALOUS = ("layer", "document")
MAX_AREA = 1 << 26  # pixels of a stored sample: to recompose one takes 44 bytes a pixel
MEMORY_BYTES = (1 << 30, 1 << 50)  # a child's libraries alone take half of the least


@dataclass(frozen=True)
class CurateOptions:
    """Pixels are counted on the PSD's canvas, before resizing. A wrong value raises ValueError."""

    # accept
    max_mean: float = 1.0  # in 1/255
    min_within2: float = 0.95
    gold_within2: float = 0.99
    unfaithful: str = "reject"  # documents beyond these limits
    no_stored_image: str = "reject"
    # rights
    mining: str = "drop"  # documents that prohibit data mining
    generated: str = "flag"  # documents that name a trained model as their source
    keep_authors: bool = False  # whom the file names as its authors, where the manifest names nobody
    # filter
    min_visible_px: int = 16
    min_difference: float = 0.5  # in 1/255: a pixel that differs by no more is the same
    # detectors of anomalous layers, each with its threshold; see data_pipeline/anomaly
    blurred_face: str = "drop"
    blurred_face_threshold: float = 0.028  # in face widths
    watermark: str = "drop"
    watermark_threshold: float = 0.5
    placeholder: str = "flag"
    placeholder_threshold: float = 0.5
    guide: str = "drop"
    guide_threshold: float = 0.9
    solid_colour: str = "flag"
    solid_colour_threshold: float = 0.98
    anomalous: str = "layer"  # what goes where a layer is dropped: it alone, or its document
    # merge
    merge: str = "levels"
    target_layers: int = 8  # for merge="tree"
    max_layers: int = MAX_LAYERS
    over_cap: str = "reject"
    overlap_alpha: float = 0.0  # both alphas above it overlap; at 0 merging changes no pixel
    # write
    max_area: int = 1024 * 1024  # px of the stored composite
    image_format: str = "webp"
    captioner: str = "layers"
    previews: bool = True
    preview_side_px: int = 512
    # limits, checked before anything is decoded
    max_file_bytes: int = 4 << 30
    max_side_px: int = 30_000
    max_canvas_px: int = 200_000_000
    max_nodes: int = 2_000
    max_layer_px: int = 1_500_000_000  # of all layers together
    max_seconds: int = 600
    max_memory_bytes: int = 8 << 30

    def __post_init__(self) -> None:
        for name, allowed in (
            ("merge", MERGES),
            ("over_cap", OVER_CAP),
            ("no_stored_image", NO_STORED_IMAGE),
            ("unfaithful", UNFAITHFUL),
            ("image_format", IMAGE_FORMATS),
            ("captioner", CAPTIONERS),
            ("mining", POLICIES),
            ("generated", POLICIES),
            ("anomalous", ANOMALOUS),
            *((name, POLICIES) for name in DETECTORS),
        ):
            if getattr(self, name) not in allowed:
                near = difflib.get_close_matches(str(getattr(self, name)), allowed, 1, 0.6)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(allowed)}{hint}")
        for option in fields(self):
            _check_type(option.name, getattr(self, option.name), option.type)
        for name in ("min_within2", "gold_within2", "overlap_alpha"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must lie in [0, 1]")
        for name in (f"{name}_threshold" for name in DETECTORS):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{name} is {getattr(self, name)}; it must lie in [0, 1): what exceeds it is anomalous, and nothing"
                    " exceeds 1"
                )
        if not 1 <= self.max_layers <= MAX_LAYERS:
            raise ValueError(f"max_layers is {self.max_layers}; a sample has 1 to {MAX_LAYERS} layers")
        if not 1 <= self.target_layers <= self.max_layers:
            raise ValueError(f"target_layers is {self.target_layers}; it must lie in 1..max_layers ({self.max_layers})")
        for name in (
            "max_area",
            "max_file_bytes",
            "max_side_px",
            "max_canvas_px",
            "max_nodes",
            "max_layer_px",
            "max_seconds",
            "max_memory_bytes",
            "preview_side_px",
        ):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be positive")
        if self.gold_within2 < self.min_within2:
            raise ValueError(
                f"gold_within2 is {self.gold_within2}, min_within2 {self.min_within2}; gold must ask for no less"
            )
        if self.max_area > MAX_AREA:
            raise ValueError(f"max_area is {self.max_area}; a sample of more than {MAX_AREA} px cannot be verified")
        if self.max_side_px > 30_000:
            raise ValueError(f"max_side_px is {self.max_side_px}; psd-tools reads up to 30000")
        if not MEMORY_BYTES[0] <= self.max_memory_bytes <= MEMORY_BYTES[1]:
            low, high = MEMORY_BYTES
            raise ValueError(f"max_memory_bytes is {self.max_memory_bytes}; it must lie in {low}..{high}")
        for name in ("max_mean", "min_visible_px", "min_difference"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must not be negative")

    def hash(self) -> str:
        """First 16 hex digits of the sha256 of the settings: equal exactly where all settings are."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check_type(name: str, value: object, kind: object) -> None:
    """A truth value is no number, though Python takes it for one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind is float and not is_number:
        raise ValueError(f"{name} is {value!r}; it must be a number")
    if kind is int and not (is_number and isinstance(value, int)):
        raise ValueError(f"{name} is {value!r}; it must be a whole number")
    if kind is bool and not isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}; it must be true or false")
