"""Some code in, the bytes of tensors that it makes out: counted on shapes alone, with nothing computed."""

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Allocations(TorchDispatchMode):
    """`most` are the most bytes at a time, within it, of tensors that were not there before; on the device `meta`."""

    def __init__(self, *there: torch.Tensor) -> None:
        super().__init__()
        self.most = self._bytes = 0
        self._known = weakref.WeakSet(tensor.untyped_storage() for tensor in there)

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        result = function(*arguments, **(named or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.is_meta and leaf.untyped_storage() not in self._known:
                self._count(leaf.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        self._known.add(storage)
        size = storage.nbytes()
        self._bytes += size
        self.most = max(self.most, self._bytes)
        weakref.finalize(storage, self._free, size)

    def _free(self, size: int) -> None:
        self._bytes -= size
