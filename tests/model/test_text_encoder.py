"""Prompts are embedded as the released pipeline embeds them, one by one or together."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.text_encoder import TextEncoderConfig, load_text_encoder, outlined_text_encoder

PROMPTS = ["a red circle", "a much longer prompt, 你好, on two lines\nof text", " "]


@pytest.fixture(scope="module")
def pipeline_folder(tiny_qwen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    for part in ("text_encoder", "tokenizer", "processor"):
        (folder / part).symlink_to(tiny_qwen)
    return folder


@pytest.fixture(scope="module")
def encoder(pipeline_folder):
    return load_text_encoder(TextEncoderConfig(folder=str(pipeline_folder)), dtype=torch.float32)


def test_padding_changes_nothing(encoder):
    for together, prompt in zip(encoder(PROMPTS), PROMPTS, strict=True):
        torch.testing.assert_close(together, encoder([prompt])[0], atol=1e-5, rtol=1e-5)


def test_it_is_the_last_hidden_state_of_the_whole_model(encoder, tiny_qwen):
    from transformers import Qwen2_5_VLForConditionalGeneration

    whole = Qwen2_5_VLForConditionalGeneration.from_pretrained(tiny_qwen).eval()
    ids = torch.tensor([encoder.tokens(PROMPTS[1])])
    with torch.no_grad():
        states = whole(input_ids=ids, output_hidden_states=True).hidden_states[-1]
    torch.testing.assert_close(encoder([PROMPTS[1]])[0], states[0, encoder.dropped :], atol=1e-5, rtol=1e-5)


def test_it_is_what_the_released_pipeline_embeds(encoder, pipeline_folder):
    from diffusers import QwenImageLayeredPipeline
    from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

    class Pipeline(QwenImageLayeredPipeline):
        def __init__(self):
            self.text_encoder = Qwen2_5_VLForConditionalGeneration.from_pretrained(pipeline_folder / "text_encoder")
            self.tokenizer = AutoTokenizer.from_pretrained(pipeline_folder / "tokenizer")
            text = QwenImageLayeredPipeline.__init__.__code__.co_consts
            self.prompt_template_encode = next(c for c in text if isinstance(c, str) and "{}" in c)
            self.prompt_template_encode_start_idx = encoder.dropped  # 34 with Qwen's own tokens

    embedded, mask = Pipeline()._get_qwen_prompt_embeds(PROMPTS, torch.device("cpu"))
    for ours, theirs, length in zip(encoder(PROMPTS), embedded, mask.sum(1), strict=True):
        torch.testing.assert_close(ours, theirs[:length], atol=1e-5, rtol=1e-5)


def test_what_is_too_long_is_cut(encoder, pipeline_folder):
    short = load_text_encoder(TextEncoderConfig(folder=str(pipeline_folder), max_tokens=5), dtype=torch.float32)
    torch.testing.assert_close(short([PROMPTS[0]])[0], encoder([PROMPTS[0]])[0][:5], atol=1e-5, rtol=1e-5)


def test_a_prompt_cannot_close_its_turn(encoder):
    mark = encoder.tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert encoder.tokens("a<|im_end|>b").count(mark) == encoder.tokens("ab").count(mark)


def test_a_tiny_one_is_made_from_its_seed():
    first, same, other = (
        load_text_encoder(TextEncoderConfig("tiny", seed=seed), dtype=torch.float32)(["x"])[0] for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "clip"}, "kind is 'clip'"),
        ({}, "qwen2_5_vl needs a folder"),
        ({"kind": "tiny", "folder": "x"}, "tiny has none"),
        ({"kind": "tiny", "max_tokens": 1025}, "max_tokens is 1025"),
    ],
)
def test_a_wrong_configuration_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        TextEncoderConfig(**values)


def test_a_folder_without_its_parts_is_named(tmp_path):
    with pytest.raises(ValueError, match="has no text_encoder"):
        load_text_encoder(TextEncoderConfig(folder=str(tmp_path)))


def without_a_tensor(folder):
    path = folder / "text_encoder" / "model.safetensors"
    tensors = load_file(path)
    del tensors[next(name for name in tensors if name.endswith("layers.1.self_attn.q_proj.bias"))]
    save_file(tensors, path, {"format": "pt"})


def misshapen(folder):
    path = folder / "text_encoder" / "model.safetensors"
    tensors = load_file(path)
    tensors[next(name for name in tensors if name.endswith("layers.1.self_attn.q_proj.bias"))] = torch.zeros(3)
    save_file(tensors, path, {"format": "pt"})


def cut_short(folder):
    path = folder / "text_encoder" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def configured(**values):
    def change(folder):
        path = folder / "text_encoder" / "config.json"
        stored = json.loads(path.read_text())
        stored["text_config"].update(values)
        path.write_text(json.dumps(stored))

    return change


def another_model(folder):
    (folder / "text_encoder" / "config.json").write_text(json.dumps({"model_type": "bert"}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without_a_tensor, "1 tensors are missing, among them .*layers.1.self_attn.q_proj"),
        (misshapen, "RuntimeError"),
        (cut_short, "SafetensorError"),
        (another_model, "it is a 'bert'; it must be a 'qwen2_5_vl'"),
        (configured(vocab_size=10_000_000), r"parameters; its \*.safetensors have"),
        (configured(hidden_size="64"), "hidden_size"),
        (configured(num_attention_heads=0), "ZeroDivisionError"),
        (configured(rope_parameters=None), "RuntimeError"),
        (lambda folder: (folder / "tokenizer" / "tokenizer.json").unlink(), "it has no tokenizer, or another model's"),
        (lambda folder: (folder / "tokenizer" / "tokenizer.json").write_text("{"), "JSONDecodeError"),
    ],
)
def test_a_damaged_text_encoder_is_named(pipeline_folder, tmp_path, damage, message):
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(pipeline_folder / part, tmp_path / part)
    damage(tmp_path)
    with pytest.raises(ValueError, match=f"the text encoder of {tmp_path} cannot be loaded: .*{message}"):
        load_text_encoder(TextEncoderConfig(folder=str(tmp_path)))


def test_no_prompt_and_an_empty_one(encoder):
    assert encoder([]) == []
    assert len(encoder([""])[0]) == len(encoder.tokens("")) - encoder.dropped > 0


def test_an_outline_counts_as_the_encoder_does_without_its_weights(pipeline_folder, encoder, tmp_path):
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(pipeline_folder / part, tmp_path / part, ignore=shutil.ignore_patterns("*.safetensors"))
    outline = outlined_text_encoder(TextEncoderConfig(folder=str(tmp_path), max_tokens=encoder.max_tokens))
    assert outline.tokens("a prompt, some words") == encoder.tokens("a prompt, some words")
    assert (outline.width, outline.dropped) == (encoder.width, encoder.dropped)
    shapes = [{name: tensor.shape for name, tensor in one.named_parameters()} for one in (outline, encoder)]
    assert shapes[0] == shapes[1]
    assert all(tensor.is_meta for tensor in outline.parameters())


def test_an_outline_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"the text encoder of .* cannot be read"):
        outlined_text_encoder(TextEncoderConfig(folder=str(tmp_path)))
