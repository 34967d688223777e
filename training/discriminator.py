"""Pictures and their reconstructions in, how real each patch looks out; and the optimizer of what judges them.

Legend: B pictures, H W pixels.

A patch discriminator (Isola et al. 2017) with the hinge loss, as VQGAN has it. It sees a picture over black and over
white, six channels: that determines colour and alpha wherever anything is visible, and hides the colour under alpha 0,
by which real and reconstructed pictures would be told apart at once. GroupNorm stands where VQGAN has BatchNorm, and
the weight of its loss is fixed, not adapted to gradients: statistics of a batch would let a picture's loss depend on
what else its rank took.
"""

from collections.abc import Mapping

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from training.distributed import naming_the_lost
from training.vae_losses import over

_WIDTHS = (64, 128, 256, 512)
_GROUPS = 16
_BETAS = (0.5, 0.9)  # as in VQGAN
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


class PatchDiscriminator(nn.Module):
    """[B, 6, H, W] in [-1, 1], sides of 32 px or more -> scores [B, 1, h, w], each of a patch of 70 px; real is up."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(6, _WIDTHS[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for index in range(1, len(_WIDTHS)):
            stride = 2 if index < len(_WIDTHS) - 1 else 1
            layers += [
                nn.Conv2d(_WIDTHS[index - 1], _WIDTHS[index], 4, stride, padding=1, bias=False),
                nn.GroupNorm(_GROUPS, _WIDTHS[index]),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(_WIDTHS[-1], 1, 4, padding=1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)

    def forward(self, x_B6HW: Tensor) -> Tensor:
        return self.layers(x_B6HW)


class Adversary:
    """A discriminator and its AdamW, which every rank has whole and alike.

    `fools` is the loss of the reconstructions; `learn` collects gradients on the pictures of a pack, and `step` moves
    the weights by those of all ranks and micro-steps together.
    """

    def __init__(self, lr: float, seed: int, device: torch.device) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._network = PatchDiscriminator()
        self._network.to(device)
        self._optimizer = torch.optim.AdamW(self._network.parameters(), lr, _BETAS, weight_decay=0.0)

    @property
    def weights(self) -> list[Tensor]:
        return list(self._network.parameters())

    def fools(self, y_B4HW: Tensor) -> Tensor:
        """[B]: low where reconstructions pass for real. Gradients flow to them alone."""
        frozen = {name: parameter.detach() for name, parameter in self._network.named_parameters()}
        return -functional_call(self._network, frozen, (_seen(y_B4HW),)).mean(dim=(1, 2, 3))

    def learn(self, x_B4HW: Tensor, y_B4HW: Tensor, samples: int) -> Tensor:
        """Adds the gradient of the hinge loss of this pack's pictures, divided by the `samples` of the whole step.

        Returns the losses [B], detached.
        """
        with torch.enable_grad():
            real, made = self._network(_seen(x_B4HW.detach())), self._network(_seen(y_B4HW.detach()))
            losses = (F.relu(1 - real) + F.relu(1 + made)).mean(dim=(1, 2, 3)) / 2
            (losses.sum() / samples).backward()
        return losses.detach()

    def step(self) -> None:
        """Every rank calls this once a step, after the last micro-step."""
        for parameter in self._network.parameters():
            if parameter.grad is None:  # of a rank that nothing was dealt to
                parameter.grad = torch.zeros_like(parameter)
            if dist.is_initialized():
                with naming_the_lost("exchange the discriminator's gradients"):
                    dist.all_reduce(parameter.grad)
        self._optimizer.step()
        self._optimizer.zero_grad()

    def state(self) -> dict[str, Tensor]:
        """Weights and moments, flat."""
        tensors = {f"weights.{name}": tensor for name, tensor in self._network.state_dict().items()}
        for name, parameter in self._network.named_parameters():
            moments = self._optimizer.state.get(parameter, {})
            tensors |= {f"{moment}.{name}": moments[moment] for moment in _MOMENTS if moment in moments}
        return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of `state`. ValueError where these are not of this network."""
        weights = {name.removeprefix("weights."): one for name, one in tensors.items() if name.startswith("weights.")}
        try:
            self._network.load_state_dict(weights)
        except RuntimeError as error:
            raise ValueError(f"the state of the discriminator is of another network: {error}") from error
        self._optimizer.state.clear()
        for name, parameter in self._network.named_parameters():
            moments = {moment: tensors[f"{moment}.{name}"] for moment in _MOMENTS if f"{moment}.{name}" in tensors}
            if moments:
                self._optimizer.state[parameter] = {
                    moment: tensor.clone() if moment == "step" else tensor.to(parameter.device, copy=True)
                    for moment, tensor in moments.items()
                }


def _seen(x_B4HW: Tensor) -> Tensor:
    """[B, 6, H, W]: the pictures over black and over white."""
    x = x_B4HW.float()
    return torch.cat([over(x, -1.0), over(x, 1.0)], dim=1)
