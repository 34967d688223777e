"""Stages 1 to 3 learn the same from the same samples, however they are packed and shared out."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file

from inference.loaded import load
from model.checkpoint import load_vae, save_vae
from model.configs import VAE_CONFIGS
from model.rgba_vae import RgbaVae
from tests.training.lone_rank import LONE
from tests.training.on_ranks import on_ranks
from tests.training.tiny_parts import tiny_config, vae_run, with_zero
from training.batches import encode, flow_batch, latents
from training.checkpoints import StoredParameters, whole
from training.configuration import Flow, Validation
from training.export import export
from training.flow_module import FlowModule
from training.flow_validation import FlowValidation
from training.journal import Journal, read_metrics
from training.layered_work import LayeredWork
from training.loop import train
from training.run import Run

KINDS = ("train", "validation", "pictures")


def trained(ranks, parts):
    """Of each (configuration, folder, ranks that share a sample): what is told of steps, validation and pictures."""
    for config, output, shared in parts:
        own = replace(ranks, sequence_parallel=shared, sequence_group=dist.group.WORLD if shared > 1 else None)
        Path(output).mkdir(parents=True, exist_ok=True)
        ranks.barrier()
        work = LayeredWork(config, Path(output), own)
        journal = Journal(Path(output), config.schedule.steps, 0) if ranks.is_first else None
        train(Run(work, config, Path(output), own), journal)
        if ranks.is_first:
            export(work, whole(Path(output))[-1], Path(output))
    return [[read_metrics(Path(output), kind) for kind in KINDS] for _, output, _ in parts]


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return vae_run(tmp_path_factory.mktemp("vae") / "run")


@pytest.fixture(scope="module")
def configs(dataset, start):
    shown = {"pictures": 3, "sampling_steps": 1}
    validated = {"validation": Validation(every=3, samples=3, split="train", **shown)}
    base = replace(tiny_config("3", dataset, start, "tasks.blanks=0.5", "tasks.merge=0.5"), **validated)
    return {
        "alone": base,
        "packs": replace(base, data=replace(base.data, pack_tokens=700)),
        "two": base,
        "zero3": with_zero(base, 3),
        "bf16": replace(base, engine=replace(base.engine, precision="bf16")),
        "sequence": base,
        "recomputed": replace(base, network=replace(base.network, recompute="full")),
        "selective": replace(base, network=replace(base.network, recompute="selective")),
        "stage1": replace(tiny_config("1", dataset, start), **validated),
        "stage2": replace(tiny_config("2", dataset, start), **validated),
    }


@pytest.fixture(scope="module")
def runs(configs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("layered")
    told = {}
    for world, names in (
        (1, ("alone", "packs", "recomputed", "selective", "bf16")),
        (2, ("two", "zero3", "sequence", "stage1", "stage2")),
    ):
        parts = [(configs[name], str(folder / name), 1 + (name == "sequence")) for name in names]
        told |= dict(zip(names, on_ranks(world, trained, parts)[0], strict=True))
    return folder, told


def column(lines, name):
    return [line[name] for line in lines]


@pytest.mark.parametrize("name", ["packs", "two", "zero3", "sequence", "recomputed", "selective"])
def test_packs_ranks_and_sequence_groups_change_no_loss_and_no_gradient(runs, name):
    _, told = runs
    for measure in ("loss", "gradient_norm", "composite_loss", "layer_loss"):
        assert column(told[name][0], measure) == pytest.approx(column(told["alone"][0], measure), rel=2e-5)


def test_half_precision_learns_nearly_the_same(runs):
    _, told = runs
    assert column(told["bf16"][0], "loss") == pytest.approx(column(told["alone"][0], "loss"), rel=2e-2)


@pytest.mark.parametrize("name", ["two", "zero3", "sequence"])
def test_validation_is_the_same_on_any_ranks(runs, name):
    _, told = runs
    own, other = ({key: value for key, value in told[of][1][0].items() if key != "kind"} for of in (name, "alone"))
    assert own == pytest.approx(other, rel=2e-5)


@pytest.mark.parametrize("name", ["two", "zero3", "sequence"])
def test_pictures_are_the_same_on_any_ranks(runs, name):
    """Up to levels of 255 that rounding moves."""
    (own,), (other,) = (told[2] for told in (runs[1][name], runs[1]["alone"]))
    assert own.keys() == other.keys()
    for key in own.keys() - {"kind"}:
        assert own[key] == pytest.approx(other[key], abs=0.5 if key.endswith("recomposition") else 5e-3)


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("alone", {"alpha_iou_0", "rgb_l1_5", "blank_rate", "recomposition", "auto_alpha_iou_0", "auto_layers_off"}),
        ("stage2", {"blank_rate", "recomposition", "auto_layers"}),
    ],
)
def test_pictures_tell_of_layers_merges_blanks_and_recomposition(runs, name, figures):
    (line,) = runs[1][name][2]
    assert figures <= set(line)


def test_pictures_of_stage_1_are_looked_at_and_not_scored(runs):
    folder, told = runs
    assert told["stage1"][2] == []
    assert len(list((folder / "stage1" / "pictures" / "worst").glob("*.png"))) == 3


def test_validation_tells_of_tasks_levels_and_layer_counts(runs):
    _, told = runs
    names = set(told["alone"][1][0])
    assert {"loss", "loss/image_to_layers", "loss/sigma_0.1", "loss/sigma_0.9"} <= names
    assert any(name.startswith("loss/layers_") for name in names)


def test_the_parts_of_the_loss_add_up(runs):
    for lines, *_ in runs[1].values():
        for line in lines:
            assert line["composite_loss"] + line["layer_loss"] == pytest.approx(line["loss"], rel=1e-5)


def test_validation_takes_so_many_samples_of_its_split(configs, tmp_path):
    found = {}
    for split in ("train", "validation"):
        config = replace(configs["alone"], validation=Validation(every=1, samples=2, split=split))
        validation = LayeredWork(config, tmp_path, LONE)._validation
        found[split] = {example.prompt for example in validation._read(validation._planned)}
        assert len(validation) == 2
    assert not found["train"] & found["validation"]


def test_a_long_prompt_is_cut_to_the_tokens_that_are_allowed(configs, tmp_path):
    config = replace(configs["alone"], data=replace(configs["alone"].data, max_text_tokens=9))
    work = LayeredWork(config, tmp_path, LONE)
    planned = [one for row in work.plan(0) for pack in row for one in pack]
    encoded = encode(work.reader()(planned), work._encoders, LONE.device)
    assert [len(one.text_UW) for one in encoded] == [one.shape.text for one in planned]
    assert max(one.shape.text for one in planned) == 9


@pytest.mark.parametrize("name", ["stage1", "stage2", "zero3"])
def test_an_export_draws(runs, name):
    """What every stage exports is a pipeline that inference loads."""
    folder, _ = runs
    loaded = load(str(folder / name / "export" / "ema"), "cpu")
    stored = StoredParameters(whole(folder / name)[-1], "ema")
    assert torch.equal(loaded.model.proj_out.weight, stored["mmdit.proj_out.weight"])
    assert loaded.learns_to_stop == (name != "stage1")


def test_a_later_stage_starts_from_what_was_exported(runs, configs, tmp_path):
    folder, _ = runs
    config = replace(
        configs["stage2"], init=replace(configs["stage2"].init, from_=str(folder / "stage1"), weights="model")
    )
    work = LayeredWork(config, tmp_path, LONE)
    state = load_file(folder / "stage1" / "export" / "model" / "transformer" / "diffusion_pytorch_model.safetensors")
    assert all(torch.equal(tensor, state[name]) for name, tensor in work.module.mmdit.state_dict().items())


def test_a_packed_gradient_is_the_mean_of_those_of_its_samples(configs, tmp_path):
    work = LayeredWork(configs["alone"], tmp_path, LONE)
    planned = [one for row in work.plan(0) for pack in row for one in pack]
    encoded = encode(work.reader()(planned), work._encoders, LONE.device)
    module = FlowModule(_shaken(work.module.mmdit))

    def gradient(some):
        module.zero_grad()
        module(flow_batch(some, Flow(), 2.0, 0, 2, LONE)).samples_B.mean().backward()
        return {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}

    together, alone = gradient(encoded), [gradient([one]) for one in encoded]
    for name, value in together.items():
        mean = sum(one[name] for one in alone) / len(alone)
        torch.testing.assert_close(value, mean, atol=1e-6 * mean.abs().max().item() + 1e-9, rtol=1e-4)


def _shaken(mmdit):
    """Weights none of which is 0, as gates and output are at first, so that every gradient tells."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in mmdit.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
    return mmdit


