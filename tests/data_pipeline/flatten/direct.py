"""Drawn layers without effects -> their picture, composited directly: in float64, nothing rounded, nothing baked.

Photoshop's model, written out a layer at a time: the formula of PDF 32000, 11.3.6, with groups and clipping groups as
pictures of their own. Pictures are premultiplied [SIDE, SIDE, 4].
"""

from collections.abc import Sequence

import numpy as np
from psd_tools.constants import BlendMode

from data_pipeline.drawing import Group, Mask, Node, Pixels
from tests.data_pipeline.flatten.random_stacks import SIDE

_BLENDS = {
    BlendMode.NORMAL: lambda b, s: s,
    BlendMode.MULTIPLY: lambda b, s: b * s,
    BlendMode.SCREEN: lambda b, s: b + s - b * s,
    BlendMode.DARKEN: np.minimum,
    BlendMode.LIGHTEN: np.maximum,
    BlendMode.LINEAR_DODGE: lambda b, s: np.minimum(b + s, 1),
    BlendMode.LINEAR_BURN: lambda b, s: np.maximum(b + s - 1, 0),
    BlendMode.DIFFERENCE: lambda b, s: np.abs(b - s),
    BlendMode.EXCLUSION: lambda b, s: b + s - 2 * b * s,
}


def painted(layers: Sequence[Node], backdrop: np.ndarray) -> np.ndarray:
    """The backdrop with siblings, bottom to top, on it."""
    units: list[list[Node]] = []
    for layer in layers:
        if layer.clipping:
            units[-1].append(layer)
        else:
            units.append([layer])
    for base, *clipped in units:
        backdrop = _with_unit(base, clipped, backdrop)
    return backdrop


def _with_unit(base: Node, clipped: Sequence[Node], backdrop: np.ndarray) -> np.ndarray:
    held = base.opacity / 255 * _shown(base.mask)
    if base.blend_mode == BlendMode.PASS_THROUGH and not clipped:
        return backdrop + held * (painted(_layers(base), backdrop) - backdrop)
    own = _alone(base)
    colour, alpha = _straight(own), own[..., 3:]
    inner = np.concatenate([colour, np.ones_like(alpha)], axis=2) * (alpha > 0)
    for layer in clipped:
        inner = _with_unit(layer, (), inner)
    return _blended(base.blend_mode, _straight(inner), alpha * held, backdrop)


def _alone(layer: Node) -> np.ndarray:
    """Over nothing, without its mask and at full opacity."""
    picture = np.zeros((SIDE, SIDE, 4))
    if isinstance(layer, Group):
        return painted(layer.layers, picture)
    assert isinstance(layer, Pixels)
    assert layer.rgba is not None
    pixels = _placed(layer.rgba / 255, layer.left, layer.top, picture)
    pixels[..., :3] *= pixels[..., 3:]
    return pixels


def _layers(group: Node) -> Sequence[Node]:
    assert isinstance(group, Group)
    return group.layers


def _blended(mode: BlendMode, colour: np.ndarray, alpha: np.ndarray, backdrop: np.ndarray) -> np.ndarray:
    below, b = _straight(backdrop), backdrop[..., 3:]
    mixed = _BLENDS.get(mode, _BLENDS[BlendMode.NORMAL])(below, colour)
    rgb = (1 - alpha) * b * below + alpha * ((1 - b) * colour + b * mixed)
    return np.concatenate([rgb, alpha + (1 - alpha) * b], axis=2)


def _shown(mask: Mask | None) -> np.ndarray:
    if mask is None:
        return np.ones((SIDE, SIDE, 1))
    whole = np.full((SIDE, SIDE, 1), mask.default / 255)
    density = 1.0 if mask.density is None else mask.density / 255
    return 1 - density * (1 - _placed(mask.array[..., np.newaxis] / 255, mask.left, mask.top, whole))


def _placed(values: np.ndarray, left: int, top: int, whole: np.ndarray) -> np.ndarray:
    """On the canvas `whole`, in its place."""
    ys, xs = np.arange(values.shape[0]) + top, np.arange(values.shape[1]) + left
    rows, columns = (ys >= 0) & (ys < SIDE), (xs >= 0) & (xs < SIDE)
    whole[np.ix_(ys[rows], xs[columns])] = values[np.ix_(rows, columns)]
    return whole


def _straight(picture: np.ndarray) -> np.ndarray:
    alpha = picture[..., 3:]
    return np.divide(picture[..., :3], alpha, out=np.zeros((SIDE, SIDE, 3)), where=alpha > 0)
