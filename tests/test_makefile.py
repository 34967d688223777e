"""Every target is one plain command, to which what was given is passed on as it is, or which refuses it."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ODD = """a b'c"d $HOME $(x) é#k;*"""


def dry_run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Without the variables of the make that may run this test."""
    bare = {"PATH": os.environ["PATH"]}
    return subprocess.run(["make", "-n", *arguments], cwd=ROOT, env=bare, capture_output=True, text=True)


def command(*arguments: str) -> list[str]:
    """The words of the last command that make would run."""
    done = dry_run(*arguments)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.replace("\\\n", " ").strip().splitlines()[-1]
    program, dash, module, *words = shlex.split(printed)
    assert (program, dash) == (".venv/bin/python", "-m")
    return [module, *words]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("convert INPUT=* OUTPUT=* FORMAT=psd", "data_pipeline.stack_io.convert * * --format psd"),
        ("edit INPUT=* OUTPUT=* EDIT=* SCRIPT=*", "inference.edit * --edit * --script * --output *"),
        ("edit INPUT=*", "inference.edit *"),
        (
            "import FORMAT=folder INPUT=* OUTPUT=* SPLITS=hash",
            "beam_jobs.imports --format folder --input * --output * --splits hash",
        ),
        ("evaluate PRED=* TRUTH=*", "evaluation.evaluate --pred * --truth *"),
        (
            "evaluate PRED=* TRUTH=* OUTPUT=* WORKERS=2 SEED=3 LIMIT=4",
            "evaluation.evaluate --pred * --truth * --output * --workers 2 --seed 3 --limit 4",
        ),
        ("evaluate-reconstruction PRED=* TRUTH=*", "evaluation.evaluate_reconstruction --pred * --truth *"),
        (
            "evaluate-reconstruction PRED=* TRUTH=* LPIPS=* INCEPTION=*",
            "evaluation.evaluate_reconstruction --pred * --truth * --lpips * --inception *",
        ),
        (
            "evaluate-editing PRED=* TRUTH=* OUTPUT=* LIMIT=2",
            "evaluation.evaluate_editing --pred * --truth * --output * --limit 2",
        ),
        ("bench-metrics N=4 WORKERS=2", "evaluation.bench --count 4 --workers 2"),
        (
            "plan STAGE=3 DATA=* GPUS=16 GPU=h100 GPU_MEMORY=80 SET=engine.zero=3 OUTPUT=*",
            "training.plan --stage 3 --data * --set engine.zero=3 --gpus 16 --gpu h100 --gpu-memory 80 --output *",
        ),
        (
            "latents STAGE=3 DATA=* CHECKPOINT=* SET=data.variants=4",
            "training.latents --stage 3 --data * --set data.variants=4 --checkpoint *",
        ),
        (
            "latents STAGE=3 GPUS=8",
            "torch.distributed.run --nproc-per-node 8 --shutdown-timeout 600 -m training.latents --stage 3",
        ),
        ("plan CONFIG=*", "training.plan --config *"),
        ("shards INPUT=* OUTPUT=*", "beam_jobs.shards --input * --output *"),
        ("verify OUTPUT=*", "audit.verify *"),
    ],
)
def test_what_is_given_reaches_the_command_as_it_is(given: str, expected: str) -> None:
    assert command(*(word.replace("*", ODD) for word in given.split())) == [
        word.replace("*", ODD) for word in expected.split()
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("convert OUTPUT=a.psd", "give INPUT="),
        ("convert INPUT=a.psd", "give OUTPUT="),
        ("import INPUT=a", "give FORMAT="),
        ("evaluate PRED=a", "give TRUTH="),
        ("evaluate PRED=a TURTH=b", "did you mean TRUTH?"),
    ],
)
def test_what_is_missing_or_misspelt_is_named(arguments: str, message: str) -> None:
    done = dry_run(*arguments.split())
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("given", ["WORKERS=3", "LIMIT=3", "INPUT=psds", "DRY_RUN=1", "OUTPUT=other"])
def test_captions_refuse_a_variable_that_they_do_not_heed(given: str) -> None:
    run = dry_run("captions", "DATA=data", "URL=http://a", given)
    assert run.returncode == 2
    assert f"captions do not heed {given.partition('=')[0]}=, it is for make shards" in run.stderr


@pytest.mark.parametrize(
    "given",
    [
        ["captions", "DATA=data", "URL=http://a", "MODEL=m", "CAPTION_LAYERS=1", "CONFIG=c", "ARGS=--answer-s 9"],
        ["captions", "OUTPUT=data", "URL=http://a"],
        ["shards", "captions", "INPUT=psds", "OUTPUT=data", "WORKERS=3", "CAPTIONER=none"],
    ],
)
def test_captions_take_what_they_heed(given: list[str]) -> None:
    run = dry_run(*given)
    assert run.returncode == 0
    assert "-m beam_jobs.captions 'data'" in run.stdout