@pytest.mark.long
def test_compiled_blocks_learn_the_same(runs, configs, tmp_path):
    """Also under ZeRO-3, whose hooks stand between what is compiled."""
    base = replace(configs["alone"], network=replace(configs["alone"].network, compile=True))
    parts = [(base, str(tmp_path / "2"), 1), (with_zero(base, 3), str(tmp_path / "3"), 1)]
    for lines, *_ in on_ranks(2, trained, parts, timeout_s=600)[0]:
        assert column(lines, "loss") == pytest.approx(column(runs[1]["alone"][0], "loss"), rel=1e-4)


def rgb_vae_run(folder: Path, **changed: object) -> Path:
    torch.manual_seed(1)
    save_vae(RgbaVae(replace(VAE_CONFIGS["tiny"], image_channels=3, **changed)), folder / "vae")
    return folder


def test_an_rgb_vae_encodes_the_picture_to_decompose(configs, tmp_path):
    own = replace(configs["alone"].init, condition_vae=str(rgb_vae_run(tmp_path / "rgb")))
    work = LayeredWork(replace(configs["alone"], init=own), tmp_path, LONE)
    planned = [one for row in work.plan(0) for pack in row for one in pack]
    examples = work.reader()(planned)
    encoded = encode(examples, work._encoders, LONE.device)
    rgb = load_vae(tmp_path / "rgb" / "vae", dtype=torch.float32, image_channels=3)
    for example, one in zip(examples, encoded, strict=True):
        expected = latents(rgb, example.frames[:1], LONE.device)[0]
        torch.testing.assert_close(one.condition_Chw, expected, atol=1e-5, rtol=1e-4)
    work.export(work.module.state_dict(), tmp_path / "out")
    assert load(str(tmp_path / "out"), "cpu").condition_vae.config.image_channels == 3


def test_an_rgb_vae_of_other_latents_is_refused(configs, tmp_path):
    other = rgb_vae_run(tmp_path / "rgb", dim_mult=(1, 2))
    config = replace(configs["alone"], init=replace(configs["alone"].init, condition_vae=str(other)))
    with pytest.raises(ValueError, match=r"condition_vae has 16 channels at stride 2; the VAE has 16 at stride 8"):
        LayeredWork(config, tmp_path, LONE)


def test_levels_are_tried_in_packs_within_the_budget(configs, tmp_path):
    """Nine of the longest sample would not fit; the losses are those of one pack."""
    losses, most = [], []
    config = configs["alone"]
    work = LayeredWork(config, tmp_path, LONE)
    for budget in (100_000, 64):
        validation = FlowValidation(
            work._validation._read._sources, replace(config, data=replace(config.data, pack_tokens=budget)),
            work._encoders, work._mmdit_config,
        )  # fmt: skip
        seen = []
        hook = work.module.register_forward_pre_hook(lambda _, given, seen=seen: seen.append(len(given[0].sigma_B)))
        losses.append(validation.losses(work.module, LONE))
        hook.remove()
        most.append(max(seen))
    assert most == [9, 1]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
