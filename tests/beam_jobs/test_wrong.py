"""Wrong options, INPUT or OUTPUT: one clear sentence, exit status 2, and nothing was touched."""

import os
import shutil
import subprocess
import sys

import pytest

from beam_jobs import running, scratch, shards
from beam_jobs.command_line import parse
from beam_jobs.inputs import find_inputs
from beam_jobs.software import versions
from tests.beam_jobs import fake
from tests.beam_jobs.job import ROOT, run


@pytest.fixture
def place(tmp_path):
    fake.write(tmp_path / "in", "a.psd")
    return tmp_path


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    """INPUT and the OUTPUT that is made from it. Read only."""
    folder = tmp_path_factory.mktemp("curated")
    fake.write(folder / "in", "a.psd")
    run(folder / "in", folder / "out")
    return folder


@pytest.fixture
def curated_place(curated, tmp_path):
    return shutil.copytree(curated, tmp_path / "curated")


def refused(capsys, place, *flags, source="in", output="out"):
    before = sorted(place.rglob("*"))
    capsys.readouterr()
    status = shards.main(["--input", str(place / source), "--output", str(place / output), *flags])
    said = capsys.readouterr()
    assert status == running.WRONG
    assert said.out == ""
    assert said.err.startswith("lamina: ")
    assert said.err.count("\n") == 1
    assert sorted(place.rglob("*")) == before
    return said.err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--max-aera", "9"], "unknown option --max-aera; did you mean --max-area?"),
        (["--image_format=webp"], "unknown option --image_format; did you mean --image-format?"),
        (["--runer=x"], "unknown option --runer; did you mean --runner?"),
        (["--max-area", "big"], "argument --max-area: invalid int value: 'big'"),
        (["--merge", "tre"], "merge is 'tre'; it must be one of levels, tree; did you mean tree?"),
        (["--keep", "bst"], "keep is 'bst'; it must be one of all, best"),
        (["--watermark", "dorp"], "watermark is 'dorp'; it must be one of drop, flag, ignore; did you mean drop?"),
        (["--near-bits", "99"], "near_bits is 99; it must lie in 0..64"),
        (["--workers", "0"], "workers is 0; it must be at least 1"),
        (["--shard-size", "-1"], "shard_size is -1; it must be at least 1"),
        (["--max-reject", "50"], "max_reject is 50.0; it is a share and must lie in [0, 1]"),
        (["--validation-share", "0.6", "--test-share", "0.6"], "sum to more than 1"),
        (["--retry", "unfaithfull"], "there is no reason 'unfaithfull'; did you mean unfaithful?"),
        (["--retry", "duplicate_file"], "decided anew by every run"),
        (["--runner", "NoRunner"], "runner NoRunner cannot be had"),
        (["stray"], "'stray' is no option"),
        (["--config", "none.yaml"], "config none.yaml cannot be read"),
    ],
)
def test_an_option(capsys, place, flags, sentence):
    assert sentence in refused(capsys, place, *flags)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_aera: 3", "unknown option max_aera; did you mean max_area?"),
        ("max_area: big", "max_area is 'big'; it must be of type int"),
        ("max_area: true", "max_area is True; it must be of type int"),
        ("previews: 1", "previews is 1; it must be of type bool"),
        ("merge: [levels]", "merge is ['levels']; it must be of type str"),
        ("- 1", "is no mapping"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_config(capsys, place, text, sentence):
    (place / "c.yaml").write_text(text)
    assert sentence in refused(capsys, place, "--config", str(place / "c.yaml"))


def test_the_command_line_decides_before_config(place):
    (place / "c.yaml").write_text("max_area: 100\nmax_mean: 2\nretry: [crashed]\n")
    options = shards.parse(["--config", str(place / "c.yaml"), "--input=a", "--output=b", "--max-area", "50"])
    assert (options.curate.max_area, options.curate.max_mean, options.retry) == (50, 2.0, ("crashed",))


def test_beams_own_flags_pass_through():
    options = shards.parse(["--input=a", "--output=b", "--direct_num_workers", "3", "--temp_location=gs://x/y"])
    assert options.beam_flags == ("--direct_num_workers", "3", "--temp_location=gs://x/y")


def test_no_input(capsys, place):
    assert "does not exist" in refused(capsys, place, source="nowhere")
    (place / "empty").mkdir()
    assert "holds no documents" in refused(capsys, place, source="empty")
    assert "holds no documents" in refused(capsys, place, source="in/*.psb")
    assert shards.main(["--output", "x"]) == running.WRONG
    assert "--input is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("m.csv", "uri,license\na.psd,MIT\n", "a column 'license'; did you mean 'licence'?"),
        ("m.csv", "path\na.psd\n", "no column 'uri'"),
        ("m.csv", "uri\na.psd\na.psd\n", "names a.psd twice"),
        ("m.csv", "uri\n", "holds no documents"),
        ("m.jsonl", '{"uri": "a.psd"}\n[]', "row 2 of the manifest"),
        ("m.jsonl", '{"uri": 3}', "uri is no text"),
        ("m.jsonl", "{", "cannot be read"),
        ("m.parquet", "PAR1", "cannot be read"),
        ("none.csv", None, "cannot be read"),
    ],
)
def test_a_manifest(capsys, place, name, text, sentence):
    if text is not None:
        (place / name).write_text(text)
    assert sentence in refused(capsys, place, source=name)


