"""The ground on which a layer is shown to who looks at it alone: a face detector, a model that describes it."""

import numpy as np
from PIL import Image

GREY = (128, 128, 128)


def over_grey(rgba: np.ndarray) -> Image.Image:
    """A straight picture uint8 RGBA on neutral grey, RGB, rounded."""
    image = Image.fromarray(rgba)
    ground = Image.new("RGB", image.size, GREY)
    ground.paste(image, mask=image.getchannel("A"))
    return ground
