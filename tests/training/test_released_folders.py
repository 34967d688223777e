"""Every stage starts from folders as diffusers saves Qwen-Image and Qwen-Image-Layered, in shards, and exports."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import data_pipeline.torchvision_ops  # noqa: F401 - before diffusers, also where no conftest is read

# isort: split
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImageLayeredPipeline,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor, Qwen2Tokenizer

from inference.loaded import load
from model.checkpoint import load_mmdit, load_vae
from tests.training.lone_rank import LONE
from tests.training.on_ranks import on_ranks
from tests.training.tiny_parts import tiny_config
from training.layered_work import LayeredWork
from training.loop import FINISHED
from training.network_options import Init
from training.train import run

SHARDS = "500KB"


def transformer(**layered):
    torch.manual_seed(1)
    return QwenImageTransformer2DModel(
        num_layers=2, attention_head_dim=32, num_attention_heads=2, joint_attention_dim=64, axes_dims_rope=(8, 12, 12),
        **layered,
    )  # fmt: skip


def vae(channels):
    torch.manual_seed(2)
    return AutoencoderKLQwenImage(base_dim=8, num_res_blocks=1, input_channels=channels)


@pytest.fixture(scope="module")
def published(tiny_qwen, tmp_path_factory):
    """Folders of both pipelines; that of Qwen-Image has no processor."""
    folder = tmp_path_factory.mktemp("hub")
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, base_shift=0.5, shift_terminal=0.02)
    text = {
        "text_encoder": Qwen2_5_VLForConditionalGeneration.from_pretrained(tiny_qwen),
        "tokenizer": Qwen2Tokenizer.from_pretrained(tiny_qwen),
    }
    flat = QwenImagePipeline(scheduler=scheduler, vae=vae(3), transformer=transformer(), **text)
    flat.save_pretrained(folder / "Qwen-Image", max_shard_size=SHARDS)
    layered = transformer(use_layer3d_rope=True, use_additional_t_cond=True)
    processor = Qwen2_5_VLProcessor.from_pretrained(tiny_qwen)
    whole = QwenImageLayeredPipeline(scheduler=scheduler, vae=vae(4), transformer=layered, processor=processor, **text)
    whole.save_pretrained(folder / "Qwen-Image-Layered", max_shard_size=SHARDS)
    return folder


def all_ran(ranks, parts):
    return [run(config, Path(output), ranks) for config, output in parts]


@pytest.fixture(scope="module")
def runs(published, dataset, tmp_path_factory):
    """Two steps of each stage from each folder; from Qwen-Image with the VAE that was trained from it."""
    folder, parts = tmp_path_factory.mktemp("runs"), []
    for name in ("Qwen-Image", "Qwen-Image-Layered"):
        for stage in ("vae", "1", "2", "3"):
            config = tiny_config(stage, dataset, published / name, "vae.crop_px=64", "schedule.steps=2")
            own = str(folder / "Qwen-Image-vae") if name == "Qwen-Image" and stage != "vae" else None
            config = replace(
                config, init=Init(from_=str(published / name), vae=own), network=replace(config.network, text="stored")
            )
            parts.append((config, str(folder / f"{name}-{stage}")))
    assert set(on_ranks(1, all_ran, parts)[0]) == {FINISHED}
    return folder


def test_the_rgb_vae_grows_an_alpha_channel_and_keeps_what_images_never_meet(runs, published):
    trained = AutoencoderKLQwenImage.from_pretrained(runs / "Qwen-Image-vae" / "export" / "model" / "vae")
    assert trained.config.input_channels == 4
    source = AutoencoderKLQwenImage.from_pretrained(published / "Qwen-Image" / "vae").state_dict()
    times = [name for name in source if ".time_conv." in name]
    assert times
    for name in times:
        assert torch.equal(trained.state_dict()[name], source[name]), name
    started = load_vae(published / "Qwen-Image" / "vae", dtype=torch.float32).state_dict()
    ours = load_vae(runs / "Qwen-Image-vae" / "export" / "model" / "vae", dtype=torch.float32).state_dict()
    assert not torch.equal(ours["encoder.conv_in.weight"][:, 3], started["encoder.conv_in.weight"][:, 3])


def test_a_stage_begins_with_the_published_transformer_and_rows_of_zeros(published, dataset, runs, tmp_path):
    init = Init(from_=str(published / "Qwen-Image"), vae=str(runs / "Qwen-Image-vae"))
    config = replace(tiny_config("1", dataset, published), init=init)
    own = LayeredWork(config, tmp_path, LONE).module.mmdit.state_dict()
    stored = QwenImageTransformer2DModel.from_pretrained(published / "Qwen-Image" / "transformer").state_dict()
    rows = own.pop("time_text_embed.addition_t_embedding.weight")
    assert not rows.any()
    assert own.keys() == stored.keys()
    assert all(torch.equal(tensor, stored[name]) for name, tensor in own.items())


@pytest.mark.parametrize("stage", ["1", "2", "3"])
@pytest.mark.parametrize("name", ["Qwen-Image", "Qwen-Image-Layered"])
def test_what_a_stage_exports_draws_here_and_in_diffusers(runs, published, name, stage):
    exported = runs / f"{name}-{stage}" / "export" / "model"
    absent = {"processor": None} if name == "Qwen-Image" else {}  # else diffusers misses it
    pipeline = QwenImageLayeredPipeline.from_pretrained(exported, **absent)
    ours = load(str(exported), "cpu").model.state_dict()
    theirs = pipeline.transformer.state_dict()
    assert all(torch.equal(tensor, theirs[key]) for key, tensor in ours.items())
    started = load_mmdit(published / name / "transformer", dtype=torch.float32).state_dict()
    assert not torch.equal(ours["proj_out.weight"], started["proj_out.weight"])


def test_an_rgb_vae_is_no_beginning_of_a_layered_stage(published, dataset, tmp_path):
    config = tiny_config("1", dataset, published / "Qwen-Image")
    with pytest.raises(ValueError, match=r"is an RGB VAE; give init\.vae, a run of STAGE=vae"):
        LayeredWork(config, tmp_path, LONE)


def test_a_text_encoder_without_a_processor_is_told_of(runs, published, dataset, tmp_path):
    init = Init(from_=str(published / "Qwen-Image"), vae=str(runs / "Qwen-Image-vae"))
    work = LayeredWork(replace(tiny_config("1", dataset, published), init=init), tmp_path, LONE)
    assert any("has no processor" in notice for notice in work.notices())
