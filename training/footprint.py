"""A configuration and what is trained in, the bytes that a rank holds out, part by part.

Legend: N parameters, P of them trained, R ranks, e bytes of a computed value (2 in bf16, 4 in fp32), b elements of a
bucket of gradients, S tokens of a pack, D width. What DeepSpeed (0.19.8) and torch keep was counted on a CPU,
allocation by allocation; the tests hold the formulas against that.
"""

from dataclasses import dataclass, replace
from functools import cache

import torch

from model.configs import MmditConfig, VaeConfig
from model.lora import targeted
from model.mmdit import VldMmdit
from model.recompute import Recompute
from training.configuration import Engine, RunConfig
from training.engine import BUCKET, SUB_GROUP
from training.network_options import Lora, Network

BYTES = {"bf16": 2, "fp32": 4}
_GATHERED = 1_000_000_000  # parameters that ZeRO-3 holds whole at most (its `stage3_max_live_parameters`)

# What the backward pass of a block needs of the forward pass, in values of [S, D], as torch runs one operator after
# another: x, its norm, 1 + scale, modulated; q, k before their norms; q, k, v in the order of samples; what attention
# gave, in that order and in the stream's; gate, projection, x, norm, 1 + scale, modulated, 4 and 4 of the MLP, gate,
# MLP. Rotations keep q and k in float32 beside that. Compiled, a part keeps less and computes the rest again.
_KEPT_EAGER, _KEPT_ROTATED_BYTES, _KEPT_COMPILED = 27, 8, 20
# `selective` keeps x, attention's six and products of matrices: q, k, v, the projection, 4 of the MLP, the MLP.
_KEPT_SELECTIVE, _KEPT_SELECTIVE_COMPILED = 15, 14
_KEPT_FULL = 1  # x
# Where adapters alone are trained no input of a frozen matrix is kept but those that adapters share; of each adapted
# matrix the selective one keeps two products. Beside these, what adapters give: O values of D, in and out alike.
_KEPT_ADAPTING, _AT_WORK_ADAPTING = 12, 10
_AT_WORK = 6  # gradients of the last block's MLP, and the loss
_AT_WORK_SELECTIVE = 14  # that, and what one part of a block keeps when it is computed again

# Bytes of the VAE's encoder, a pixel and channel of its first level: three and two of float32; in fp32 four.
_ENCODED = {"bf16": 14, "fp32": 16}
RESERVE_BYTES = 2 << 30  # assumed: CUDA's context, NCCL's buffers, what lies between allocations


@dataclass(frozen=True)
class Memory:
    """Bytes of one rank's GPU, and of the machine's memory for it (`host`), where parts are offloaded."""

    weights: int  # in the type that is computed with
    gathered: int  # of ZeRO-3: whole ones beside a rank's share
    optimizer: int  # float32 weights and Adam's moments
    ema: int
    frozen: int  # VAE and text encoder
    gradients: int
    encoding: int  # by the VAE
    activations: int
    update: int  # of the weights, with the gradients in float32
    reserve: int = RESERVE_BYTES
    host: int = 0
    judges: int = 0  # of the VAE stage: LPIPS, and a discriminator with its optimizer

    @property
    def peak(self) -> int:
        """Encoding, forward and backward, and the update follow each other."""
        lasting = self.weights + self.optimizer + self.ema + self.frozen + self.judges + self.reserve
        passes = self.gathered + self.gradients + max(self.encoding, self.activations)
        return lasting + max(passes, self.update)


@dataclass(frozen=True)
class Load:
    """Of the fullest pack: `tokens` of one rank, and `encoded_px`, pixels that go through the VAE together."""

    tokens: int
    encoded_px: int


def memory(
    config: RunConfig, mmdit: MmditConfig, vae: VaeConfig, frozen_parameters: int, ranks: int, load: Load
) -> Memory:
    """`ranks` are all GPUs, whose number ZeRO divides by."""
    width = BYTES[config.engine.precision]
    return Memory(
        **states(parameters_of(mmdit, config.lora), config.engine, ranks),
        frozen=frozen_parameters * width,
        encoding=load.encoded_px * vae.base_dim * _ENCODED[config.engine.precision],
        activations=activations(load.tokens, mmdit, config.network, width, config.lora),
    )


@dataclass(frozen=True)
class Parameters:
    """How many there are: of the network, of it trained ones, and those of the largest trained tensor."""

    total: int
    trained: int
    largest: int


