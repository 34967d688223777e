"""A packed mixed batch gives each sample what diffusers gives it alone."""

from dataclasses import replace

import pytest
import torch
import torch._dynamo.testing
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
    lambda grid, frames, text: SampleShape((grid,) * frames, text, grid), GRID, st.integers(1, 5), st.integers(1, 9)
)
CONFIGS = st.builds(
    lambda depth, heads, axes, text_width, patch: MmditConfig(
        depth=depth, heads=heads, head_dim=sum(axes), rope_axes=axes, text_width=text_width, patch=patch
    ),
    st.integers(1, 3),
    st.integers(1, 4),
    st.tuples(*[st.sampled_from([2, 4, 8])] * 3),
    st.sampled_from([8, 24]),
    st.sampled_from([1, 2]),
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
        alone = theirs(
            hidden_states=images[k][None],
            encoder_hidden_states=texts[k][None],
            timestep=sigma[k : k + 1],
            img_shapes=[[(1, *grid) for grid in shapes[k].grids]],
            additional_t_cond=t_cond[k : k + 1],
            return_dict=False,
        )[0][0]
        torch.testing.assert_close(part, alone[: shapes[k].predicted_tokens], atol=1e-5, rtol=1e-5)


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
