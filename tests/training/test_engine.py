"""ZeRO 1, 2 and 3, in one process or two, do what plain AdamW does with all samples at once."""

import pytest
import torch

from tests.training.on_ranks import on_ranks
from tests.training.toy_work import ToyWork
from training.configuration import Engine, RunConfig, Schedule
from training.ema import ShardedEma
from training.engine import BUCKET, ZeroEngine, deepspeed_config

SCHEDULE = Schedule(
    steps=5, batch=16, lr=1e-2, warmup=0, clip=1.0, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.05
)  # fmt: skip


def config_of(zero: int = 2, **engine) -> RunConfig:
    return RunConfig(stage="vae", schedule=SCHEDULE, engine=Engine(zero=zero, device="cpu", **engine))


def trained(ranks, configs):
    """Of each configuration: losses, norms, and the fragments of weights and their average; and the same of a run
    whose weights change places with their average after every step, and back."""
    return [(_trained(ranks, config), _trained(ranks, config, by_the_average)) for config in configs]


def nothing(engine, ema, work):
    return None


def by_the_average(engine, ema, work):
    """What the network says of a sample with the average as its weights."""
    ema.exchange(engine.flats)
    engine.publish()
    with torch.no_grad():
        said = work.module(work.prepare(work.reader()((99,)), torch.device("cpu"))).samples_B
    ema.exchange(engine.flats)
    engine.publish()
    return said


def _trained(ranks, config, between=nothing):
    work = ToyWork(config, ranks.groups)
    engine = ZeroEngine(work.module, config.engine, config.schedule, ranks)
    ema = ShardedEma(engine.flats, 0.5)
    losses, norms = [], []
    for step in range(config.schedule.steps):
        total = torch.zeros(1, dtype=torch.float64)
        for row in work.plan(step):
            batch = work.prepare(work.reader()(row[ranks.group]), ranks.device)
            samples = engine(batch).samples_B
            engine.backward(samples.sum() / config.schedule.batch)
            total += samples.detach().sum() / config.schedule.batch
        losses.append(ranks.summed(total).item())
        norms.append(engine.step(config.schedule.lr))
        ema.update(engine.flats, engine.updates)
        said = between(engine, ema, work)
    parts = {"weights": engine.flats, "ema": ema.flats}
    held = {
        (kind, one.name, one.start): flats[one.flat][one.offset : one.offset + one.length].clone()
        for kind, flats in parts.items()
        for one in engine.fragments
    }
    return losses, norms, held, said


def whole(results, kind):
    """Flattened parameters, put together from all ranks' fragments."""
    parts = {}
    for _, _, held, _ in results:
        for (of_kind, name, start), tensor in held.items():
            if of_kind == kind:
                parts.setdefault(name, {})[start] = tensor
    return {name: torch.cat([pieces[start] for start in sorted(pieces)]) for name, pieces in parts.items()}


CONFIGS = [
    config_of(1, precision="fp32"), config_of(2, precision="fp32"), config_of(3, precision="fp32"),
    config_of(2, precision="fp32", offload_optimizer=True),
    config_of(3, precision="fp32", offload_optimizer=True, offload_parameters=True),
    config_of(1, precision="bf16"), config_of(2, precision="bf16"), config_of(3, precision="bf16"),
]  # fmt: skip
NAMES = ["zero1", "zero2", "zero3", "zero2-offload", "zero3-offload", "zero1-bf16", "zero2-bf16", "zero3-bf16"]


