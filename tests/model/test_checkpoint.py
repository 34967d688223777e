"""Weights cross to diffusers and back; what does not fit is an error that names it."""

import json

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKLQwenImage,
    QwenImageLayeredPipeline,
    QwenImageTransformer2DModel,
)
from PIL import Image
from safetensors.torch import save_file

from model.checkpoint import load_mmdit, load_vae, save_mmdit, save_pipeline, save_vae
from model.configs import MMDIT_CONFIGS, MmditConfig, VaeConfig
from model.inflate import released_shapes
from model.mmdit import VldMmdit
from model.packing import SampleShape, layout_of
from model.rgba_vae import RgbaVae
from model.sampler import Request, SamplerOptions, sample
from model.tensor_files import read_json
from tests.model.released import decode, encode, released_transformer, released_vae

TINY = MMDIT_CONFIGS["tiny"]
VAE = VaeConfig(base_dim=8, num_res_blocks=1)
F32 = torch.float32


@pytest.fixture
def transformer_folder(tmp_path):
    released_transformer(TINY).save_pretrained(tmp_path / "transformer", max_shard_size="500KB")
    return tmp_path / "transformer"


def test_a_sharded_transformer_is_read_and_written_without_a_change(transformer_folder, tmp_path):
    assert len(list(transformer_folder.glob("*.safetensors"))) == 3
    model = load_mmdit(transformer_folder, dtype=F32)
    assert model.config == TINY
    save_mmdit(model, tmp_path / "ours", shard_bytes=400_000)
    assert len(list((tmp_path / "ours").glob("*.safetensors"))) > 1
    theirs = QwenImageTransformer2DModel.from_pretrained(tmp_path / "ours").state_dict()
    first = QwenImageTransformer2DModel.from_pretrained(transformer_folder).state_dict()
    assert theirs.keys() == first.keys()
    assert all(torch.equal(theirs[name], tensor) for name, tensor in first.items())


def test_qwen_image_gets_the_row_it_lacks_as_zeros(tmp_path):
    released = QwenImageTransformer2DModel(
        num_layers=1, attention_head_dim=32, num_attention_heads=2, joint_attention_dim=8, axes_dims_rope=(8, 12, 12)
    )
    released.save_pretrained(tmp_path)
    model = load_mmdit(tmp_path, dtype=F32)
    assert model.config.rope == "layer3d"
    assert not model.time_text_embed.addition_t_embedding.weight.any()


def test_full_widths_of_the_real_names_at_depth_2(tmp_path):
    """A synthetic checkpoint of the real one's names and widths, in shards, with one value in each tensor."""
    config = MmditConfig(depth=2)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in VldMmdit(config).state_dict().items()}
    with torch.device("meta"):
        theirs = QwenImageTransformer2DModel(num_layers=2, use_additional_t_cond=True, use_layer3d_rope=True)
    assert {name: tensor.shape for name, tensor in theirs.state_dict().items()} == shapes
    weight_map = {}
    for number, name in enumerate(shapes):
        file = f"part-{number % 3}.safetensors"
        weight_map[name] = file
    for file in set(weight_map.values()):
        tensors = {
            name: torch.full((1,), number / 1000, dtype=torch.bfloat16).expand(shapes[name]).contiguous()
            for number, name in enumerate(shapes)
            if weight_map[name] == file
        }
        save_file(tensors, tmp_path / file)
    (tmp_path / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    (tmp_path / "config.json").write_text(json.dumps({**theirs.config, "_class_name": "QwenImageTransformer2DModel"}))
    model = load_mmdit(tmp_path)
    assert model.config == config
    for number, (name, tensor) in enumerate(model.state_dict().items()):
        assert tensor.dtype == torch.bfloat16, name
        assert tensor.flatten()[-1] == torch.tensor(number / 1000, dtype=torch.bfloat16), name
    shape = SampleShape(((1, 1),), 1)
    with torch.no_grad():
        out = model(torch.zeros(1, 64).bfloat16(), torch.zeros(1, 3584).bfloat16(), torch.ones(1), layout_of([shape]))
    assert out.shape == (1, 64)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"config.json cannot be read"):
        load_vae(tmp_path)


