"""`python -m data_pipeline.designs FOLDER --count N --seed S` draws small designs as PSDs."""

import argparse
import sys
from pathlib import Path

from data_pipeline.designs.drawn import draw_designs


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m data_pipeline.designs", description="Draws small designs.")
    parser.add_argument("folder", type=Path, help="where the PSDs go; made if it does not exist")
    parser.add_argument("--count", type=int, default=400, help="of designs (default: 400)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        drawn = draw_designs(options.folder, options.count, options.seed)
    except (ValueError, OSError) as error:
        print(f"lamina: {error}", file=sys.stderr)
        return 2
    print(f"{drawn} designs in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
