import pytest

from evaluation import bench


def test_the_bench_states_a_ratio_and_checks_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--count", "4", "--side", "24", "--layers", "5", "--workers", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[-2:]] == ["| design", "| noise"]
    assert float(lines[-1].split(" | ")[-1].rstrip(" |")) > 0
