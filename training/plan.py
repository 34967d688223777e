"""Tells in advance what a run takes: `python -m training.plan --stage 3 --data DATASET --gpus 16 --gpu h100`.

Which samples are used, how often, and which are left out and why; what packs they make; how much memory and time that
takes. Nothing is trained, no weight is read and no GPU is needed. With `--output RUN` the index stays in the folder of
the run, which uses it, with `plan.json` beside it. Exit status: 0 it fits, 1 it does not (one sentence says what
would), 2 something is wrong.
"""

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import torch

from data_pipeline.shard_io import whole_file
from model.configs import MMDIT_CONFIGS, VAE_CONFIGS, MmditConfig
from model.released_configs import mmdit_config, vae_config
from model.text_encoder import TextEncoder, TextEncoderConfig, outlined_text_encoder
from training.configuration import RunConfig
from training.counting import counting_of
from training.distributed import Ranks
from training.forecast import UTILISATION, Gpus, Networks
from training.index import Counting, Index
from training.indexes import open_indexes
from training.networks import check_adapted
from training.options import add_run_options, config_of
from training.origin import Origin, origin_of
from training.places import Places
from training.plan_report import lines_of, planned
from training.planner import Planner
from training.quiet import quieten
from training.run_folder import PLAN
from training.terminal import WRONG, spelt, told
from training.utilisation import GPUS, known_gpu
from training.vae_plan import crop_lines, planned_crops
from training.vae_work import WORDLESS, check

FITS, TOO_LARGE = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    quieten()
    try:
        config = config_of(options)
        facts, message = plan(config, _gpus(options, config), None if options.output is None else Path(options.output))
    except (ValueError, OSError) as error:
        return told(error, WRONG)
    print(spelt("\n".join((crop_lines if config.stage == "vae" else lines_of)(facts))), flush=True)
    if message is None:
        return FITS
    return told(message, TOO_LARGE)


def plan(config: RunConfig, gpus: Gpus, output: Path | None) -> tuple[dict, str | None]:
    """What is planned, as JSON has it, and why it cannot be done, in one sentence; None where it can."""
    with ExitStack() as stack:
        folder = output if output is not None else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        facts, message = (_plan_crops if config.stage == "vae" else _plan_packs)(config, gpus, folder / "index")
    if output is not None:
        with whole_file(output / PLAN) as file:
            file.write(json.dumps(facts, indent=2, ensure_ascii=False).encode() + b"\n")
    return facts, message


def _plan_packs(config: RunConfig, gpus: Gpus, folder: Path) -> tuple[dict, str | None]:
    networks, text = networks_of(config)
    indexes = _indexes(config, counting_of(text), folder)
    planner = Planner(
        indexes, config, gpus.count // config.engine.sequence_parallel, networks.mmdit, networks.vae.stride
    )
    return planned(planner, indexes, config, networks, gpus)


def _plan_crops(config: RunConfig, gpus: Gpus, folder: Path) -> tuple[dict, str | None]:
    check(config, gpus.count)
    source = origin_of(config.init, config.stage).vae
    vae = VAE_CONFIGS[config.network.vae] if source is None else vae_config(source)
    indexes = _indexes(config, WORDLESS, folder)
    places = Places(indexes, config.data.sources, config.data.skip, config.seed)
    return planned_crops(places, indexes, config, replace(vae, image_channels=config.vae.image_channels), gpus)


def _indexes(config: RunConfig, counting: Counting, folder: Path) -> list[Index]:
    nobody = Ranks(0, 1, torch.device("cpu"))
    return open_indexes(config.data.sources, config.data.split, counting, folder, nobody)


def networks_of(config: RunConfig) -> tuple[Networks, TextEncoder]:
    """The sizes of a run's networks, and its text encoder without weights, which counts tokens. ValueError where a
    part is missing, as for a run; but a VAE that is not yet trained is taken to be of the configuration's size."""
    origin = origin_of(config.init, config.stage)
    check_adapted(config.lora, origin)
    text = _text(config, origin)
    vae = VAE_CONFIGS[config.network.vae] if origin.vae is None else vae_config(origin.vae)
    parameters = sum(tensor.numel() for tensor in text.parameters()) if config.encodes_texts else 0
    mmdit = _mmdit(config, origin, text.width, vae.z_dim)
    return Networks(mmdit, replace(vae, image_channels=4), parameters, text.dropped), text


def _mmdit(config: RunConfig, origin: Origin, text_width: int, latent_channels: int) -> MmditConfig:
    if origin.transformer is not None:
        return mmdit_config(origin.transformer)
    return replace(MMDIT_CONFIGS[config.network.mmdit], text_width=text_width, latent_channels=latent_channels)


def _text(config: RunConfig, origin: Origin) -> TextEncoder:
    most = config.data.max_text_tokens
    if origin.text is not None:
        return outlined_text_encoder(TextEncoderConfig(folder=str(origin.text), max_tokens=most))
    if config.network.text == "tiny":
        return outlined_text_encoder(TextEncoderConfig(kind="tiny", max_tokens=most))
    raise ValueError(
        "there is no text encoder to count tokens with: init.from has none; give init.text (of which config.json and "
        "the tokenizer are read), or network.text=tiny to try out"
    )


def _gpus(options: argparse.Namespace, config: RunConfig) -> Gpus:
    shared = config.engine.sequence_parallel
    if options.gpus < 1 or options.gpus % shared:
        raise ValueError(
            f"GPUS is {options.gpus}; it must be a positive multiple of engine.sequence_parallel, {shared}"
        )
    known = known_gpu(options.gpu)
    memory_gib = GPUS[known].memory_gib if options.gpu_memory is None else options.gpu_memory
    if not 0 < memory_gib < math.inf:
        raise ValueError(f"GPU_MEMORY is {memory_gib}; it must be a positive number of GiB")
    if not 0 < options.utilisation <= 1:
        raise ValueError(f"utilisation is {options.utilisation}; it must be a share of the peak, in (0, 1]")
    peak = config.engine.peak_tflops or GPUS[known].peak_tflops
    return Gpus(options.gpus, int(memory_gib * (1 << 30)), peak * 1e12, options.utilisation, known)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_run_options(parser)
    parser.add_argument("--output", help="the folder of the run; without, nothing is kept")
    parser.add_argument("--gpus", type=int, default=1, help="of all machines together")
    parser.add_argument("--gpu", default="H100", help=f"one of {', '.join(GPUS)}")
    parser.add_argument("--gpu-memory", type=float, help="GiB of each, instead of what its name says")
    parser.add_argument(
        "--utilisation", type=float, default=UTILISATION,
        help="assumed share of a GPU's peak, recomputation counted (%(default)s)",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    sys.exit(main())
