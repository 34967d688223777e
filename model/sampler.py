"""Noise, texts and condition pictures in, latents out: Euler steps of the VLD-MMDiT over a packed batch.

Legend: F frames, C channels, h w latent cells, U text tokens, W width of the text encoder, P predicted tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from model.configs import MmditConfig
from model.flow import euler_step, guided, guided_keeping_norm, linear_schedule
from model.packing import Layout, SampleShape, layout_of, patchify, unpatchify

Schedule = Callable[[int, int], Tensor]  # (steps, tokens of one frame) -> noise levels, [steps + 1]
Guidance = Callable[[Tensor, Tensor, float], Tensor]
GUIDANCES: dict[str, Guidance] = {"plain": guided, "keep_norm": guided_keeping_norm}


class Network(Protocol):
    """What is asked for velocities: a `VldMmdit`, or one that stands behind something else."""

    config: MmditConfig
    img_in: nn.Linear

    def __call__(
        self, image_TC: Tensor, text_UW: Tensor, sigma_B: Tensor, layout: Layout, t_cond_B: Tensor, /
    ) -> Tensor:
        """As `VldMmdit.forward`."""


@dataclass(frozen=True, eq=False)
class Request:
    """One sample to draw. Latents are normalised.

    `noise_FChw` has the composite's frame first, then layers bottom to top. Where `negative_UW` is None nothing is
    guided. `condition_Chw` is the picture to decompose, None for text alone.
    """

    noise_FChw: Tensor = field(repr=False)
    text_UW: Tensor = field(repr=False)
    negative_UW: Tensor | None = field(repr=False, default=None)
    condition_Chw: Tensor | None = field(repr=False, default=None)
    t_cond: int = 0

    def __post_init__(self) -> None:
        noise, condition = self.noise_FChw, self.condition_Chw
        if noise.ndim != 4 or (condition is not None and (condition.ndim != 3 or condition.shape[0] != noise.shape[1])):
            given = None if condition is None else list(condition.shape)
            raise ValueError(f"noise is {list(noise.shape)}, condition {given}; they are [F, C, h, w] and [C, h, w]")
        if self.t_cond not in (0, 1):
            raise ValueError(f"t_cond is {self.t_cond}; it must be 0 or 1")


@dataclass(frozen=True)
class SamplerOptions:
    """`guidance` is the scale of true CFG, 1 for none. `schedule` is that of the weights."""

    steps: int = 50
    guidance: float = 4.0
    rule: str = "plain"
    schedule: Schedule = linear_schedule

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}; it must be at least 1")
        if not 1 <= self.guidance < float("inf"):
            raise ValueError(f"guidance is {self.guidance}; it must be at least 1 (no guidance)")
        if self.rule not in GUIDANCES:
            raise ValueError(f"rule is {self.rule!r}; it must be one of {', '.join(GUIDANCES)}")


@torch.no_grad()
def sample(
    model: Network,
    requests: Sequence[Request],
    options: SamplerOptions,
    on_step: Callable[[int], None] = lambda step: None,
) -> list[Tensor]:
    """Latents [F, C, h, w] of every request, float32. Requests of any sizes and layer counts run as one pack.

    Both branches of guidance are in that pack too. Each request has the schedule of its own frame size.
    """
    patch = model.config.patch
    device, dtype = model.img_in.weight.device, model.img_in.weight.dtype
    texts = [request.text_UW for request in requests]
    own = list(range(len(requests)))  # the request of each branch
    for index, request in enumerate(requests):
        if options.guidance > 1 and request.negative_UW is not None:
            texts.append(request.negative_UW)
            own.append(index)
    shapes = [_shape(requests[index], text, patch) for index, text in zip(own, texts, strict=True)]
    layout = layout_of(shapes, device)
    text_UW = torch.cat(texts).to(device, dtype)
    t_cond_B = torch.tensor([requests[index].t_cond for index in own], device=device)
    conditions = [_condition(request, patch, device) for request in requests]
    states = [patchify(request.noise_FChw.to(device, torch.float32), patch) for request in requests]
    sigmas = torch.stack([options.schedule(options.steps, _frame_tokens(shape)) for shape in shapes]).to(device)
    for step in range(options.steps):
        image_TC = torch.cat([part for index in own for part in (states[index], conditions[index])])
        out_PC = model(image_TC.to(dtype), text_UW, sigmas[:, step], layout, t_cond_B).float()
        velocities = _guided(out_PC, layout, own, len(requests), options)
        states = [
            euler_step(state, velocity, sigma[step], sigma[step + 1])
            for state, velocity, sigma in zip(states, velocities, sigmas, strict=False)  # branches follow requests
        ]
        on_step(step)
    grids = [shape.frames[0] for shape in shapes]
    return [unpatchify(state, grid, patch) for state, grid in zip(states, grids, strict=False)]


def _guided(out_PC: Tensor, layout: Layout, own: list[int], count: int, options: SamplerOptions) -> list[Tensor]:
    """The velocity of each request, from its one branch or its two."""
    parts = out_PC.split([shape.predicted_tokens for shape in layout.shapes])
    velocities = list(parts[:count])
    for index, unconditional in zip(own[count:], parts[count:], strict=True):
        velocities[index] = GUIDANCES[options.rule](velocities[index], unconditional, options.guidance)
    return velocities


def _shape(request: Request, text_UW: Tensor, patch: int) -> SampleShape:
    frames, _, height, width = request.noise_FChw.shape
    condition = request.condition_Chw
    return SampleShape(
        frames=((height // patch, width // patch),) * frames,
        text=len(text_UW),
        condition=None if condition is None else (condition.shape[1] // patch, condition.shape[2] // patch),
    )


def _condition(request: Request, patch: int, device: torch.device) -> Tensor:
    if request.condition_Chw is None:
        return torch.empty(0, request.noise_FChw.shape[1] * patch**2, device=device)
    return patchify(request.condition_Chw.to(device, torch.float32).unsqueeze(0), patch)


def _frame_tokens(shape: SampleShape) -> int:
    """Of the condition where there is one, as the released pipeline counts; else of a predicted frame."""
    rows, columns = shape.condition or shape.frames[0]
    return rows * columns
