"""A mixed pack for the tests: samples of different size, layer count and text, with and without a condition."""

import torch

from model.packing import SampleShape, layout_of

MIXED = [SampleShape(((4, 6),) * 4, 7, (4, 6)), SampleShape(((3, 3),) * 2, 12), SampleShape(((5, 2),), 3)]


def inputs(shapes, config, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = [torch.randn(shape.image_tokens, config.token_channels, generator=generator) for shape in shapes]
    texts = [torch.randn(shape.text, config.text_width, generator=generator) for shape in shapes]
    return images, texts, torch.rand(len(shapes), generator=generator)


def run(model, shapes, images, texts, sigma, t_cond=None):
    out = model(torch.cat(images), torch.cat(texts), sigma, layout_of(shapes), t_cond)
    return out.split([shape.predicted_tokens for shape in shapes])
