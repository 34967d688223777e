"""A `config.json` of another network, or of none that can be, is one sentence that names the file."""

import json

import pytest

from model.checkpoint import load_mmdit, load_vae, save_mmdit, save_vae
from model.configs import MMDIT_CONFIGS, VAE_CONFIGS
from model.mmdit import VldMmdit
from model.rgba_vae import RgbaVae


@pytest.fixture
def transformer_folder(tmp_path):
    save_mmdit(VldMmdit(MMDIT_CONFIGS["tiny"]), tmp_path / "transformer")
    return tmp_path / "transformer"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"_class_name": "FluxTransformer2DModel"}, "holds a 'FluxTransformer2DModel'"),
        ({"guidance_embeds": True}, "guidance_embeds"),
        ({"in_channels": 32}, "in_channels"),
        ({"num_attention_heads": 3}, r" is \[64.*; this configuration has \[96"),
    ],
)
def test_another_architecture_is_named(transformer_folder, values, message):
    path = transformer_folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    with pytest.raises(ValueError, match=message):
        load_mmdit(transformer_folder)


HOSTILE = ["24", -1, 0, 2.0, 10**30, float("nan"), {}, None, True]


@pytest.mark.parametrize("value", [*HOSTILE, [2]])
@pytest.mark.parametrize("name", ["num_layers", "num_attention_heads", "patch_size", "joint_attention_dim"])
def test_a_number_that_cannot_be_is_one_sentence_with_the_file(transformer_folder, name, value):
    path = transformer_folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(ValueError, match=r"config.json: \w+ is .*; it must be a whole number in 1.."):
        load_mmdit(transformer_folder)


@pytest.mark.parametrize("value", [*HOSTILE, "12", [1, "2"], [float("inf")] * 16, [0.0] * 16, [[1]] * 16, [10**9] * 99])
@pytest.mark.parametrize("name", ["dim_mult", "latents_std"])
def test_a_list_that_cannot_be_is_one_sentence_with_the_file(tmp_path, name, value):
    save_vae(RgbaVae(VAE_CONFIGS["tiny"]), tmp_path / "vae")
    path = tmp_path / "vae" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(ValueError, match=rf"config.json: {name} (is|has) "):
        load_vae(tmp_path / "vae")


def test_a_configuration_that_does_not_say_of_what_is_told(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"config\.json does not say what it is of: _class_name must be Auto"):
        load_vae(tmp_path)
