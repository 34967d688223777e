"""A packed mixed batch gives each sample what diffusers gives it alone."""

from dataclasses import replace

import pytest
import torch
import torch._dynamo.testing
from diffusers import QwenImageTransformer2DModel
from hypothesis import given, settings
from hypothesis import strategies as st

from model.configs import MMDIT_CONFIGS, MmditConfig
from model.mmdit import VldMmdit, compile_blocks
from model.packing import SampleShape, layout_of
from tests.model.packs import MIXED, inputs, run
from tests.model.released import our_transformer, released_transformer

TINY = MMDIT_CONFIGS["tiny"]
GRID = st.tuples(st.integers(1, 4), st.integers(1, 5))
WITH_CONDITION = st.builds(
    lambda grid, frames, text: SampleShape((grid,) * frames, text, grid), GRID, st.integers(1, 6), st.integers(1, 40)
)
CONFIGS = st.builds(
    lambda depth, heads, axes, text_width, channels, patch: MmditConfig(
        depth, heads, sum(axes), text_width, channels, patch, rope_axes=axes
    ),
    depth=st.integers(1, 3),
    heads=st.integers(1, 6),
    axes=st.tuples(*[st.sampled_from([2, 4, 6, 8])] * 3),
    text_width=st.sampled_from([8, 24]),
    channels=st.sampled_from([4, 16]),
    patch=st.integers(1, 3),
)


@settings(max_examples=25)
@given(CONFIGS, st.lists(WITH_CONDITION, min_size=1, max_size=4), st.integers(0, 99))
@torch.no_grad()
def test_every_sample_of_a_mixed_batch_equals_diffusers_alone_on_it(config, shapes, seed):
    theirs = released_transformer(config, seed)
    ours = our_transformer(theirs, config)
    images, texts, sigma = inputs(shapes, config, seed)
    t_cond = torch.arange(len(shapes)) % 2
    for k, part in enumerate(run(ours, shapes, images, texts, sigma, t_cond)):
        alone = theirs_of(theirs, shapes[k], images[k], texts[k], sigma[k : k + 1], t_cond[k : k + 1])
        torch.testing.assert_close(part, alone, atol=1e-5, rtol=1e-5)


def theirs_of(theirs, shape, image, text, sigma, t_cond=None):
    """The velocity that diffusers gives for one sample."""
    out = theirs(
        hidden_states=image[None],
        encoder_hidden_states=text[None],
        timestep=sigma,
        img_shapes=[[(1, *grid) for grid in shape.grids]],
        additional_t_cond=t_cond,
        return_dict=False,
    )[0][0]
    return out[: shape.predicted_tokens]


