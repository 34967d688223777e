"""`make bench-train`: what feeds and plans training, each figure beside what it is measured against, in one run.

    python -m tests.bench_train --data DATASET [--only loader|latents] [--repeats 3]
    python -m tests.bench_train --only planning

Rows are Markdown, as BENCHMARKS.md holds them.
"""

import argparse

from tests.bench_latents import bench_latents
from tests.bench_loader import bench_loader
from tests.bench_planning import bench_planning

PARTS = {
    "planning": lambda options: bench_planning(options.repeats),
    "loader": lambda options: bench_loader(options.data, options.repeats),
    "latents": lambda options: bench_latents(options.data, options.repeats),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="what make shards wrote, for the loader and for latents")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if options.data is None and options.only != "planning":
        parser.error("the loader and latents are measured on --data DATASET; --only planning needs none")
    for name, part in PARTS.items():
        if options.only in (None, name):
            part(options)


if __name__ == "__main__":
    main()
