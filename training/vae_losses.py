"""RGBA pictures and their reconstructions in, a loss for each picture out: what the VAE stage minimises.

Legend: B pictures, H W pixels; [B, 4, H, W] in [-1, 1], straight alpha, in which alpha 1 is +1, and black is -1 (0 is
mid-grey). Nothing is clamped. Every function returns [B], the mean over a picture's own elements, so that the loss of a
batch does not depend on how it was dealt out.

Qwen-Image-Layered (section 3.1) names reconstruction, perceptual and regularisation losses and no weights. The terms
here follow AlphaVAE, whose weights are the defaults of `configuration.VaeStage`. A picture is judged by what it shows
over grounds: colour under alpha 0 is nobody's business.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

# Of a ground that is the same for all pixels of a picture: black, white, or drawn uniformly from [-1, 1] in each
# channel, a third each. Mean (-1 + 1 + 0) / 3, mean square (1 + 1 + 1/3) / 3.
GROUND_MEAN, GROUND_SQUARE = 0.0, 7 / 9
_SCALES = 3

Perceptual = Callable[[Tensor, Tensor], Tensor]  # RGB pictures [B, 3, H, W] in [-1, 1], twice -> [B]


def reconstruction(x_B4HW: Tensor, y_B4HW: Tensor) -> Tensor:
    """The expected squared error over the ground `GROUND_MEAN` and `GROUND_SQUARE` describe."""
    return over_random_ground(x_B4HW, y_B4HW, GROUND_MEAN, GROUND_SQUARE)


def over_random_ground(x_B4HW: Tensor, y_B4HW: Tensor, mean: float, square: float) -> Tensor:
    """The expected squared error of y against x over a ground b with these moments in every channel.

    With P the difference of colours times alpha and d that of alpha, both x - y, the pictures differ by P - d b, whose
    expected square is `P^2 - 2 d P E[b] + d^2 E[b^2]`: closed form, so that no ground is drawn (AlphaVAE).
    """
    alpha_x, alpha_y = alpha_of(x_B4HW), alpha_of(y_B4HW)
    colour = x_B4HW[:, :3] * alpha_x - y_B4HW[:, :3] * alpha_y
    alpha = alpha_x - alpha_y
    return (colour.square() - 2 * mean * alpha * colour + square * alpha.square()).mean(dim=(1, 2, 3))


def alpha_error(x_B4HW: Tensor, y_B4HW: Tensor) -> Tensor:
    """The absolute error of alpha in [0, 1]."""
    return (alpha_of(x_B4HW) - alpha_of(y_B4HW)).abs().mean(dim=(1, 2, 3))


def alpha_edges(x_B4HW: Tensor, y_B4HW: Tensor) -> Tensor:
    """The absolute error of the steps of alpha between neighbours, across and down."""
    return _edge_error(alpha_of(x_B4HW), alpha_of(y_B4HW))


def perceptual(x_B4HW: Tensor, y_B4HW: Tensor, distance: Perceptual) -> Tensor:
    """The mean of a distance of colour pictures over black and over white."""
    black, white = (distance(over(x_B4HW, ground), over(y_B4HW, ground)) for ground in (-1.0, 1.0))
    return (black + white) / 2


def edges_at_scales(a_B3HW: Tensor, b_B3HW: Tensor) -> Tensor:
    """The absolute error of the steps between neighbours, at full, half and quarter size, averaged; sides of 8 px or
    more.

    What stands in for LPIPS where its weights are not given: it asks for contours where a squared error is content
    with blur. No network has judged it, and its values are not comparable with those of LPIPS.
    """
    total = a_B3HW.new_zeros(len(a_B3HW))
    for scale in range(_SCALES):
        if scale:
            a_B3HW, b_B3HW = F.avg_pool2d(a_B3HW, 2), F.avg_pool2d(b_B3HW, 2)
        total = total + _edge_error(a_B3HW, b_B3HW)
    return total / _SCALES


def divergence(mean_Bzhw: Tensor, log_variance_Bzhw: Tensor) -> Tensor:
    """Kullback-Leibler, of the posterior from the standard normal distribution, in nats for each latent element."""
    each = (mean_Bzhw.square() + log_variance_Bzhw.exp() - 1 - log_variance_Bzhw) / 2
    return each.mean(dim=(1, 2, 3))


def over(x_B4HW: Tensor, ground: float) -> Tensor:
    """[B, 3, H, W]: the pictures over a ground of this value in every channel."""
    alpha = alpha_of(x_B4HW)
    return x_B4HW[:, :3] * alpha + ground * (1 - alpha)


def alpha_of(x_B4HW: Tensor) -> Tensor:
    """[B, 1, H, W] in [0, 1]."""
    return (x_B4HW[:, 3:] + 1) / 2


def opaque(x_B3HW: Tensor) -> Tensor:
    """[B, 4, H, W] of pictures without alpha."""
    return torch.cat([x_B3HW, torch.ones_like(x_B3HW[:, :1])], dim=1)


def _edge_error(a_BCHW: Tensor, b_BCHW: Tensor) -> Tensor:
    apart = a_BCHW - b_BCHW
    across, down = apart.diff(dim=3).abs(), apart.diff(dim=2).abs()
    return (across.mean(dim=(1, 2, 3)) + down.mean(dim=(1, 2, 3))) / 2
