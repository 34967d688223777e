"""How kernels are compiled: once, for arrays of any stride, so that no run waits for a new combination.

No fast-math: the same bytes come out on every machine.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types

READ_U8_3D = types.Array(types.uint8, 3, "A", readonly=True)
READ_F32_2D = types.Array(types.float32, 2, "A", readonly=True)
READ_F32_3D = types.Array(types.float32, 3, "A", readonly=True)
U8_3D = types.Array(types.uint8, 3, "A")
F32_2D = types.Array(types.float32, 2, "A")
F32_3D = types.Array(types.float32, 3, "A")
I32_2D = types.Array(types.int32, 2, "A")


def kernel(result: Any, *arguments: Any) -> Callable[[Callable], Callable]:
    """Compile for exactly this signature, on import, from numba's cache where it can."""
    return numba.njit(result(*arguments), cache=True, nogil=True)


inlined = numba.njit(cache=True, nogil=True)  # what kernels call, compiled with them

# Row by row over contiguous planes and packed pixels, loops become vector instructions: 5 to 20 times the
# speed of the same loop over [height, width, 4].
PIXELS = types.Array(types.uint32, 2, "C")
READ_PIXELS = types.Array(types.uint32, 2, "C", readonly=True)
READ_ANY_PIXELS = types.Array(types.uint32, 2, "A", readonly=True)  # a view: of a channel view, or of a crop
PLANE = types.Array(types.float32, 2, "C")
READ_PLANE = types.Array(types.float32, 2, "C", readonly=True)
PLANES = types.Array(types.float32, 3, "C")


NO_PLANE = np.empty((0, 0), np.float32)  # where a kernel may be given a plane or none


def packed(rgba: np.ndarray) -> np.ndarray:
    """Contiguous uint8 RGBA [height, width, 4] as uint32 pixels [height, width], red in the lowest byte. No copy."""
    return rgba.view("<u4")[..., 0]
