"""A configuration and the samples of a pack in, the floating-point operations of the VLD-MMDiT out.

Multiplications and additions of matrix products and of attention; what recomputation adds is not counted, so that
utilisation (MFU) counts useful work alone.
"""

from collections.abc import Iterable

from model.configs import MmditConfig
from model.packing import SampleShape

_BACKWARD = 2  # times the forward


def forward_flops(shapes: Iterable[SampleShape], config: MmditConfig) -> int:
    """Of one pack: `a * S + b * S ** 2` summed over samples of S tokens, and what each sample costs once."""
    return sum(_sample_flops(shape, config) for shape in shapes)


def training_flops(shapes: Iterable[SampleShape], config: MmditConfig) -> int:
    """Forward and backward."""
    return (1 + _BACKWARD) * forward_flops(shapes, config)


def adapting_flops(shapes: Iterable[SampleShape], config: MmditConfig) -> int:
    """Forward and backward where adapters alone are trained: of a product with frozen weights only its input has a
    gradient, and attention costs twice the forward as ever. The adapters' own products are not counted."""
    samples = list(shapes)
    attention = config.depth * sum(_attention_flops(shape, config) for shape in samples)
    return 2 * forward_flops(samples, config) + attention


def _attention_flops(shape: SampleShape, config: MmditConfig) -> int:
    """Of one block: scores, and their sum over values."""
    return 4 * config.width * shape.tokens**2


def _sample_flops(shape: SampleShape, config: MmditConfig) -> int:
    width, depth = config.width, config.depth
    block = 24 * width**2 * shape.tokens  # q, k, v, out: 4 products; the MLP: 2 of four times the width
    attention = _attention_flops(shape, config)
    modulation = 2 * 2 * 6 * width**2  # a sample, of both streams
    ends = 2 * width * (
        config.token_channels * (shape.image_tokens + shape.predicted_tokens) + config.text_width * shape.text
    )  # fmt: skip
    time = 2 * (256 + width + 2 * width) * width
    return depth * (block + attention + modulation) + ends + time
