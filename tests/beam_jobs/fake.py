"""Documents that cost nothing, and their curation: a file says in JSON what becomes of it.

The job is tested with them, because what it promises does not depend on what a document looks like.
"""

import hashlib
import json
import os
import signal
import time

import numpy as np

from schemas.captions import Caption
from schemas.options import CurateOptions
from schemas.rows import DocumentRow, LayerRow
from schemas.sample import Fidelity, Rejection, Sample
from schemas.stack import PlainLayer, Stack

LOG = "curated.log"


def write(folder, name, **what):
    """`colour` decides the composite, `shade` makes it darker, `layers` how many there are, `do` what else happens."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(what))
    return path


def curated(folder):
    """uris that were curated since the last call; the first call starts to count."""
    path = folder / LOG
    lines = path.read_text().split() if path.exists() else []
    path.write_text("")
    return sorted(lines)


def curate(source, options=None, uri="", attributes=None):
    options = options or CurateOptions()
    if hasattr(source, "read"):
        data = source.read()
    else:
        with open(source, "rb") as file:
            data = file.read()
        log = os.path.join(os.path.dirname(source), LOG)
        if os.path.exists(log):
            with open(log, "a") as lines:
                lines.write(uri + "\n")
    what = json.loads(data)
    if "sleep" in what:
        time.sleep(what["sleep"])
    if what.get("do") == "abort":
        os.kill(os.getpid(), signal.SIGKILL)
    if what.get("do") == "exit":
        os._exit(3)
    if what.get("do") == "unreadable":
        raise OSError(5, "Input/output error")
    if what.get("do") == "memory":
        raise MemoryError
    if what.get("do") == "hog":
        np.ones(options.max_memory_bytes, np.uint8)
    if what.get("do") == "defect":
        raise ZeroDivisionError("over \udcff easy")
    return _outcome(what, hashlib.sha256(data).hexdigest(), len(data), uri, attributes or {})


def _outcome(what, sha256, size, uri, attributes):
    document_id = hashlib.sha256(uri.encode()).hexdigest()[:16]
    common = {"document_id": document_id, "uri": uri, "sha256": sha256, "key": sha256[:16], "bytes": size, **attributes}
    count = what.get("layers", 2)
    rng = np.random.default_rng(what.get("colour", 0))
    composite = rng.integers(1, 256, (12, 16, 4), dtype=np.uint8)
    composite[..., :3] = np.maximum(composite[..., :3].astype(int) - what.get("shade", 0), 0)
    previews = {"photoshop": composite}
    rows = tuple(_row(document_id, index) for index in range(count))
    if "reason" in what:
        row = DocumentRow(**common, stage="verify", reason=what["reason"], message="as asked", layers_in=count)
        return Rejection(row, rows, previews)
    layers = tuple(PlainLayer((index, 0, 16, 12), composite[:, index:], (index,)) for index in range(count))
    row = DocumentRow(**common, status="accepted", width=16, height=12, gold=True, layers_in=count, layers_stored=count)
    return Sample(sha256[:16], Stack(16, 12, layers), composite, (Caption(f"Say {uri} \ud800"),), (None,) * count,
                  ("text",), Fidelity(0.0, 1.0, 0.0, True), row, rows, previews)  # fmt: skip


def _row(document_id, index):
    return LayerRow(document_id, index, None, None, "pixel", f"<b>{index}</b>", "", None, "normal", 1.0, 1.0, False,
                    None if index == 1 else (index, 0, 16, 12), 9, 1.0, "stored", index)  # fmt: skip
