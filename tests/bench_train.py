"""`make bench-train`: what feeds and plans training, each figure beside what it is measured against, in one run.

    python -m tests.bench_train --data DATASET [--only loader] [--repeats 3]

Rows are Markdown, as BENCHMARKS.md holds them.
"""

import argparse

from tests.bench_loader import bench_loader

PARTS = {"loader": lambda options: bench_loader(options.data, options.repeats)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="what make shards wrote")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for name, part in PARTS.items():
        if options.only in (None, name):
            part(options)


if __name__ == "__main__":
    main()
