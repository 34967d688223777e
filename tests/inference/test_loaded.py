"""A checkpoint is loaded whole, or what is wrong with it is said."""

import json
import shutil

import pytest
import torch

from inference.loaded import device_of, load
from model.checkpoint import CONDITION_VAE, LEARNS_TO_STOP, save_mmdit, save_vae
from model.configs import MmditConfig, VaeConfig
from model.mmdit import VldMmdit
from model.rgba_vae import RgbaVae


def copied(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


def test_latents_and_pictures_have_the_stride_between_them(loaded):
    x = torch.rand(4, 32, 64) * 2 - 1
    z = loaded.latents(x)
    assert z.shape == (16, 4, 8)
    pictures = loaded.pictures(torch.stack([z, z]))
    assert pictures.shape == (2, 4, 32, 64)
    assert pictures.abs().max() <= 1


def test_large_pictures_go_in_tiles_and_come_out_alike(loaded, monkeypatch):
    x = torch.rand(4, 96, 160) * 2 - 1
    z = loaded.latents(x)
    whole = loaded.pictures(z[None])
    monkeypatch.setattr("inference.loaded._MOST_WHOLE_PX", 1)
    torch.testing.assert_close(loaded.latents(x), z, atol=1e-4, rtol=0)
    torch.testing.assert_close(loaded.pictures(z[None]), whole, atol=1e-4, rtol=0)


def test_the_ablation_encodes_its_condition_with_an_rgb_vae(checkpoint, tmp_path):
    folder = copied(checkpoint, tmp_path)
    save_vae(RgbaVae(VaeConfig(base_dim=8, num_res_blocks=1, image_channels=3)), folder / CONDITION_VAE)
    ablated = load(str(folder), "cpu")
    x = torch.rand(4, 32, 32) * 2 - 1
    clear = x.clone()
    clear[3] = -1
    assert torch.equal(ablated.latents(x), ablated.latents(clear))  # it sees no alpha
    assert ablated.vae.config.image_channels == 4


def test_whether_weights_know_when_to_stop_is_read(checkpoint, tmp_path):
    assert not load(str(checkpoint), "cpu").learns_to_stop
    folder = copied(checkpoint, tmp_path)
    (folder / LEARNS_TO_STOP).write_text("true\n")
    assert load(str(folder), "cpu").learns_to_stop
    (folder / LEARNS_TO_STOP).write_text("yes")
    with pytest.raises(ValueError, match=r"learns_to_stop.json is neither true nor false"):
        load(str(folder), "cpu")


def test_a_missing_part_is_named(checkpoint, tmp_path):
    folder = copied(checkpoint, tmp_path)
    shutil.rmtree(folder / "vae")
    with pytest.raises(ValueError, match="has no vae"):
        load(str(folder), "cpu")


@pytest.mark.parametrize("inside", ["checkpoints", "export/ema"])
def test_of_a_run_of_training_the_exported_folder_is_named(tmp_path, inside):
    (tmp_path / inside).mkdir(parents=True)
    with pytest.raises(ValueError, match=f"exports a checkpoint to {tmp_path}/export/ema$"):
        load(str(tmp_path), "cpu")


def test_parts_that_do_not_fit_each_other_are_told(checkpoint, tmp_path):
    folder = copied(checkpoint, tmp_path)
    path = folder / "vae" / "config.json"
    shutil.rmtree(folder / "vae")
    save_vae(
        RgbaVae(VaeConfig(8, 4, num_res_blocks=1, latents_mean=(0.0,) * 4, latents_std=(1.0,) * 4)), folder / "vae"
    )
    assert json.loads(path.read_text())["z_dim"] == 4
    with pytest.raises(ValueError, match="4 latent channels where the transformer takes 16"):
        load(str(folder), "cpu")


def test_tokens_that_sides_cannot_hold_are_told(checkpoint, tmp_path):
    folder = copied(checkpoint, tmp_path)
    path = folder / "transformer" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "patch_size": 8, "in_channels": 16 * 64}))
    with pytest.raises(ValueError, match="is 64 px wide; pictures have sides of 32 px times a whole number"):
        load(str(folder), "cpu")


def test_a_text_encoder_of_another_width_is_told(checkpoint, tmp_path):
    folder = copied(checkpoint, tmp_path)
    shutil.rmtree(folder / "transformer")
    config = MmditConfig(1, 2, 32, text_width=48, rope_axes=(8, 12, 12))
    save_mmdit(VldMmdit(config), folder / "transformer")
    with pytest.raises(ValueError, match="gives 64 channels where the transformer takes 48"):
        load(str(folder), "cpu")


@pytest.mark.parametrize("name", ["nowhere", "../x", "a/b/c", "~/x", "nul\0/x", "a b/c"])
def test_a_checkpoint_that_is_nowhere_is_told(name):
    with pytest.raises(ValueError, match="no folder"):
        load(name, "cpu")


def test_a_gpu_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device is 'cuda', and torch finds no GPU"):
        device_of("cuda")
    assert device_of("auto").type == "cpu"
    with pytest.raises(ValueError, match="auto, cpu, cuda"):
        device_of("tpu")
