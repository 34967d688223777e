"""Adapters cross to diffusers and back; a file that holds no such adapters is an error that names it."""

import json

import pytest
import torch
from diffusers import QwenImageLayeredPipeline, QwenImageTransformer2DModel
from safetensors import safe_open
from safetensors.torch import save_file

from model.configs import MMDIT_CONFIGS
from model.lora import ATTENTION, FILE, LowRank, load_lora, merge, save_lora, targeted
from model.mmdit import VldMmdit
from tests.model.released import our_transformer, released_transformer

TINY = MMDIT_CONFIGS["tiny"]


@pytest.fixture(scope="module")
def released():
    return released_transformer(TINY)


@pytest.fixture
def ours(released):
    return our_transformer(released, TINY)


def drawn(model, targets=ATTENTION, rank=3, scale=2.0):
    generator = torch.Generator().manual_seed(0)
    return {
        name: LowRank(
            torch.randn(rank, linear.in_features, generator=generator),
            torch.randn(linear.out_features, rank, generator=generator) / 100,
            scale,
        )
        for name, linear in targeted(model, targets).items()
    }


def fused(folder, released):
    """diffusers' transformer with the adapters that its own loader takes from a folder."""
    model = QwenImageTransformer2DModel.from_config(released.config)
    model.load_state_dict(released.state_dict())
    tensors, metadata = QwenImageLayeredPipeline.lora_state_dict(folder, return_lora_metadata=True)
    QwenImageLayeredPipeline.load_lora_into_transformer(tensors, model, metadata=metadata)
    model.fuse_lora()
    model.unload_lora()
    return model.state_dict()


def same(one, other):
    return one.keys() == other.keys() and all(
        torch.allclose(tensor, other[name], atol=1e-6) for name, tensor in one.items()
    )


@pytest.mark.parametrize("targets", [ATTENTION, ("to_q", "img_mlp.net.2", "txt_mod.1")])
def test_diffusers_has_the_same_transformer_with_what_we_save(released, ours, tmp_path, targets):
    before = ours.state_dict()["transformer_blocks.0.attn.to_q.weight"].clone()
    adapters = drawn(ours, targets)
    save_lora(tmp_path / "lora", adapters, 6, targets)
    merge(ours, adapters)
    assert not torch.allclose(ours.state_dict()["transformer_blocks.0.attn.to_q.weight"], before, atol=1e-3)
    assert same(ours.state_dict(), fused(tmp_path / "lora", released))


