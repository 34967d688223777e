"""`python -m data_pipeline.examples OUTPUT_FOLDER` draws the example designs as PSDs."""

import argparse
from pathlib import Path

from data_pipeline.examples import draw_examples


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m data_pipeline.examples", description="Draws the example designs.")
    parser.add_argument("folder", type=Path, help="where the PSDs go; made if it does not exist")
    folder = parser.parse_args().folder
    for path in draw_examples(folder):
        print(path)


if __name__ == "__main__":
    main()
