"""Held-out samples in, what the network draws of them out: layers of their pictures, or pictures of their captions.

The same samples and the same noise whenever it is asked, and no random number of the training is drawn. A decomposition
is scored by LayerD's metric; it is told how many layers there are, and, where the network learns to stop, asked once
more without.

Legend: F frames, z latent channels, h w latent cells, H W pixels.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from model.blank_frames import without_blank_end
from model.configs import MmditConfig
from model.levels import to_rgba
from model.packing import Layout
from model.sampler import Request, SamplerOptions, sample
from training.batches import Encoded, Encoders, encode
from training.captions import EMPTY_PROMPT
from training.configuration import RunConfig
from training.data import Reader
from training.distributed import Ranks
from training.flow_module import Inputs
from training.held_out import SEED, chosen, evaluated, rounds, without_chance
from training.index import Index
from training.layer_figures import as_stack, decomposed, decomposition_sheet, generated, generation_sheet
from training.noising import noise_of
from training.picture_sheet import sheet
from training.recipes import Planned, Task
from training.shown import Shown, gathered


class FlowPictures:
    """`indexes` are of the held-out split; samples are taken in turn from each, in order."""

    def __init__(self, indexes: Sequence[Index], config: RunConfig, encoders: Encoders, network: MmditConfig) -> None:
        self._config, self._encoders, self._network = _hardest(without_chance(config)), encoders, network
        self._indexes, self._read = tuple(indexes), Reader(indexes)
        token_px = encoders.vae.config.stride * network.patch
        self._planned = chosen(indexes, self._config, token_px, config.validation.pictures)
        self._stops = config.tasks.blanks > 0

    def __len__(self) -> int:
        return len(self._planned)

    @torch.no_grad()
    def drawn(self, module: nn.Module, ranks: Ranks) -> list[Shown]:
        """Of every sample, on all ranks. Each takes samples of its own, those that share sequences too: without
        gradients a rank has room for a whole one."""
        own: dict[int, Shown] = {}
        network = _Through(module, self._network)
        with evaluated(module):
            for planned, is_own in rounds(self._planned, ranks.rank, ranks.world):
                shown = self._shown(planned, network, ranks.device)
                if is_own:
                    own[planned.position] = shown
        return gathered(own, ranks)

    def _shown(self, planned: Planned, network: "_Through", device: torch.device) -> Shown:
        example = self._read.example(planned)
        (encoded,) = encode([example], self._encoders, device)
        task = planned.recipe.task
        frames = self._frames(encoded, planned.recipe.frames, network)
        key = self._indexes[planned.source].facts(planned.index).key
        if not task.is_layered:
            pictures = sheet(("true", "drawn"), [(example.frames[0], to_rgba(frames[0]))])
            return Shown(key, example.prompt, {}, pictures)
        stack, truth = as_stack(map(to_rgba, frames[1:])), as_stack(example.frames[1:])
        alone = None
        if self._stops:
            more = self._frames(encoded, 1 + self._config.data.max_layers, network)
            alone = as_stack(map(to_rgba, without_blank_end(more[1:])))
        if task is Task.IMAGE_TO_LAYERS:
            figures = decomposed(stack, truth, alone)
            pictures = decomposition_sheet(example.frames[0], stack, truth, alone)
        else:
            composite = to_rgba(frames[0])  # which it drew beside the layers
            figures = generated(as_stack([composite]), stack, alone)
            pictures = generation_sheet(composite, stack, alone)
        return Shown(f"{key} ({len(truth.layers)} layers)", example.prompt, figures, pictures)

    def _frames(self, encoded: Encoded, count: int, network: "_Through") -> Tensor:
        """[F, C, H, W], as the decoder gives them, the composite's frame first."""
        vae, options = self._encoders.vae, self._config.validation
        shape = (count, *encoded.frames_FChw.shape[1:])
        (negative_UW,) = self._encoders.text([EMPTY_PROMPT])
        request = Request(
            noise_FChw=noise_of(SEED, encoded.position, shape, encoded.frames_FChw.device),
            text_UW=encoded.text_UW,
            negative_UW=negative_UW,
            condition_Chw=encoded.condition_Chw,
            t_cond=int(encoded.recipe.task is Task.TEXT_TO_RGB),
        )
        (z_Fzhw,) = sample(network, [request], SamplerOptions(options.sampling_steps, options.guidance))
        z_Fzhw = vae.denormalise(z_Fzhw.to(vae.quant_conv.weight.dtype))
        return torch.cat([vae.decode(frame.unsqueeze(0)) for frame in z_Fzhw])


class _Through:
    """The transformer, asked by the door of the module that trains it."""

    def __init__(self, module: nn.Module, config: MmditConfig) -> None:
        self.config, self.img_in, self._module = config, module.mmdit.img_in, module

    def __call__(
        self, image_TC: Tensor, text_UW: Tensor, sigma_B: Tensor, layout: Layout, t_cond_B: Tensor, /
    ) -> Tensor:
        velocity_PC: Tensor = self._module(Inputs(layout, image_TC, text_UW, sigma_B, t_cond_B))
        return velocity_PC


def _hardest(config: RunConfig) -> RunConfig:
    """Of layered tasks the last alone, so that all samples ask the network as often; without blanks."""
    weights = {task: weight for task, weight in config.tasks.weights.items() if weight > 0}
    layered = [task for task in weights if task.is_layered]
    hardest = Task.IMAGE_TO_LAYERS if Task.IMAGE_TO_LAYERS in layered else Task.TEXT_TO_LAYERS
    return replace(config, tasks=replace(config.tasks, weights={hardest: 1.0} if layered else weights, blanks=0.0))
