"""Small random stacks for the metrics, as arrays [layers, height, width, 4], with everything that is degenerate."""

import numpy as np

KINDS = ("flat", "noise", "faint", "equal squares")


def random_layers(rng: np.random.Generator, count: int, height: int, width: int, kind: str) -> np.ndarray:
    """Rectangles, some empty: of three colours, of noise, of noise with alphas at the ends, or all of one size."""
    stack = np.zeros((count, height, width, 4), np.uint8)
    palette = rng.integers(0, 256, (3, 4))
    for layer in stack:
        top, bottom = sorted(rng.integers(0, height + 1, 2))
        left, right = sorted(rng.integers(0, width + 1, 2))
        if kind == "flat":
            layer[top:bottom, left:right] = palette[rng.integers(3)]
        elif kind == "noise":
            layer[top:bottom, left:right] = rng.integers(0, 256, (bottom - top, right - left, 4))
        elif kind == "faint":
            layer[...] = rng.integers(0, 256, layer.shape)
            layer[..., 3] = rng.choice([0, 0, 1, 254, 255], (height, width))
        else:
            y, x = rng.integers(0, height - 2), rng.integers(0, width - 2)
            layer[y : y + 3, x : x + 3] = (*palette[rng.integers(2), :3], 255)
    return stack


def random_pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(prediction, truth): layers of the truth come again, some changed, in another number."""
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(4, 12, 2))
    kind = KINDS[rng.integers(len(KINDS))]
    truth = random_layers(rng, int(rng.integers(1, 8)), height, width, kind)
    pred = random_layers(rng, int(rng.integers(1, 8)), height, width, kind)
    for layer in pred:
        if rng.random() < 0.6:
            spread = int(rng.choice([0, 20]))
            changed = truth[rng.integers(len(truth))] + rng.integers(-spread, spread + 1, layer.shape)
            layer[...] = np.clip(changed, 0, 255)
    return pred, truth
