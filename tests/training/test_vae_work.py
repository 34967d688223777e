"""The VAE stage deals every crop once, loses the same however it is dealt, learns, and exports what others load."""

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from diffusers import AutoencoderKLQwenImage
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from evaluation.reconstruction.lpips import Lpips
from model.checkpoint import load_vae
from model.configs import VAE_CONFIGS, VaeConfig
from model.rgba_vae import RgbaVae
from tests.model.released import released_vae
from tests.training.drawn_shards import members_of, sample_of, soft_stack, tar
from tests.training.on_ranks import on_ranks
from tests.training.vae_runs import CPU, config_of, draw_dataset, learned, on_two_ranks, pictures
from training.checkpoints import whole
from training.data_options import Source
from training.discriminator import Adversary
from training.distributed import Ranks, join
from training.network_options import Init
from training.vae_validation import as_input, measure, reconstructed
from training.vae_work import VaeWork, forward_flops

TINY = VAE_CONFIGS["tiny"]


@pytest.fixture(scope="module")
def ranks():
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("MASTER_ADDR", raising=False)
        environment.setenv("MASTER_PORT", "")  # what `join` puts there is undone
        yield join("cpu", 1, 60)
        dist.destroy_process_group()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return draw_dataset(tmp_path_factory.mktemp("shards"))


@pytest.fixture
def work(dataset, tmp_path, ranks):
    return VaeWork(config_of(dataset), tmp_path, ranks)


def prepared(work, pack):
    return work.prepare(work.reader()(pack), torch.device("cpu"))


def positions(packs):
    return sorted(place.position for micro_step in packs for pack in micro_step for place in pack)


@pytest.mark.parametrize(("world", "micro_batch"), [(1, 8), (2, 2), (3, 1), (4, 8), (6, 3)])
def test_every_position_of_a_step_is_dealt_once_and_no_pack_is_empty(dataset, tmp_path, ranks, world, micro_batch):
    of_many = Ranks(0, world, ranks.device)
    packs = VaeWork(config_of(dataset, micro_batch=micro_batch), tmp_path, of_many).plan(3)
    assert positions(packs) == list(range(18, 24))
    assert all(len(micro_step) == world for micro_step in packs)
    assert all(1 <= len(pack) <= micro_batch for micro_step in packs for pack in micro_step)


def test_losses_and_gradients_do_not_depend_on_how_crops_are_dealt(work):
    pack = [place for micro_step in work.plan(1) for place in micro_step[0]]
    together = work.module(prepared(work, pack)).samples_B
    gradients = torch.autograd.grad(together.sum(), list(work.module.parameters()))
    alone = [work.module(prepared(work, [place])).samples_B for place in pack]
    torch.testing.assert_close(torch.cat(alone), together)
    summed = torch.autograd.grad(torch.cat(alone).sum(), list(work.module.parameters()))
    for one, other in zip(gradients, summed, strict=True):
        assert (one - other).norm() <= 1e-4 * max(1e-3, one.norm())


def test_parts_add_up_to_the_loss(dataset, work):
    losses = work.module(prepared(work, work.plan(0)[0][0]))
    stage = config_of(dataset).vae
    assert set(losses.parts) == set(work.parts)
    total = sum(getattr(stage, name) * part for name, part in losses.parts.items())
    torch.testing.assert_close(losses.samples_B.detach().sum(), total)


