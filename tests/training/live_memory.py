"""The bytes of all tensors that live while some code runs, and the most there were: an account of allocations."""

import weakref

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveMemory(TorchDispatchMode):
    """Counts what is made within it; what was there before is not counted."""

    def __init__(self, *there: torch.Tensor) -> None:
        super().__init__()
        self.bytes = self.most = 0
        self._known = weakref.WeakSet()
        for tensor in there:
            self._known.add(tensor.untyped_storage())

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        result = function(*arguments, **(named or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and not leaf.is_meta:
                self._count(leaf.untyped_storage())
        return result

    def _count(self, storage):
        if storage in self._known:
            return
        self._known.add(storage)
        size = storage.nbytes()
        self.bytes += size
        self.most = max(self.most, self.bytes)
        weakref.finalize(storage, self._freed, size)

    def _freed(self, size):
        self.bytes -= size