def test_an_output_of_another_configuration(capsys, curated_place):
    error = refused(capsys, curated_place, "--max-area", "99")
    assert "was written with max_area=1048576 (now 99); choose another OUTPUT, or go back to that" in error


def test_an_output_whose_state_is_damaged(capsys, curated_place):
    (curated_place / "out" / "state" / "configuration.json").write_text("")
    assert "configuration.json is damaged" in refused(capsys, curated_place)


def test_an_output_of_other_software(capsys, curated_place, monkeypatch):
    monkeypatch.setattr("beam_jobs.options.versions", lambda: versions() | {"sources": "edited"})
    assert f"was written with sources={versions()['sources']} (now edited)" in refused(capsys, curated_place)


def test_an_output_that_is_something_else(capsys, place):
    (place / "home").mkdir()
    (place / "home" / "README.md").write_text("mine")
    assert "holds README.md of something else" in refused(capsys, place, output="home")
    (place / "file").write_text("")
    assert "cannot be written" in refused(capsys, place, output="file")


def test_an_output_in_use(capsys, curated_place):
    hold = "import fcntl,sys;f=open(sys.argv[1]);fcntl.flock(f,fcntl.LOCK_EX);print('held',flush=True);sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold, str(curated_place / "out/state/lock")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as other:  # fmt: skip
        other.stdout.readline()
        assert "another run is writing" in refused(capsys, curated_place)
        other.stdin.close()


def test_an_input_that_most_of_the_output_is_not_from(capsys, place):
    for name in ("b", "c"):
        fake.write(place / "in", f"{name}.psd", colour=1)
    run(place / "in", place / "out")
    said = "2 of the 3 documents in OUTPUT"
    assert said in refused(capsys, place, "--limit", "1")
    fake.write(place / "other", "z.psd", colour=2)
    assert "3 of the 3 documents in OUTPUT" in refused(capsys, place, source="other")
    assert shards.main(["--input", str(place / "in"), "--output", str(place / "out"), "--limit", "2", "--dry-run"]) == 0
    assert "1 documents of OUTPUT are not in INPUT: they are removed, c.psd for one" in capsys.readouterr().out
    run(place / "in", place / "out", "--limit", "2")
    run(place / "other", place / "out", "--shrink")


def test_a_dry_run_after_a_run_that_was_stopped(capsys, place):
    options = parse(["--input", str(place / "in"), "--output", str(place / "out")])
    fake.write(place / "in", "b.psd", colour=1)
    (one, _) = find_inputs(str(place / "in"))
    outcome = fake.curate(one.path, uri=one.uri)
    scratch.store(options.output, one, outcome, scratch.encode(outcome, options.curate))
    assert shards.main(["--input", str(place / "in"), "--output", str(place / "out"), "--dry-run"]) == running.DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("finished     a.psd")
    assert "2 documents, 0 unchanged, 1 finished, 1 to do" in lines[-1]


def test_a_dry_run_writes_nothing(capsys, place):
    (place / "in" / "b.psd").write_bytes(b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\7\0\0\0\5\0\x08\0\3" + bytes(999))
    before = sorted(place.rglob("*"))
    assert shards.main(["--input", str(place / "in"), "--output", str(place / "out"), "--dry-run"]) == running.DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("reject: not_a_psd")
    assert lines[1].startswith("curate       b.psd  5x7 rgb 8 bit")
    assert lines[2].startswith("2 documents, 0 unchanged, 0 finished, 2 to do")
    assert sorted(place.rglob("*")) == before


def test_the_module_says_so_too(place):
    command = [sys.executable, "-m", "beam_jobs.shards", "--input", str(place / "none"), "--output", str(place / "o")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ, check=False)
    assert (done.returncode, done.stderr) == (2, f"lamina: INPUT {place / 'none'} does not exist\n")
