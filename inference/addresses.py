"""A stack and an address in, the index of the layer that it means out; anything else is one clear ValueError."""

from inference.edits import Address
from schemas.spelling import nearest
from schemas.stack import PlainLayer, Stack


def path_of(layer: PlainLayer) -> str:
    """Its name after those of its groups, `Header/Title`."""
    return "/".join((*layer.groups, layer.name))


def find(stack: Stack, address: Address) -> int:
    """An index within the stack, a name that one layer has, or a name after those of its groups."""
    count = len(stack.layers)
    if isinstance(address, int):
        if not 0 <= address < count:
            raise ValueError(f"there is no layer {address}; the layers are 0 (bottom) to {count - 1} (top)")
        return address
    by_name = [index for index, layer in enumerate(stack.layers) if address == layer.name]
    found = by_name or [index for index, layer in enumerate(stack.layers) if address == path_of(layer)]
    names = sorted({layer.name for layer in stack.layers if layer.name})
    if not names or not address:
        raise ValueError(f"no layer is called {address!r}: give an index, 0 (bottom) to {count - 1} (top)")
    if not found:
        raise ValueError(f"no layer is called {address!r}{nearest(address, names)}")
    if len(found) > 1:
        indices = ", ".join(map(str, found))
        raise ValueError(f"{len(found)} layers are called {address!r}: give an index, one of {indices}")
    return found[0]
