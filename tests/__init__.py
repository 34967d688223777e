"""Tests count in one thread: small matrices are slower in two, much slower where another process has the core.

This is read before anything imports numpy, and processes that tests start are told too.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
