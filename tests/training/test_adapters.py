"""Adapters alone are trained, and their export is the transformer that was trained; whatever holds them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from inference.loaded import load
from model.checkpoint import load_mmdit, save_mmdit
from model.configs import MMDIT_CONFIGS
from model.lora import ATTENTION
from model.mmdit import VldMmdit
from tests.training.lone_rank import LONE
from tests.training.on_ranks import on_ranks
from tests.training.tiny_parts import tiny_config, vae_run, with_zero
from training.adapters import adapt
from training.checkpoints import StoredParameters, read_state, whole
from training.export import export
from training.journal import Journal, read_metrics
from training.layered_work import LayeredWork
from training.loop import FINISHED, train
from training.network_options import Lora
from training.networks import initialised, trained_mmdit
from training.origin import Origin
from training.run import Run

TINY = MMDIT_CONFIGS["tiny"]
LORA = ("lora.rank=4", "lora.alpha=8", "schedule.ema=0.5", "schedule.steps=4", "schedule.lr=1e-2")


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A pipeline without text encoder, none of whose weights is 0."""
    folder = vae_run(tmp_path_factory.mktemp("start") / "run")
    save_mmdit(stirred(1), folder / "export" / "ema" / "transformer")
    return folder


def stirred(seed):
    model = initialised(VldMmdit(TINY), seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return model


def ran(ranks, config, output, until=None):
    """Goes on with a run from wherever it stands, to its end or to a step; exports at the end."""
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    ranks.barrier()
    steps = config.schedule.steps if until is None else until
    config = replace(config, schedule=replace(config.schedule, steps=steps))
    work = LayeredWork(config, output, ranks)
    one = Run(work, config, output, ranks)
    if whole(output):
        one.resume(whole(output)[-1])
    journal = Journal(output, steps, one.done) if ranks.is_first else None
    assert train(one, journal) == FINISHED
    if ranks.is_first:
        export(work, whole(output)[-1], output)
    ranks.barrier()
    return read_metrics(output, "train")


def all_ran(ranks, parts):
    return [ran(ranks, *part) for part in parts]


@pytest.fixture(scope="module")
def configs(dataset, start):
    base = tiny_config("3", dataset, start, *LORA)
    half = replace(base, engine=replace(base.engine, precision="bf16"))
    return {
        "zero1": with_zero(base, 1), "zero2": base, "zero3": with_zero(base, 3),
        "recomputed": replace(base, network=replace(base.network, recompute="full")),
        "bf16": half, "bf16-zero3": with_zero(half, 3),
    }  # fmt: skip


@pytest.fixture(scope="module")
def runs(configs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapted")
    parts = [(config, str(folder / name)) for name, config in configs.items()]
    parts += [(configs[name], str(folder / f"{name}-stopped"), 2) for name in ("zero2", "zero3")]
    parts += [(configs[name], str(folder / f"{name}-stopped")) for name in ("zero2", "zero3")]
    told = on_ranks(2, all_ran, parts)[0]
    return folder, dict(zip(configs, told, strict=False))


def losses(lines):
    return [line["loss"] for line in lines]


@pytest.mark.parametrize("name", ["zero1", "zero3", "recomputed"])
def test_zero_and_recomputation_change_no_loss(runs, name):
    assert losses(runs[1][name]) == pytest.approx(losses(runs[1]["zero2"]), rel=2e-5)


@pytest.mark.parametrize("name", ["bf16", "bf16-zero3"])
def test_half_precision_learns_nearly_the_same(runs, name):
    assert losses(runs[1][name]) == pytest.approx(losses(runs[1]["zero2"]), rel=3e-2)


@pytest.mark.parametrize("name", ["zero1", "zero2", "zero3", "bf16"])
def test_a_checkpoint_holds_the_adapters_alone(runs, name):
    checkpoint = whole(runs[0] / name)[-1]
    for kind in ("weights", "ema", "exp_avg", "exp_avg_sq"):
        for path in checkpoint.glob(f"{kind}-*.safetensors"):
            assert all(".lora_" in key for key in load_file(path)), path
    assert len(StoredParameters(checkpoint, "weights")) == 2 * 8 * TINY.depth


@pytest.mark.parametrize("name", ["zero2", "zero3"])
def test_a_run_that_was_stopped_ends_with_the_same_bits(runs, name):
    folder, _ = runs
    one, other = (whole(folder / path)[-1] for path in (name, f"{name}-stopped"))
    for path in one.glob("*.safetensors"):
        stored, again = load_file(path), load_file(other / path.name)
        assert stored.keys() == again.keys()
        assert all(torch.equal(stored[key], again[key]) for key in stored), path.name


@pytest.mark.parametrize("weights", ["model", "ema"])
def test_what_is_exported_is_what_was_trained(runs, configs, start, weights):
    """The merged transformer, and the one that was published with the adapters by themselves, as inference has both."""
    exported = runs[0] / "zero2" / "export" / weights
    merged = load(str(exported), "cpu").model.state_dict()
    base = load_mmdit(start / "export" / "ema" / "transformer", dtype=torch.float32)
    kinds = {"model": "weights", "ema": "ema"}
    stored = StoredParameters(whole(runs[0] / "zero2")[-1], kinds[weights])
    name = "transformer_blocks.1.attn.add_k_proj"
    down, up = (stored[f"mmdit.{name}.lora_{half}.default.weight"] for half in "AB")
    expected = base.state_dict()[f"{name}.weight"] + 2.0 * up @ down
    assert up.any()
    torch.testing.assert_close(merged[f"{name}.weight"], expected, atol=1e-6, rtol=0)
    changed = {key for key, tensor in merged.items() if not torch.equal(tensor, base.state_dict()[key])}
    unseen = {"attn.to_add_out.weight", "attn.add_q_proj.weight"}  # no loss depends on the last block's text
    names = {f"transformer_blocks.{block}.attn.{target}.weight" for block in range(TINY.depth) for target in ATTENTION}
    assert changed == names - {f"transformer_blocks.{TINY.depth - 1}.{key}" for key in unseen}


def test_the_adapters_by_themselves_make_the_same_of_what_they_were_trained_on(runs, configs, tmp_path):
    exported = runs[0] / "zero2" / "export" / "ema"
    base = tmp_path / "base"
    for part in ("vae", "text_encoder", "tokenizer", "processor"):
        (base / part).parent.mkdir(exist_ok=True)
        (base / part).symlink_to(exported / part)
    start = Path(configs["zero2"].init.from_)
    (base / "transformer").symlink_to(start / "export" / "ema" / "transformer")
    merged, applied = load(str(exported), "cpu"), load(str(base), "cpu", str(exported / "lora"))
    for name, tensor in merged.model.state_dict().items():
        assert torch.equal(tensor, applied.model.state_dict()[name]), name


def test_the_file_says_what_was_configured(runs):
    with safe_open(runs[0] / "zero2" / "export" / "ema" / "lora" / "pytorch_lora_weights.safetensors", "pt") as file:
        settings = json.loads(file.metadata()["lora_adapter_metadata"])
    assert (settings["transformer.r"], settings["transformer.lora_alpha"]) == (4, 8)


def test_a_run_goes_on_from_what_was_merged(runs, configs, tmp_path):
    init = replace(configs["zero2"].init, from_=str(runs[0] / "zero2"))
    work = LayeredWork(replace(configs["zero2"], init=init), tmp_path, LONE)
    exported = load(str(runs[0] / "zero2" / "export" / "ema"), "cpu").model
    own = dict(work.module.mmdit.named_parameters())
    name = "transformer_blocks.0.attn.to_q"
    assert torch.equal(own[f"{name}.base_layer.weight"], exported.state_dict()[f"{name}.weight"])


def test_a_checkpoint_knows_which_transformer_its_adapters_are_of(runs, configs, tmp_path):
    """A run goes on with the same one only (`Run.resume`)."""
    other = vae_run(tmp_path / "other")
    save_mmdit(stirred(2), other / "export" / "ema" / "transformer")
    config = configs["zero2"]
    elsewhere = replace(config, init=replace(config.init, from_=str(other)))
    stored = read_state(whole(runs[0] / "zero2")[-1]).frozen
    assert LayeredWork(config, runs[0] / "zero2", LONE).frozen() == stored
    assert LayeredWork(elsewhere, runs[0] / "zero2", LONE).frozen() != stored


def trained(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def test_adapters_begin_as_nothing_and_from_the_seed_alone():
    one, same, other = (stirred(1) for _ in range(3))
    for model, seed in ((one, 3), (same, 3), (other, 4)):
        adapt(model, Lora(rank=2), seed)
    name = "transformer_blocks.0.attn.to_q.lora_A.default.weight"
    assert torch.equal(one.state_dict()[name], same.state_dict()[name])
    assert not torch.equal(one.state_dict()[name], other.state_dict()[name])
    assert not any(tensor.any() for key, tensor in one.state_dict().items() if ".lora_B." in key)


@pytest.mark.parametrize("targets", [("to_q", "to_out.0"), ("net.2", "img_in", "txt_mod.1")])
def test_what_is_targeted_is_trained(start, dataset, targets):
    config = tiny_config("3", dataset, start, "lora.rank=2", f"lora.targets=[{', '.join(targets)}]")
    model = trained_mmdit(config, Origin(transformer=start / "export" / "ema" / "transformer"), 64, 16, LONE)
    modules = {name.split(".lora_")[0] for name in trained(model)}
    assert {name for name in modules if not name.endswith(targets)} == set()
    assert all(any(name.endswith(target) for name in modules) for target in targets)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["lora.rank=-1"], "rank is -1"),
        (["lora.rank=2", "lora.alpha=0"], "alpha is 0"),
        (["lora.targets=[]"], "targets are"),
    ],
)
def test_what_cannot_be_is_said(dataset, start, settings, said):
    with pytest.raises(ValueError, match=rf"lora\.{said}"):
        tiny_config("3", dataset, start, *settings)


def test_the_vae_has_no_adapters(dataset, start):
    with pytest.raises(ValueError, match="adapters are of the transformer, not of the VAE"):
        tiny_config("vae", dataset, start, "lora.rank=2")


def test_a_new_transformer_has_nothing_to_adapt(dataset, start):
    config = tiny_config("3", dataset, start, "lora.rank=2")
    with pytest.raises(ValueError, match=r"lora\.rank is 2, and init\.from has no transformer to adapt"):
        trained_mmdit(config, Origin(), 64, 16, LONE)
