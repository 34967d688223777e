"""Existing layered data in, the same shards and tables out as `beam_jobs.shards` makes of Photoshop files.

    python -m beam_jobs.imports --format crello|folder|psd --input INPUT --output FOLDER [options of beam_jobs.shards]

    crello    Parquet files of the dataset cyberagent/crello as the hub has them: every row is a document
    folder    folders of RGBA pictures, and files that hold layer stacks: .zip, .ora, .svg, .pptx
    psd       Photoshop files by any program: none has to hold a picture, or to look like the one that it holds

Layers are taken as they are. Where a picture of the whole came with them, `documents` says how far they are from it,
and flags what is far; `--unfaithful reject` asks for more. The exit statuses are those of `beam_jobs.shards`.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from beam_jobs.command_line import Program, parse
from beam_jobs.options import FORMATS
from beam_jobs.running import exit_status
from beam_jobs.shards import job


def _defaults(values: Mapping[str, Any]) -> Mapping[str, Any]:
    if "format" not in values:
        raise ValueError(f"--format is missing: INPUT is {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    usual = {"no_stored_image": "keep", "unfaithful": "flag"}
    return usual | ({"splits": "published"} if values["format"] == "crello" else {})


IMPORTS = Program(
    "beam_jobs.imports",
    "Turns existing layered data into the shards and tables that Photoshop files are turned into.",
    "--format FORMAT ",
    {
        "format": "crello (Parquet files of the dataset), folder (folders of pictures, .zip, .ora, .svg, .pptx) or psd",
        "input": "a folder, one file, or a manifest: .csv, .jsonl, for psd .parquet too",
        "splits": "published (of crello, its default: by the names of its files) or hash",
        "unfaithful": "documents that are further from the picture that came with them: reject or flag; default flag",
        "no_stored_image": "PSDs without a picture of the whole: reject or keep; default keep",
    },
    _defaults,
)


def main(arguments: Sequence[str]) -> int:
    return exit_status(lambda: parse(arguments, IMPORTS), job)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
