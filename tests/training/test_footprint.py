"""What a run is said to take is what it takes: counted, allocation by allocation, where it is made."""

from dataclasses import replace

import pytest
import torch

import training.footprint
from model.configs import MMDIT_CONFIGS, VAE_CONFIGS
from model.lora import ATTENTION
from model.mmdit import VldMmdit, compile_blocks
from model.packing import SampleShape, layout_of
from model.recompute import Recompute
from model.rgba_vae import RgbaVae
from tests.training.forecast_probe import DEPTH, WIDTH, counted, whole_step
from tests.training.live_memory import LiveMemory
from tests.training.on_ranks import on_ranks
from tests.training.tiny_parts import tiny_config, vae_run
from training.adapters import adapt
from training.configuration import Engine, RunConfig
from training.footprint import BYTES, RESERVE_BYTES, Load, Parameters, activations, memory, parameters_of, states
from training.forecast import Gpus
from training.network_options import Lora, Network
from training.plan import plan

DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
SHAPES = [SampleShape(((12, 12),) * 6, 60, (12, 12)), SampleShape(((12, 12),) * 3, 40, (12, 12))]
TOKENS = sum(shape.tokens for shape in SHAPES)
SMALL = replace(MMDIT_CONFIGS["small"], depth=2, text_width=64)


def inputs(dtype):
    image = torch.randn(sum(shape.image_tokens for shape in SHAPES), SMALL.token_channels, dtype=dtype)
    text = torch.randn(sum(shape.text for shape in SHAPES), SMALL.text_width, dtype=dtype)
    return image, text, torch.tensor([0.3, 0.7]), layout_of(SHAPES)


def most_of_a_pass(model, recompute, dtype):
    """The most bytes of a forward and a backward pass, beside weights and their gradients."""
    model.recompute = recompute
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.grad = torch.zeros_like(parameter)
    given = inputs(dtype)
    with LiveMemory(*model.parameters(), *(one.grad for one in trained), *given[:3]) as live:
        model(*given).float().square().mean().backward()
    return live.most


@pytest.mark.parametrize("recompute", Recompute)
@pytest.mark.parametrize("precision", BYTES)
def test_activations_are_what_forward_and_backward_take(recompute, precision):
    most = most_of_a_pass(VldMmdit(SMALL).to(DTYPES[precision]), recompute, DTYPES[precision])
    said = activations(TOKENS, SMALL, Network(recompute=recompute.value), BYTES[precision], Lora())
    assert said == pytest.approx(most, rel=0.1)


@pytest.mark.parametrize("recompute", Recompute)
@pytest.mark.parametrize("lora", [Lora(rank=48), Lora(rank=16, targets=(*ATTENTION, "net.0.proj", "net.2"))])
def test_with_adapters_less_is_kept(recompute, lora):
    model = VldMmdit(SMALL)
    adapt(model, lora, 0)
    said = activations(TOKENS, SMALL, Network(recompute=recompute.value), 4, lora)
    assert said == pytest.approx(most_of_a_pass(model, recompute, torch.float32), rel=0.1)


@pytest.mark.parametrize("targets", [ATTENTION, ("img_in", "net.2", "img_mod.1")])
def test_parameters_of_adapters_are_those_that_are_made(targets):
    lora, model = Lora(rank=5, targets=targets), VldMmdit(SMALL)
    adapt(model, lora, 0)
    counted = parameters_of(SMALL, lora)
    trained = [one.numel() for one in model.parameters() if one.requires_grad]
    assert (counted.trained, counted.largest) == (sum(trained), max(trained))
    assert counted.total == sum(one.numel() for one in model.parameters())


