"""Prompts become layers, or a flat picture first, as Qwen-Image's own pipeline draws it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
)

from data_pipeline.stack_io.formats import read_stack
from inference import generate as door
from inference.drawing import DrawOptions, draw_flat
from inference.loaded import load_text_to_image
from model.checkpoint import load_schedule
from model.sampler import SamplerOptions
from tests.data_pipeline.stack_pixels import same_pixels

QUICK = ["--steps", "1", "--device", "cpu", "--layers", "2"]


def run(checkpoint, *arguments):
    return door.main([*(str(argument) for argument in arguments), "--checkpoint", str(checkpoint), *QUICK])


@pytest.fixture(scope="module")
def text_to_image(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As Qwen/Qwen-Image is published: no layers, an RGB VAE, a scheduler of its own."""
    folder = tmp_path_factory.mktemp("text-to-image")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        QwenImageTransformer2DModel(
            num_layers=2,
            attention_head_dim=32,
            num_attention_heads=2,
            joint_attention_dim=64,
            axes_dims_rope=(8, 12, 12),
        ).save_pretrained(folder / "transformer")
        AutoencoderKLQwenImage(base_dim=8, num_res_blocks=1).save_pretrained(folder / "vae")
    FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, time_shift_type="exponential", shift_terminal=0.02, base_shift=0.5, max_shift=0.9,
        base_image_seq_len=256, max_image_seq_len=8192,
    ).save_pretrained(folder / "scheduler")  # fmt: skip
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(checkpoint / part, folder / part)
    return folder


@torch.no_grad()
def test_a_flat_picture_is_the_one_that_qwen_images_pipeline_draws(text_to_image, monkeypatch):
    painter = load_text_to_image(str(text_to_image), "cpu")
    noise = torch.randn(1, 1, 16, 6, 8, generator=torch.Generator().manual_seed(3))
    monkeypatch.setattr("inference.drawing.noise", lambda shape, seed, index: noise[0])
    options = DrawOptions(1, 64, sampler=SamplerOptions(steps=4))
    ours = draw_flat(painter, ["a fox"], (64, 48), options)[0]
    pipeline = QwenImagePipeline(
        FlowMatchEulerDiscreteScheduler.from_pretrained(text_to_image / "scheduler"),
        AutoencoderKLQwenImage.from_pretrained(text_to_image / "vae"),
        None, None, QwenImageTransformer2DModel.from_pretrained(text_to_image / "transformer"),
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    text, negative = painter.text(["a fox", " "])
    theirs = pipeline(
        prompt_embeds=text[None], negative_prompt_embeds=negative[None], width=64, height=48, num_inference_steps=4,
        latents=pipeline._pack_latents(noise, 1, 16, 6, 8), output_type="np",
    ).images[0]  # fmt: skip
    assert np.abs(ours[..., :3] / 255 - theirs).max() <= 0.5 / 255 + 1e-4
    assert (ours[..., 3] == 255).all()


def test_its_schedule_is_read_and_what_is_none_is_named(text_to_image, tmp_path):
    assert load_schedule(text_to_image).terminal == 0.02
    (tmp_path / "scheduler").mkdir()
    path = tmp_path / "scheduler" / "scheduler_config.json"
    for content, message in (
        ('{"time_shift_type": "cubic"}', "time_shift_type is 'cubic'"),
        ('{"base_shift": "0.5"}', "it must be numbers"),
        ('{"shift_terminal": 3}', "terminal is 3"),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=rf"scheduler_config.json: .*{message}"):
            load_schedule(tmp_path)


def test_text_becomes_layers(checkpoint, tmp_path):
    assert run(checkpoint, "a cat", "a dog", "--resolution", 64, "--output", tmp_path, "--size", "3x2") == 0
    stacks = [read_stack(tmp_path / str(index)) for index in (0, 1)]
    assert [(stack.width, stack.height, len(stack.layers)) for stack in stacks] == [(64, 64, 2)] * 2
    assert not same_pixels(*stacks)


def test_a_batch_draws_what_prompts_give_alone(checkpoint, tmp_path):
    prompts = ["a cat", "", "word " * 2000]
    for folder, batch in (("alone", 1), ("together", 3)):
        arguments = ("--resolution", 32, "--output", tmp_path / folder, "--batch", batch)
        assert run(checkpoint, *prompts, *arguments) == 0
    for index in range(3):
        alone, together = (read_stack(tmp_path / folder / str(index)) for folder in ("alone", "together"))
        assert same_pixels(alone, together, within=1)


def test_fifty_prompts_make_fifty_stacks(checkpoint, tmp_path):
    prompts = [f"picture {index}" for index in range(50)]
    assert run(checkpoint, *prompts, "--resolution", 32, "--batch", 32, "--output", tmp_path) == 0
    assert len(list(tmp_path.glob("*.psd"))) == 50


def test_a_flat_picture_is_drawn_and_then_decomposed(checkpoint, text_to_image, tmp_path, monkeypatch):
    seen = []
    decompose = door.decompose
    monkeypatch.setattr(
        door, "decompose", lambda loaded, pictures, *rest: seen.extend(pictures) or decompose(loaded, pictures, *rest)
    )
    arguments = ("--from", text_to_image, "--resolution", 32, "--output", tmp_path)
    assert run(checkpoint, "a cat", "a dog", *arguments) == 0
    assert [rgba.shape for rgba in seen] == [(32, 32, 4)] * 2
    assert (seen[0] != seen[1]).any()
    assert len(read_stack(tmp_path / "1").layers) == 2


@pytest.mark.parametrize("size", ["3:2", "0x5", "5x", "x", "-1x2", "1e3x2", "9" * 5000 + "x1", "٣x2"])
def test_a_size_is_spelt_with_an_x(checkpoint, capsys, size):
    assert run(checkpoint, "a cat", f"--size={size}") == 2
    assert "spelt like 1024x768" in capsys.readouterr().err


def test_both_checkpoints_are_looked_at_before_any_work(checkpoint, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(door, "load_text_to_image", lambda *arguments: pytest.fail("it began to work"))
    assert run(checkpoint, "a cat", "--from", tmp_path, "--output", tmp_path / "out") == 2
    assert "has no transformer, vae" in capsys.readouterr().err
