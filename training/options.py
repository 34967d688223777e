"""Options of the command line that name a run's configuration in, the configuration out: of all that train or plan."""

import argparse

from training.config_files import load_config
from training.configuration import RunConfig
from training.network_options import STAGES


def add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stage", choices=STAGES, help="whose configuration is taken, unless --config names another")
    parser.add_argument("--config", help="a YAML, or the name of one in training/configs")
    parser.add_argument("--data", help="a dataset of make shards, a folder of tars, a glob or a tar")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="e.g. schedule.lr=2e-5; again and again"
    )


def config_of(options: argparse.Namespace) -> RunConfig:
    """As `load_config`."""
    settings = list(options.set)
    if options.data is not None and any(setting.startswith("data.sources=") for setting in settings):
        raise ValueError("both DATA and data.sources in SET say what is trained on; give one of them")
    if options.data is not None:
        settings.append(f"data.sources=[{{where: {_quoted(options.data)}}}]")
    return load_config(options.config, options.stage, settings)


def _quoted(text: str) -> str:
    """As YAML takes any text."""
    return "'" + text.replace("'", "''") + "'"