@pytest.mark.long
def test_compiled_blocks_keep_what_is_said():
    """As the compiler's own division into forward and backward has it; counted, not run on a GPU."""
    kept = {}
    for depth in (2, 3):
        torch._dynamo.reset()
        model = VldMmdit(replace(SMALL, depth=depth))
        compile_blocks(model, "aot_eager_decomp_partition")
        own = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
        given = inputs(torch.float32)
        storages = {}

        def keep(tensor, own=own, storages=storages):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in own:
                storages[tensor.untyped_storage()._cdata] = tensor.untyped_storage()
            return tensor

        model(*given)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            out = model(*given)
        kept[depth] = sum(storage.nbytes() for storage in storages.values())
        del out
    said = [activations(TOKENS, replace(SMALL, depth=depth), Network(compile=True), 4, Lora()) for depth in (2, 3)]
    assert said[1] - said[0] == pytest.approx(kept[3] - kept[2], rel=0.1)


def test_states_are_what_deepspeed_keeps():
    parameters, bucket = DEPTH * (WIDTH + 1) * WIDTH, 300_000
    engines = [Engine(zero=zero, precision="bf16", device="cpu") for zero in (1, 2, 3)]
    for engine, (lasting, backward, update) in zip(engines, on_ranks(2, counted, engines, bucket)[0], strict=True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training.footprint, "BUCKET", bucket)
            said = states(Parameters(parameters, parameters, WIDTH * WIDTH), engine, 2)
        always = said["weights"] + said["optimizer"] + said["ema"]
        assert always + said["gathered"] + said["gradients"] == pytest.approx(lasting + backward, rel=0.1)
        assert always + said["update"] == pytest.approx(lasting + update, rel=0.1)


def test_steps_of_the_trainer_take_what_the_plan_says(dataset, tmp_path):
    """Without what is assumed beside tensors."""
    start = vae_run(tmp_path / "vae")
    config = tiny_config("3", dataset, start, "data.resolutions=[256]", "data.pack_tokens=9000")
    (most,) = on_ranks(1, whole_step, config, str(tmp_path / "run"))
    facts, _ = plan(config, Gpus(1, 80 << 30, 1e15), None)
    assert facts["memory_gib"]["peak"] * 2**30 - RESERVE_BYTES == pytest.approx(most, rel=0.1)


@torch.no_grad()
@pytest.mark.parametrize("precision", BYTES)
def test_encoding_is_what_the_vae_takes(precision):
    vae = RgbaVae(VAE_CONFIGS["tiny"]).to(DTYPES[precision])
    pictures = torch.rand(2, 4, 96, 64).to(DTYPES[precision])
    with LiveMemory(*vae.parameters(), pictures) as live:
        vae.encode(pictures)
    config = RunConfig(stage="vae", engine=Engine(precision=precision))
    said = memory(config, MMDIT_CONFIGS["tiny"], vae.config, 0, 1, Load(1, 2 * 96 * 64))
    assert said.encoding == pytest.approx(live.most, rel=0.1)


def test_shapes_alone_tell_the_released_networks_parameters():
    assert parameters_of(MMDIT_CONFIGS["qwen_image_20b"], Lora()).total == 20_430_407_232


@pytest.mark.parametrize("zero", [1, 2, 3])
def test_what_is_offloaded_moves_to_the_machine(zero):
    engine = Engine(zero=zero)
    here, there = (
        states(Parameters(10**9, 10**9, 10**6), one, 4) for one in (engine, replace(engine, offload_optimizer=True))
    )
    assert there["optimizer"] == there["ema"] == there["update"] == 0
    assert there["host"] >= here["optimizer"] + here["ema"]
    assert there["weights"] == here["weights"]


def test_the_phases_of_a_step_do_not_add_up():
    config = RunConfig(stage="vae", engine=Engine(zero=2), network=Network(recompute="full"))
    made = memory(config, MMDIT_CONFIGS["small"], VAE_CONFIGS["qwen_image"], 10**8, 4, Load(1000, 1 << 22))
    assert made.encoding > made.activations
    more = memory(config, MMDIT_CONFIGS["small"], VAE_CONFIGS["qwen_image"], 10**8, 4, Load(2000, 1 << 22))
    assert more.activations > made.activations
    assert more.peak == made.peak