@pytest.fixture(scope="module")
def two_ranks():
    """Of each configuration, what both ranks have."""
    both = on_ranks(2, trained, CONFIGS)
    undisturbed = {name: [rank[place][0] for rank in both] for place, name in enumerate(NAMES)}
    return undisturbed | {f"{name}-averaged": [rank[place][1] for rank in both] for place, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def plain():
    """The same with torch alone: every step one batch, one process."""
    work = ToyWork(CONFIGS[0], 1)
    optimizer = torch.optim.AdamW(work.module.parameters(), lr=1e-2, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.05)
    averages = [parameter.detach().clone() for parameter in work.module.parameters()]
    losses, norms = [], []
    for step in range(SCHEDULE.steps):
        samples = work.module(work.reader()(range(step * SCHEDULE.batch, (step + 1) * SCHEDULE.batch))).samples_B
        samples.mean().backward()
        losses.append(samples.mean().item())
        norms.append(torch.nn.utils.clip_grad_norm_(work.module.parameters(), SCHEDULE.clip).item())
        for parameter in work.module.unused.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        optimizer.zero_grad()
        for average, parameter in zip(averages, work.module.parameters(), strict=True):
            average.lerp_(parameter.detach(), 1 - min(0.5, (2 + step) / (11 + step)))
    named = [name for name, _ in work.module.named_parameters()]
    weights = {name: p.detach().flatten() for name, p in work.module.named_parameters()}
    return losses, norms, weights, dict(zip(named, (average.flatten() for average in averages), strict=True))


@pytest.mark.parametrize("name", NAMES[:5])
def test_losses_and_norms_are_those_of_one_batch_without_packs(two_ranks, plain, name):
    losses, norms, *_ = two_ranks[name][0]
    assert losses == pytest.approx(plain[0], rel=1e-5)
    assert norms == pytest.approx(plain[1], rel=1e-5)


@pytest.mark.parametrize("name", NAMES[:5])
def test_weights_are_those_of_plain_adam(two_ranks, plain, name):
    for parameter, value in whole(two_ranks[name], "weights").items():
        torch.testing.assert_close(value, plain[2][parameter], atol=2e-6, rtol=2e-5)


@pytest.mark.parametrize("name", NAMES[:5])
def test_the_average_is_that_of_whole_weights(two_ranks, plain, name):
    for parameter, value in whole(two_ranks[name], "ema").items():
        torch.testing.assert_close(value, plain[3][parameter], atol=2e-6, rtol=2e-5)


@pytest.mark.parametrize("name", NAMES[5:])
def test_bf16_follows_float32_within_its_rounding(two_ranks, plain, name):
    losses, norms, *_ = two_ranks[name][0]
    assert losses == pytest.approx(plain[0], rel=2e-2)
    assert norms == pytest.approx(plain[1], rel=5e-2)


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_average_change_places_and_back_without_a_trace(two_ranks, name):
    for own, other in zip(two_ranks[name], two_ranks[f"{name}-averaged"], strict=True):
        assert own[:2] == other[:2]
        assert own[2].keys() == other[2].keys()
        assert all(torch.equal(own[2][key], other[2][key]) for key in own[2])


@pytest.mark.parametrize("name", NAMES)
def test_in_between_the_network_computes_with_the_average(two_ranks, plain, name):
    work = ToyWork(CONFIGS[0], 1)
    parameters = whole(two_ranks[name], "ema")
    with torch.no_grad():
        for key, parameter in work.module.named_parameters():
            parameter.copy_(parameters[key].view_as(parameter))
        expected = work.module(work.reader()((99,))).samples_B
    for *_, said in two_ranks[f"{name}-averaged"]:
        torch.testing.assert_close(said, expected, rtol=2e-2 if name.endswith("bf16") else 1e-5, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_ranks_hold_every_element_once(two_ranks, plain, name):
    held = whole(two_ranks[name], "weights")
    assert {parameter: len(value) for parameter, value in held.items()} == {n: len(v) for n, v in plain[2].items()}


def test_master_weights_are_float32_in_bf16(two_ranks):
    for name in NAMES[5:]:
        assert all(tensor.dtype == torch.float32 for tensor in two_ranks[name][0][2].values())


def waits(ranks, config):
    """The time-out of every group of ranks, in seconds."""
    ZeroEngine(ToyWork(config, ranks.groups).module, config.engine, config.schedule, ranks)
    groups = torch.distributed.distributed_c10d._world.pg_map
    return [group._get_backend(torch.device("cpu")).options._timeout.total_seconds() for group in groups]


def test_no_group_of_ranks_waits_longer_than_configured():
    """DeepSpeed's own among them, in which gradients are exchanged."""
    (seconds,) = on_ranks(1, waits, config_of(2, precision="fp32", timeout_s=17))
    assert len(seconds) > 1
    assert set(seconds) == {17.0}


@pytest.mark.parametrize("width", [1, 7, 12, BUCKET + 3])
def test_buckets_hold_all_that_is_trained_and_are_even(width):
    """An odd one fails an assertion of DeepSpeed's: the RGB VAE has an odd number of parameters."""
    module = torch.nn.Linear(width, 1, bias=False, device="meta")
    zero = deepspeed_config(Engine(zero=1), 1.0, module)["zero_optimization"]
    for name in ("reduce_bucket_size", "allgather_bucket_size"):
        assert zero[name] % 2 == 0
        assert min(width, BUCKET) <= zero[name] <= BUCKET