def test_it_learns_in_some_dozen_steps(work, ranks):
    optimizer = torch.optim.AdamW(work.module.parameters(), 3e-4)
    before = work.validate(ranks)
    for step in range(40):
        for micro_step in work.plan(step):
            (work.module(prepared(work, micro_step[0])).samples_B.sum() / 6).backward()
        nn.utils.clip_grad_norm_(work.module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    after = work.validate(ranks)
    assert after["composite/psnr"] > before["composite/psnr"] + 2
    assert after["layer/psnr"] > before["layer/psnr"] + 3
    assert after["layer/alpha_l1"] < before["layer/alpha_l1"] / 2


def test_pictures_are_held_out_crops_and_what_the_vae_makes_of_them(dataset, tmp_path, ranks):
    config = config_of(dataset)
    config = replace(config, validation=replace(config.validation, pictures=3))
    shown = VaeWork(config, tmp_path, ranks).pictures(ranks)
    assert [one.name for one in shown] == ["crop 0", "crop 1", "crop 2"]
    assert all(one.sheet.std() > 0 for one in shown)


def test_validation_says_the_same_again_and_draws_no_random_number(work, ranks):
    state = torch.random.get_rng_state()
    assert work.validate(ranks) == work.validate(ranks)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_perfect_reconstruction_scores_as_one(work, ranks):
    class Perfect(nn.Module):
        quant_conv, config = nn.Conv2d(1, 1, 1), TINY
        encode, decode = staticmethod(lambda x: (x, x)), staticmethod(lambda z: z)

    scores = measure(Perfect(), [work.reader()(pack) for pack in work.plan(0)[0]], None, ranks)
    best = {"psnr": 80, "ssim": 1, "alpha_l1": 0, "alpha_iou": 1}
    assert scores
    assert scores == {name: pytest.approx(best[name.split("/")[1]]) for name in scores}


def test_an_exported_vae_is_diffusers_and_its_latents_have_mean_0_and_deviation_1(work, tmp_path):
    weights = {name: tensor.detach() * 1.01 for name, tensor in work.module.named_parameters()}
    work.export(weights, tmp_path / "out")
    theirs = AutoencoderKLQwenImage.from_pretrained(tmp_path / "out" / "vae")
    ours = load_vae(tmp_path / "out" / "vae", dtype=torch.float32)
    pixels = np.concatenate([work.reader()(pack).pixels for step in range(20) for (pack,) in work.plan(step)])
    with torch.no_grad():
        z = ours.normalise(ours.encode(as_input(ours, pixels))[0])
        assert z.mean(dim=(0, 2, 3)).abs().max() < 0.3
        assert (z.std(dim=(0, 2, 3)) - 1).abs().max() < 0.3
        x = as_input(ours, pixels[:2])
        for name, parameter in work.module.named_parameters():
            parameter.copy_(weights[name])
        made = theirs.decode(theirs.encode(x.unsqueeze(2)).latent_dist.mode()).sample.squeeze(2)
        own = work.module.vae.decode(work.module.vae.encode(x)[0]).clamp(-1, 1)
        torch.testing.assert_close(made, own, atol=1e-4, rtol=0)
    assert (reconstructed(ours, pixels[:2]) == reconstructed(work.module.vae, pixels[:2])).mean() > 0.999


def test_a_published_rgb_vae_becomes_rgba_and_keeps_what_transformers_know_of_it(dataset, tmp_path, ranks):
    rgb = replace(TINY, image_channels=3)
    released_vae(rgb).save_pretrained(tmp_path / "published" / "vae")
    config = replace(config_of(dataset), init=Init(from_=str(tmp_path / "published")))
    work = VaeWork(config, tmp_path / "run", ranks)
    assert work.module.vae.config == TINY
    work.export(dict(work.module.named_parameters()), tmp_path / "out")
    assert load_vae(tmp_path / "out" / "vae").config == TINY
    name = "decoder.up_blocks.0.upsamplers.0.time_conv.weight"
    before, after = (
        load_file(tmp_path / where / "vae" / "diffusion_pytorch_model.safetensors")[name]
        for where in ("published", "out")
    )
    assert before.any()
    assert torch.equal(before, after)


def test_an_rgb_vae_is_trained_for_the_ablation(dataset, tmp_path, ranks):
    work = VaeWork(config_of(dataset, image_channels=3), tmp_path, ranks)
    losses = work.module(prepared(work, work.plan(0)[0][0]))
    assert losses.parts["alpha"] == losses.parts["edges"] == 0
    assert losses.samples_B.requires_grad
    assert work.validate(ranks)["composite/psnr"] > 5
    work.export(dict(work.module.named_parameters()), tmp_path / "out")
    assert load_vae(tmp_path / "out" / "vae", image_channels=3).config.image_channels == 3


def test_pictures_without_layers_are_trained_on_too(dataset, tmp_path, ranks):
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 40, 3), np.uint8)).save(out, "JPEG")
    (tmp_path / "flat").mkdir()
    tar(tmp_path / "flat" / "a.tar", [("0.jpg", out.getvalue()), ("0.txt", b"noise")])
    config = config_of(dataset)
    sources = (*config.data.sources, Source(str(tmp_path / "flat"), 3.0))
    work = VaeWork(replace(config, data=replace(config.data, sources=sources)), tmp_path / "run", ranks)
    packs = [pack for micro_step in work.plan(0) for pack in micro_step]
    assert {place.source for pack in packs for place in pack} == {0, 1}
    assert any(key.endswith(" 0") for pack in packs for key in work.keys(pack))
    assert all(work.module(prepared(work, pack)).samples_B.isfinite().all() for pack in packs)