@pytest.mark.parametrize("channels", [3, 4])
@torch.no_grad()
def test_a_vae_crosses_and_comes_back(tmp_path, channels):
    theirs = released_vae(VaeConfig(8, num_res_blocks=1, image_channels=channels))
    theirs.save_pretrained(tmp_path / "vae")
    ours = load_vae(tmp_path / "vae", dtype=F32)
    assert ours.config == VAE
    x = torch.rand(1, 4, 16, 24) * 2 - 1
    z = ours.encode(x)[0]
    torch.testing.assert_close(z, encode(theirs, x[:, :channels]), atol=1e-5, rtol=0)
    save_vae(ours, tmp_path / "out", tmp_path / "vae")
    back = AutoencoderKLQwenImage.from_pretrained(tmp_path / "out").eval()
    torch.testing.assert_close(encode(back, x), z, atol=1e-5, rtol=0)
    torch.testing.assert_close(decode(back, z), ours.decode(z).clamp(-1, 1), atol=1e-5, rtol=0)
    if channels == 4:  # what a picture never meets is there as well
        pairs = zip(back.state_dict().values(), theirs.state_dict().values(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)


def test_without_a_source_what_a_picture_never_meets_is_zero(tmp_path):
    save_vae(RgbaVae(VAE), tmp_path / "vae")
    tensors = AutoencoderKLQwenImage.from_pretrained(tmp_path / "vae").state_dict()
    assert not tensors["encoder.conv_in.weight"][:, :, :2].any()
    assert tensors["encoder.conv_in.weight"][:, :, 2].any()
    assert not any(tensor.any() for name, tensor in tensors.items() if ".time_conv." in name)


def test_the_shapes_of_the_released_vae_are_known():
    config = VaeConfig(image_channels=3)
    shapes = {name: tuple(tensor.shape) for name, tensor in AutoencoderKLQwenImage().state_dict().items()}
    assert released_shapes(config) == shapes


def test_an_rgba_vae_does_not_become_an_rgb_one(tmp_path):
    save_vae(RgbaVae(VAE), tmp_path / "vae")
    with pytest.raises(ValueError, match="has 4 channels; 3 were asked for"):
        load_vae(tmp_path / "vae", image_channels=3)


@pytest.fixture
def pipeline_folder(tmp_path, tiny_qwen):
    for part in ("text_encoder", "tokenizer", "processor"):
        (tmp_path / "source" / part).parent.mkdir(exist_ok=True)
        (tmp_path / "source" / part).symlink_to(tiny_qwen)
    torch.manual_seed(0)
    model, vae = VldMmdit(TINY).eval(), RgbaVae(VAE).eval()
    save_pipeline(tmp_path / "pipeline", model, vae, tmp_path / "source")
    return tmp_path / "pipeline", model, vae


@torch.no_grad()
def test_diffusers_pipeline_and_our_sampler_draw_the_same_layers(pipeline_folder, monkeypatch):
    folder, model, vae = pipeline_folder
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered

    monkeypatch.setattr(pipeline_qwenimage_layered, "calculate_dimensions", lambda area, ratio: (64, 32))
    pipeline = QwenImageLayeredPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(1, 4, 16, 4, 8, generator=generator)
    text, negative = torch.randn(1, 9, 64, generator=generator), torch.randn(1, 5, 64, generator=generator)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 64, 4), np.uint8))
    theirs = pipeline(
        image=picture, prompt="x", prompt_embeds=text, negative_prompt_embeds=negative, layers=3,
        latents=pipeline._pack_latents(noise, 1, 16, 4, 8, 4), num_inference_steps=4, output_type="pt",
        cfg_normalize=True,
    ).images[0]  # fmt: skip
    x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] / 255 * 2 - 1
    condition = vae.normalise(vae.encode(x)[0])[0]
    one = Request(noise[0], text[0], negative[0], condition)
    z = sample(model, [one], SamplerOptions(steps=4, rule="keep_norm"))[0]
    ours = (vae.decode(vae.denormalise(z[1:])).clamp(-1, 1) + 1) / 2
    torch.testing.assert_close(ours, theirs[:3], atol=2e-4, rtol=0)


def test_an_export_appears_whole_or_not_at_all(pipeline_folder, tmp_path):
    folder, model, vae = pipeline_folder
    with pytest.raises(ValueError, match="exists"):
        save_pipeline(folder, model, vae, tmp_path / "source")
    with pytest.raises(ValueError, match="has no text_encoder, tokenizer, processor"):
        save_pipeline(tmp_path / "other", model, vae, tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        save_pipeline(tmp_path / "file" / "pipeline", model, vae, tmp_path / "source")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipeline", "source"]


def test_an_interrupted_export_leaves_nothing(pipeline_folder, tmp_path, monkeypatch):
    _, model, vae = pipeline_folder
    monkeypatch.setattr("model.checkpoint.save_vae", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save_pipeline(tmp_path / "other", model, vae, tmp_path / "source")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipeline", "source"]


def test_a_transformer_of_the_ablation_keeps_its_rope(tmp_path):
    model = VldMmdit(MmditConfig(**{**vars(TINY), "rope": "plain2d"}))
    save_mmdit(model, tmp_path / "out")
    assert load_mmdit(tmp_path / "out").config == model.config
    assert not read_json(tmp_path / "out" / "config.json")["use_layer3d_rope"]