def test_names_and_header_are_those_that_diffusers_saves(ours, tmp_path):
    save_lora(tmp_path / "ours", drawn(ours), 6, ATTENTION)
    with safe_open(tmp_path / "ours" / FILE, "pt") as file:
        layers = {name.removeprefix("transformer."): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        stored = json.loads(file.metadata()["lora_adapter_metadata"])
    settings = {name.removeprefix("transformer."): value for name, value in stored.items()}
    QwenImageLayeredPipeline.save_lora_weights(tmp_path / "theirs", layers, transformer_lora_adapter_metadata=settings)
    with safe_open(tmp_path / "ours" / FILE, "pt") as one, safe_open(tmp_path / "theirs" / FILE, "pt") as other:
        assert sorted(one.keys()) == sorted(other.keys())
        assert one.metadata() == other.metadata()


def test_adapters_are_for_other_accounts_too(ours, tmp_path):
    save_lora(tmp_path / "ours", drawn(ours), 6, ATTENTION)
    assert (tmp_path / "ours" / FILE).stat().st_mode & 0o777 == 0o644


def test_what_diffusers_saves_without_a_header_counts_once(released, ours, tmp_path):
    layers = {
        f"{name}.lora_{half}.weight": tensor
        for name, one in drawn(ours).items()
        for half, tensor in (("A", one.down), ("B", one.up))
    }
    QwenImageLayeredPipeline.save_lora_weights(tmp_path, layers)
    merge(ours, load_lora(tmp_path, ours))
    assert same(ours.state_dict(), fused(tmp_path, released))


def test_adapters_come_back_as_they_were_saved(ours, tmp_path):
    adapters = drawn(ours)
    save_lora(tmp_path / "lora", adapters, 6, ATTENTION)
    for path in (tmp_path / "lora", tmp_path / "lora" / FILE):
        back = load_lora(path, ours)
        assert back.keys() == adapters.keys()
        for name, one in back.items():
            assert one.scale == 2.0
            assert torch.equal(one.down, adapters[name].down)
            assert torch.equal(one.up, adapters[name].up)


def test_a_merge_is_rounded_once(ours):
    """To bf16 from the sum in float32."""
    half, adapters = ours.bfloat16(), drawn(ours)
    name = "transformer_blocks.1.attn.to_add_out"
    exact = half.get_submodule(name).weight.float() + 2.0 * adapters[name].up @ adapters[name].down
    merge(half, adapters)
    assert torch.equal(half.get_submodule(name).weight, exact.bfloat16())


def test_a_target_that_is_nowhere_is_named():
    with pytest.raises(ValueError, match="no linear module 'to_x'"):
        targeted(VldMmdit(TINY), ("to_q", "to_x"))


def test_a_target_is_the_end_of_a_name_in_whole_parts():
    found = targeted(VldMmdit(TINY), ("to_q", "net.2"))
    assert {name.split(".", 2)[2] for name in found} == {"attn.to_q", "img_mlp.net.2", "txt_mlp.net.2"}


Q = "transformer.transformer_blocks.0.attn.to_q"
A, B = torch.zeros(2, 64), torch.zeros(64, 2)
PAIR = {f"{Q}.lora_A.weight": A, f"{Q}.lora_B.weight": B}


@pytest.mark.parametrize(
    ("tensors", "settings", "said"),
    [
        ({"lora_unet_to_q.lora_down.weight": A}, {}, "has 'lora_unet_to_q.lora_down.weight'; names must be like"),
        ({f"{Q}.lora_A.weight": A}, {}, "but one half of the adapter of transformer_blocks.0.attn.to_q"),
        ({f"{Q}.lora_A.weight": A, f"{Q}.lora_B.weight": B[:, :1].clone()}, {}, r"\[2, 64\] of float32 and \[64, 1\]"),
        ({f"{Q}.lora_A.weight": A.int(), f"{Q}.lora_B.weight": B.int()}, {}, "of int32"),
        (
            {f"{Q}.lora_A.weight": A[:, :8].clone(), f"{Q}.lora_B.weight": B},
            {},
            r"weights \[64, 8\]; .* are \[64, 64\]",
        ),
        ({name.replace("to_q", "to_x"): tensor for name, tensor in PAIR.items()}, {}, "which the transformer has not"),
        ({name: tensor * float("nan") for name, tensor in PAIR.items()}, {}, "has values that are not finite"),
        (PAIR, {"transformer.use_dora": True}, "is made with use_dora"),
        (PAIR, {"transformer.rank_pattern": {"to_q": 4}}, "is made with rank_pattern"),
        (PAIR, {"transformer.bias": "all"}, "is made with bias"),
        (PAIR, {"transformer.lora_alpha": "much"}, "lora_alpha is 'much'"),
        (PAIR, {"transformer.r": 5}, "r is 5, and the adapter of transformer_blocks.0.attn.to_q has rank 2"),
        (PAIR, [], "is no JSON object"),
        ({}, {}, "holds no adapters"),
    ],
)
def test_what_holds_no_plain_adapters_is_named(tmp_path, tensors, settings, said):
    save_file(tensors, tmp_path / "lora.safetensors", {"lora_adapter_metadata": json.dumps(settings)})
    with pytest.raises(ValueError, match=rf"lora\.safetensors.*{said}"):
        load_lora(tmp_path / "lora.safetensors", VldMmdit(TINY))


@pytest.mark.parametrize("text", [b"", b"x" * 100])
def test_what_is_no_safetensors_file_is_named(tmp_path, text):
    (tmp_path / FILE).write_bytes(text)
    with pytest.raises(ValueError, match=r"pytorch_lora_weights\.safetensors is no safetensors file"):
        load_lora(tmp_path, VldMmdit(TINY))


def test_where_adapters_of_a_run_lie_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"pytorch_lora_weights\.safetensors is not there; .* export/ema/lora"):
        load_lora(tmp_path, VldMmdit(TINY))