def test_a_picture_that_cannot_be_read_is_named(tmp_path, ranks):
    path = tar(tmp_path / "train-000000.tar", members_of(sample_of(soft_stack(np.random.default_rng(0), 2, 40, 40))))
    work = VaeWork(config_of(path), tmp_path / "run", ranks)
    data, status = Path(path).read_bytes(), os.stat(path)
    Path(path).write_bytes(data.replace(b"WEBPVP8L", b"WEBPVP8?"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a disk that rots leaves it
    with pytest.raises(ValueError, match=r"train-000000.tar, sample [0-9a-f]{16}: an image cannot be decoded"):
        work.reader()(work.plan(0)[0][0])


def test_what_is_skipped_is_taken_at_no_step(dataset, work, tmp_path, ranks):
    key = work.keys(work.plan(0)[0][0])[0].split()[-1]
    config = config_of(dataset)
    without = VaeWork(replace(config, data=replace(config.data, skip=(key,))), tmp_path, ranks)
    taken = {name.split()[-1] for step in range(4) for (pack,) in without.plan(step) for name in without.keys(pack)}
    assert len(taken) == 11
    assert key not in taken
    assert without.notices()[0] == "left out: 1 of 12 samples (named in data.skip)"


def test_a_person_is_told_what_judges_and_what_is_not_validated(dataset, work, tmp_path, ranks):
    (notice,) = work.notices()
    assert notice.startswith("perceptual loss: edges at three sizes")
    config = config_of(dataset)
    elsewhere = replace(config, validation=replace(config.validation, split="test"))
    first, _ = VaeWork(elsewhere, tmp_path / "other", ranks).notices()
    assert first == f"not in the validation: {dataset}, which has no shard of the split 'test'"


def test_lpips_judges_where_its_weights_are_given(dataset, tmp_path, ranks):
    torch.manual_seed(0)
    network = Lpips()
    for linear in network.linear:
        linear.weight.abs_()
    torch.save(network.state_dict(), tmp_path / "lpips.pth")
    work = VaeWork(config_of(dataset, lpips=(str(tmp_path / "lpips.pth"),)), tmp_path, ranks)
    losses = work.module(prepared(work, work.plan(0)[0][0]))
    assert losses.parts["perceptual"] > 0
    assert {name for name, _ in work.module.named_parameters()} == {
        f"vae.{name}" for name, _ in RgbaVae(TINY).named_parameters()
    }
    assert work.validate(ranks)["layer/lpips"] > 0
    assert work.notices() == []


def test_operations_are_those_of_every_convolution_and_of_attention():
    config, counted = VaeConfig(8, num_res_blocks=1), []

    def count(module, inputs, output):
        if isinstance(module, nn.Conv2d):
            taps = module.in_channels * module.kernel_size[0] * module.kernel_size[1]
            counted.append(2 * taps * output.numel())
        else:
            counted.append(4 * output.shape[1] * (output.shape[2] * output.shape[3]) ** 2)  # scores, and their sum

    vae = RgbaVae(config)
    for module in vae.modules():
        if isinstance(module, nn.Conv2d) or type(module).__name__ == "AttentionBlock":
            module.register_forward_hook(count)
    with torch.no_grad():
        vae.decode(vae.encode(torch.zeros(1, 4, 64, 64))[0])
    assert forward_flops(config, 64) == sum(counted)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine": {"sequence_parallel": 2}}, "sequence_parallel is 2"),
        ({"network": {"compile": True}}, "network.compile is true"),
        ({"schedule": {"batch": 3}}, "batch is 3, which leaves some of 2 ranks without a crop"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(dataset, tmp_path, ranks, change, message):
    config = config_of(dataset, micro_batch=1)
    config = replace(config, **{part: replace(getattr(config, part), **values) for part, values in change.items()})
    with pytest.raises(ValueError, match=message):
        VaeWork(config, tmp_path, Ranks(0, 2, ranks.device))


@pytest.fixture(scope="module")
def two_ranks(dataset, tmp_path_factory):
    """Where their runs lie, and what each rank says."""
    output = tmp_path_factory.mktemp("runs")
    return output, on_ranks(2, on_two_ranks, dataset, output)


def test_a_run_with_an_adversary_that_stops_and_goes_on_is_the_run_that_never_stopped(two_ranks):
    output, ((first, *_), (second, *_)) = two_ranks
    assert first == second
    assert first[0] == first[1]
    files = [sorted(whole(output / name)[-1].glob("*.safetensors")) for name in ("whole", "stopped")]
    assert "extra.safetensors" in {path.name for path in files[0]}
    for one, other in zip(*files, strict=True):
        ours, theirs = load_file(one), load_file(other)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours), one.name
    early = load_file(whole(output / "whole")[0] / "extra.safetensors")
    assert not any(name.startswith("exp_avg") for name in early)  # it has learnt nothing yet


def test_a_vae_that_is_shared_out_learns_and_says_what_a_whole_one_does(two_ranks):
    """ZeRO-3 beside ZeRO-1."""
    _, ((*_, stages), (*_, others)) = two_ranks
    (whole_vae, said), (shared, also) = stages[1], stages[3]
    assert whole_vae.keys() == shared.keys()
    for name, weight in whole_vae.items():
        assert (weight - shared[name]).norm() <= 1e-3 * max(1e-2, weight.norm()), name
    assert said == pytest.approx(also, rel=1e-3)
    assert others[3][1] == also


def test_two_ranks_adversary_learns_what_one_learns(two_ranks):
    _, ((_, first, _), (_, second, _)) = two_ranks
    one = Adversary(1e-3, 0, CPU)
    learned(one, 1, pictures(seed=1), pictures(seed=2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    gradients = [name for name in first if name.startswith("exp_avg.")]
    assert gradients
    for name in gradients:
        gradient = one.state()[name]
        assert (first[name] - gradient).norm() < 1e-4 * gradient.norm(), name
