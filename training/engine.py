"""A module and its configuration in, DeepSpeed's ZeRO around it out: backward, step, and the pieces that a rank holds.

This file alone knows DeepSpeed. A step takes any number of backward passes, as packs differ from step to step; their
gradients are summed over passes and ranks.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.configuration import Engine as Options
from training.configuration import Schedule
from training.distributed import Ranks, bound_waits, naming_the_lost

MOMENTS = ("exp_avg", "exp_avg_sq")
_FLATS = ("fp32_partitioned_groups_flat", "single_partition_of_fp32_groups")  # under ZeRO-3; under ZeRO-1 and 2
BUCKET = 500_000_000  # elements of DeepSpeed's reduction buckets, at most
_ALIGNED = 64  # elements: DeepSpeed's buckets are multiples of 2, with NCCL or without
SUB_GROUP = 1_000_000_000  # parameters that ZeRO-3 updates at a time, at most


@dataclass(frozen=True)
class Fragment:
    """The run of elements `start` .. `start + length` of a flattened parameter that this rank optimises.

    It lies in the rank's `flat`-th flat tensor, from `offset` on.
    """

    name: str
    shape: tuple[int, ...]
    start: int
    length: int
    flat: int
    offset: int


class ZeroEngine:
    """`module` is called through `__call__`. Weights are optimised in float32, whatever they are computed in."""

    def __init__(self, module: nn.Module, options: Options, schedule: Schedule, ranks: Ranks) -> None:
        deepspeed = _deepspeed(ranks)
        self._ranks = ranks
        optimizer = torch.optim.AdamW(
            [parameter for parameter in module.parameters() if parameter.requires_grad],
            lr=schedule.lr, betas=schedule.betas, eps=schedule.eps, weight_decay=schedule.weight_decay,
        )  # fmt: skip
        self._engine, *_ = deepspeed.initialize(
            model=module, optimizer=optimizer, config=deepspeed_config(options, schedule.clip, module)
        )
        bound_waits(options.timeout_s)
        self._zero = self._engine.optimizer
        self.fragments = tuple(self._fragments(options.zero))
        for flat in self.flats:  # DeepSpeed and torch make them at the first step, too late for a checkpoint
            state = self._zero.optimizer.state[flat]
            state.setdefault("step", torch.tensor(0.0))
            for name in MOMENTS:
                state.setdefault(name, torch.zeros_like(flat))

    def __call__(self, *inputs: Any) -> Any:
        return self._engine(*inputs)

    @property
    def flats(self) -> list[Tensor]:
        """float32 weights that this rank optimises, one behind another."""
        return list(next(getattr(self._zero, name) for name in _FLATS if hasattr(self._zero, name)))

    def moments(self, name: str) -> list[Tensor]:
        """Adam's, as `flats` lie."""
        return [self._zero.optimizer.state[flat][name] for flat in self.flats]

    def backward(self, loss: Tensor) -> None:
        """Adds gradients. The step's are the sum of all ranks' and passes'."""
        with naming_the_lost("exchange gradients"):
            self._engine.backward(loss * self._ranks.world)  # DeepSpeed averages over ranks

    def step(self, lr: float) -> float:
        """Updates the weights; the norm of all gradients before they were clipped."""
        for group in self._zero.optimizer.param_groups:
            group["lr"] = lr
        with naming_the_lost("update the weights"):
            self._engine.step()
        return float(self._engine.get_global_grad_norm())

    @property
    def updates(self) -> int:
        """Steps that Adam has made."""
        return int(self._zero.optimizer.state[self.flats[0]]["step"])

    def restore(self, updates: int) -> None:
        """To be called when `flats` and `moments` have been overwritten: weights are computed from them."""
        for flat in self.flats:
            self._zero.optimizer.state[flat]["step"].fill_(updates)
        self.publish()

    def publish(self) -> None:
        """To be called when `flats` have been overwritten: the weights that are computed with become theirs."""
        with naming_the_lost("share the weights"):
            _publish(self._zero)

    def _fragments(self, zero: int) -> Iterator[Fragment]:
        for name, parameter in self._engine.module.named_parameters():
            if not parameter.requires_grad:
                continue
            if zero == 3:
                flat, offset, length = self._zero.grad_position[self._zero.get_param_id(parameter)]
                start = length * self._ranks.rank
                length = max(0, min(length, parameter.ds_numel - start))
                shape = tuple(parameter.ds_shape)
            elif parameter._hp_mapping is not None:
                held = parameter._hp_mapping
                flat, offset = held.param_group_index, held.hp_fragment_address.start
                start, length = held.lp_fragment_address.start, held.lp_fragment_address.numel
                shape = tuple(parameter.shape)
            else:
                continue
            if length:
                yield Fragment(name, shape, start, length, flat, offset)


