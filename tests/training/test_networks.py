"""New networks are of the size that is asked for and start as the identity; stored ones must fit each other."""

import resource
import signal
from dataclasses import replace

import pytest
import torch
from torch import nn

from model.checkpoint import save_mmdit
from model.configs import MMDIT_CONFIGS
from model.mmdit import VldMmdit
from model.packing import SampleShape, layout_of
from tests.training.lone_rank import LONE
from tests.training.tiny_parts import tiny_config, vae_run
from training.networks import fingerprint, frozen_vae, initialised, text_folder, trained_mmdit
from training.origin import Origin

TINY = MMDIT_CONFIGS["tiny"]


def config_of(*settings):
    return tiny_config("3", "data", "start", *settings)


@pytest.mark.parametrize("size", ["tiny", "small"])
@pytest.mark.parametrize("rope", ["layer3d", "plain2d"])
def test_a_new_transformer_has_the_size_and_the_rope_that_are_asked_for(size, rope):
    config = config_of(f"network.mmdit={size}", f"network.rope={rope}", "network.recompute=full")
    model = trained_mmdit(config, Origin(), 64, 16, LONE)
    assert (model.config.depth, model.config.rope) == (MMDIT_CONFIGS[size].depth, rope)
    assert (model.config.text_width, model.recompute) == (64, "full")


def test_the_seed_alone_decides_new_weights():
    one, same, other = (initialised(VldMmdit(TINY), seed) for seed in (1, 1, 2))
    assert torch.equal(one.img_in.weight, same.img_in.weight)
    assert not torch.equal(one.img_in.weight, other.img_in.weight)


def test_new_blocks_are_the_identity_and_predict_nothing():
    model = initialised(VldMmdit(TINY), 0)
    shapes = [SampleShape(((2, 2), (2, 2)), 3)]
    out = model(torch.randn(8, 64), torch.randn(3, 64), torch.tensor([0.5]), layout_of(shapes))
    assert torch.equal(out, torch.zeros(8, 64))


def test_a_stored_transformer_goes_on(tmp_path):
    stored = initialised(VldMmdit(TINY), 3)
    save_mmdit(stored, tmp_path / "transformer")
    model = trained_mmdit(config_of(), Origin(transformer=tmp_path / "transformer"), 64, 16, LONE)
    assert torch.equal(model.img_in.weight, stored.img_in.weight)


@pytest.mark.parametrize(("text", "latents"), [(32, 16), (64, 8)])
def test_a_stored_transformer_must_fit_text_encoder_and_vae(tmp_path, text, latents):
    save_mmdit(VldMmdit(TINY), tmp_path / "transformer")
    with pytest.raises(ValueError, match=f"the text encoder gives {text}, the VAE {latents}"):
        trained_mmdit(config_of(), Origin(transformer=tmp_path / "transformer"), text, latents, LONE)


def test_a_disk_that_fills_up_leaves_no_half_text_encoder(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # as a full disk: writes beyond it fail
    try:
        with pytest.raises(OSError, match="text, a tiny text encoder, cannot be written: "):
            text_folder(config_of(), Origin(), tmp_path, LONE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert not list(tmp_path.iterdir())


def test_a_stage_without_a_vae_says_what_to_give():
    with pytest.raises(ValueError, match=r"init\.from has none; give init\.vae"):
        frozen_vae(None, config_of(), LONE)


def test_a_frozen_vae_learns_nothing(tmp_path):
    folder = vae_run(tmp_path / "run") / "export" / "ema" / "vae"
    assert not any(parameter.requires_grad for parameter in frozen_vae(folder, config_of(), LONE).parameters())


def test_a_fingerprint_is_of_every_weight_in_any_precision():
    model = nn.Embedding(300, 64)
    before = fingerprint(model.bfloat16())
    assert fingerprint(model.float()) == before
    with torch.no_grad():
        model.weight[299, 63] += 1
    assert fingerprint(model) != before


def test_a_random_text_encoder_is_made_once(tmp_path):
    folder = text_folder(config_of(), Origin(), tmp_path, LONE)
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert text_folder(config_of(), Origin(), tmp_path, LONE) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == made
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


def test_a_random_text_encoder_must_be_asked_for(tmp_path):
    config = replace(config_of(), network=replace(config_of().network, text="stored"))
    with pytest.raises(ValueError, match=r"give init\.text"):
        text_folder(config, Origin(), tmp_path, LONE)