@cache
def parameters_of(config: MmditConfig, lora: Lora) -> Parameters:
    """From shapes alone."""
    with torch.device("meta"):
        model = VldMmdit(config)
    sizes = [tensor.numel() for tensor in model.parameters()]
    if not lora.rank:
        return Parameters(sum(sizes), sum(sizes), max(sizes))
    adapted = targeted(model, lora.targets).values()
    added = [lora.rank * side for linear in adapted for side in (linear.in_features, linear.out_features)]
    return Parameters(sum(sizes) + sum(added), sum(added), max(added))


def states(parameters: Parameters, engine: Engine, ranks: int) -> dict[str, int]:
    """What ZeRO keeps of P parameters, by the names of `Memory`.

    |           | ZeRO-1    | ZeRO-2          | ZeRO-3                       |
    | weights   | e N       | e N             | e N / R                      |
    | gathered  |           |                 | e min(N, 1e9), of ranks      |
    | optimizer | 12 P / R, and 4 P / R of the average                        |
    | gradients | e P + e b | 4 P / R + 2 e b | 4 P / R + 2 e b              |
    | update    | 12 P / R  | 12 P / R        | 4 P / R + 12 min(P / R, 1e9) |

    ZeRO-2 in fp32 adds a pass's gradients to the earlier ones out of place: 4 P / R more. What is offloaded lies in the
    machine's memory.
    """
    width, total, trained = BYTES[engine.precision], parameters.total, parameters.trained
    share, held = -(-trained // ranks), -(-total // ranks)
    buckets = 2 * width * (min(BUCKET, trained) + parameters.largest)
    summed, gathered = 4 * share, 0
    if engine.zero == 1:
        weights, gradients, update = width * total, width * trained + buckets // 2, 12 * share
    elif engine.zero == 2:
        passes = 2 if engine.precision == "fp32" else 1
        weights, gradients, update = width * total, passes * summed + buckets, 12 * share
    else:
        weights = width * held
        gathered = width * min(_GATHERED, total) if ranks > 1 else 0
        gradients, update = summed + buckets, summed + 12 * min(SUB_GROUP, share)
    parts = {
        "weights": weights, "gathered": gathered, "optimizer": 12 * share, "ema": 4 * share, "gradients": gradients,
        "update": update, "host": 0,
    }  # fmt: skip
    if engine.offload_optimizer:
        parts["host"] += parts["optimizer"] + parts["ema"] + update
        parts.update(optimizer=0, ema=0, update=0, gradients=gradients if engine.zero == 1 else buckets)
    if engine.offload_parameters:
        parts["host"] += width * held
        parts["weights"] -= width * held
    return parts


def activations(tokens: int, mmdit: MmditConfig, network: Network, width: int, lora: Lora) -> int:
    """What a forward pass keeps for the backward pass, and what that needs at its fullest, in its last block.

    Attention keeps no scores. Tables of rotations and of the order of tokens are added. What compiled blocks keep
    with adapters was not counted: it is taken to be no less than without.
    """
    eager = _KEPT_ADAPTING if lora.rank else _KEPT_EAGER
    at_work: float = _AT_WORK_ADAPTING if lora.rank else _AT_WORK
    added = _adapted_values(mmdit, lora)
    whole_block: float = _KEPT_COMPILED if network.compile else eager + added + _KEPT_ROTATED_BYTES / width
    kept: float
    if network.recompute == Recompute.NONE:
        kept, at_work = whole_block, _AT_WORK
    elif network.recompute == Recompute.SELECTIVE:
        kept = added + (_KEPT_SELECTIVE_COMPILED if network.compile else _KEPT_SELECTIVE)
        at_work = at_work if lora.rank else _AT_WORK_SELECTIVE
    else:
        kept, at_work = _KEPT_FULL, whole_block - _KEPT_FULL + at_work
    values = mmdit.width * (mmdit.depth * kept + at_work)
    return int(tokens * (values * width + 4 * mmdit.head_dim + 3 * 8))


@cache
def _adapted_values(mmdit: MmditConfig, lora: Lora) -> float:
    """What adapters in a block give for a token, of its stream, in values of [S, D]: their rank's, and their output."""
    if not lora.rank:
        return 0.0
    with torch.device("meta"):
        found = targeted(VldMmdit(replace(mmdit, depth=1)), lora.targets)
    tokenwise = [one for name, one in found.items() if "_blocks." in name and "_mod." not in name]
    return sum(one.out_features + lora.rank for one in tokenwise) / (2 * mmdit.width)