def deepspeed_config(options: Options, clip: float, module: nn.Module) -> dict[str, Any]:
    """DeepSpeed's own. A pack is a batch of one to it: losses are divided here, and when to step is ours to say."""
    elements = [(getattr(one, "ds_numel", one.numel()), one.requires_grad) for one in module.parameters()]
    trained = sum(number for number, is_trained in elements if is_trained)
    bucket = max(_ALIGNED, min(BUCKET, -(-trained // _ALIGNED) * _ALIGNED))
    zero: dict[str, Any] = {
        "stage": options.zero,
        "contiguous_gradients": True,
        "overlap_comm": False,
        "reduce_bucket_size": bucket,
        "allgather_bucket_size": bucket,
    }
    pinned = torch.cuda.is_available() and options.device != "cpu"
    if options.offload_optimizer:
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": pinned}
    if options.zero == 3:
        zero["stage3_prefetch_bucket_size"] = max(1, min(50_000_000, sum(number for number, _ in elements)))
        zero["sub_group_size"] = SUB_GROUP
        if options.offload_parameters:
            zero["offload_param"] = {"device": "cpu", "pin_memory": pinned}
    return {
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 1,
        "managed_gradient_accumulation": False,
        "gradient_clipping": clip,
        "bf16": {"enabled": options.precision == "bf16"},
        # Under ZeRO-1 in bf16 float32 sums would go by another optimizer, which counts passes twice (0.19.8).
        "data_types": {"grad_accum_dtype": None if options.zero == 1 and options.precision == "bf16" else "fp32"},
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "steps_per_print": 1 << 62,
    }


def partitioned(options: Options, ranks: Ranks) -> AbstractContextManager[Any]:
    """Within it, under ZeRO-3, a module's weights are shared out as soon as they are made: no rank holds them all."""
    if options.zero < 3:
        return nullcontext()
    deepspeed = _deepspeed(ranks)
    return deepspeed.zero.Init(config_dict_or_path=deepspeed_config(options, 0.0, nn.Module()))


@torch.no_grad()
def fill_partitioned(module: nn.Module, whole: nn.Module | None, ranks: Ranks) -> None:
    """Gives a module that was made `partitioned` the weights that the first rank holds whole, one after another."""
    deepspeed = _deepspeed(ranks)
    given = dict(whole.named_parameters()) if whole is not None else {}
    for name, parameter in module.named_parameters():
        with deepspeed.zero.GatheredParameters([parameter], modifier_rank=0):
            if name in given:
                parameter.copy_(given[name])


def _deepspeed(ranks: Ranks) -> Any:
    """The package, told of the ranks that have met."""
    if ranks.device.type == "cpu":
        os.environ["DS_ACCELERATOR"] = "cpu"  # else it warns, and asks for what it would find
    import deepspeed

    # Collectives in shared memory, for inference on CPUs: to compile them takes a minute and a compiler.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    if not deepspeed.comm.is_initialized():
        deepspeed.init_distributed(dist_init_required=False, verbose=False)
    return deepspeed


def _publish(zero: Any) -> None:
    """Copies float32 weights to those that are computed with, on every rank that holds them."""
    if hasattr(zero, "update_lp_params"):
        zero.update_lp_params()
        return
    if zero.persistent_parameters:
        zero.persistent_parameters[0].partition(zero.persistent_parameters)
    for own, wide in zip(zero.fp16_partitioned_groups_flat, zero.fp32_partitioned_groups_flat, strict=True):
        own.data.copy_(wide.data)
    for group, parameters in zip(zero.fp16_partitioned_groups_flat, zero.fp16_partitioned_groups, strict=True):
        for parameter, part in zip(parameters, zero.unflatten(group, parameters), strict=True):
            parameter.data = part.data
    if zero.persistent_parameters:
        zero.persistent_parameters[0].all_gather(zero.persistent_parameters)