@torch.no_grad()
def test_twenty_layers_beside_a_text_longer_than_its_picture_equal_diffusers():
    shapes = [SampleShape(((5, 3),) * 21, 9, (5, 3)), SampleShape(((1, 1),) * 2, 77, (1, 1))]
    theirs = released_transformer(TINY)
    images, texts, sigma = inputs(shapes, TINY)
    zeros = torch.zeros(2, dtype=torch.int64)
    for k, part in enumerate(run(our_transformer(theirs, TINY), shapes, images, texts, sigma)):
        alone = theirs_of(theirs, shapes[k], images[k], texts[k], sigma[k : k + 1], zeros[:1])
        torch.testing.assert_close(part, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("grid", [(4, 6), (3, 5), (2, 1)])
@torch.no_grad()
def test_one_frame_from_text_equals_qwen_image(grid):
    """Whose rotary embedding has no layers: frame 0 is the same in both."""
    theirs = QwenImageTransformer2DModel(
        num_layers=2, attention_head_dim=32, num_attention_heads=2, joint_attention_dim=64, axes_dims_rope=(8, 12, 12)
    ).eval()
    row = {"time_text_embed.addition_t_embedding.weight": torch.zeros(2, 64)}
    ours = VldMmdit(TINY).eval()
    ours.load_state_dict(theirs.state_dict() | row)
    shape = SampleShape((grid,), 7)
    images, texts, sigma = inputs([shape], TINY)
    out = run(ours, [shape], images, texts, sigma)[0]
    torch.testing.assert_close(out, theirs_of(theirs, shape, images[0], texts[0], sigma), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_bfloat16_is_as_near_to_float32_as_diffusers_is():
    theirs = released_transformer(TINY)
    ours = our_transformer(theirs, TINY)
    shape = SampleShape(((4, 6),) * 4, 12, (4, 6))
    images, texts, sigma = inputs([shape], TINY)
    full = run(ours, [shape], images, texts, sigma)[0]
    image, text = images[0].bfloat16(), texts[0].bfloat16()
    their_half = theirs_of(theirs.bfloat16(), shape, image, text, sigma.bfloat16(), torch.zeros(1, dtype=torch.int64))
    our_half = run(ours.bfloat16(), [shape], [image], [text], sigma)[0]
    assert our_half.dtype == torch.bfloat16
    assert (our_half - full).norm() <= 1.2 * (their_half - full).norm() <= 0.1 * full.norm()


@torch.no_grad()
def test_the_order_of_a_batch_is_its_own_affair():
    model = VldMmdit(TINY)
    images, texts, sigma = inputs(MIXED, TINY)
    forth = run(model, MIXED, images, texts, sigma)
    back = run(model, MIXED[::-1], images[::-1], texts[::-1], sigma.flip(0))
    for one, other in zip(forth, back[::-1], strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_the_gradient_of_a_pack_is_the_sum_of_its_samples():
    model = VldMmdit(TINY)
    images, texts, sigma = inputs(MIXED, TINY)

    def gradients(*packs):
        model.zero_grad()
        for ks in packs:
            chosen = [[part[k] for k in ks] for part in (MIXED, images, texts)]
            sum(out.square().sum() for out in run(model, *chosen, sigma[list(ks)])).backward()
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])

    torch.testing.assert_close(gradients((0, 1, 2)), gradients((0,), (1,), (2,)), atol=1e-4, rtol=1e-4)


def test_bfloat16_gradients_sum_thousands_of_tokens_without_losing_them():
    shapes = [SampleShape(((32, 32),) * 4, 9)]
    images, texts, sigma = inputs(shapes, TINY)
    torch.manual_seed(0)
    model = VldMmdit(TINY)
    gradients = []
    for dtype in (torch.float32, torch.bfloat16):
        model.to(dtype).zero_grad()
        out = model(images[0].to(dtype), texts[0].to(dtype), sigma, layout_of(shapes)).float()
        (out * torch.linspace(0.5, 1.5, len(out))[:, None]).mean().backward()
        gradients.append(model.transformer_blocks[0].img_mod[1].bias.grad.float())
    full, half = gradients
    assert (half - full).norm() <= 0.03 * full.norm()


@torch.no_grad()
def test_layers_are_told_apart_by_layer3d_rope_and_not_by_plain2d():
    shape = SampleShape(((2, 2),) * 3, 4, (2, 2))
    images, texts, sigma = inputs([shape], TINY)
    frames = images[0].reshape(4, 4, -1)
    swapped = [frames[[0, 2, 1, 3]].reshape(16, -1)]
    for rope, are_told_apart in (("layer3d", True), ("plain2d", False)):
        torch.manual_seed(0)
        model = VldMmdit(MmditConfig(**{**vars(TINY), "rope": rope}))
        before = run(model, [shape], images, texts, sigma)[0].reshape(3, 4, -1)
        after = run(model, [shape], swapped, texts, sigma)[0].reshape(3, 4, -1)[[0, 2, 1]]
        assert bool((before - after).abs().max() > 1e-4) is are_told_apart


@torch.no_grad()
def test_the_row_of_t_cond_is_added():
    model = VldMmdit(TINY)
    images, texts, sigma = inputs(MIXED, TINY)
    zeros, ones = (run(model, MIXED, images, texts, sigma, torch.full((3,), k))[0] for k in (0, 1))
    assert torch.equal(zeros, run(model, MIXED, images, texts, sigma)[0])
    assert not torch.equal(zeros, ones)


@pytest.mark.parametrize("depth", [1, 3])
@torch.no_grad()
def test_two_compilations_serve_all_packs_and_all_blocks(depth):
    torch._dynamo.reset()
    model = VldMmdit(replace(TINY, depth=depth))
    expected = run(model, MIXED, *inputs(MIXED, TINY))
    counter = torch._dynamo.testing.CompileCounter()
    compile_blocks(model, counter)
    compiled = run(model, MIXED, *inputs(MIXED, TINY))
    for shapes in (MIXED[:2], [SampleShape(((2, 7),) * 3, 5, (2, 7)), *MIXED]):
        run(model, shapes, *inputs(shapes, TINY))
    assert counter.frame_count == 2  # what precedes attention, and what follows it
    for one, other in zip(compiled, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda image, text, sigma: (image[1:], text, sigma), r"image tokens are \[147, 64\]"),
        (lambda image, text, sigma: (image, text[:, 1:], sigma), r"text tokens are \[22, 63\]"),
        (lambda image, text, sigma: (image, text, sigma[1:]), r"noise levels are \[2\]"),
    ],
)
def test_what_does_not_fit_its_layout_is_refused(change, message):
    images, texts, sigma = inputs(MIXED, TINY)
    image, text, sigma = change(torch.cat(images), torch.cat(texts), sigma)
    with pytest.raises(ValueError, match=message):
        VldMmdit(TINY)(image, text, sigma, layout_of(MIXED))
