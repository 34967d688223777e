import numpy as np

from data_pipeline.bench import leave_one_out, report, time_document
from data_pipeline.bench_codecs import CODECS, measure
from data_pipeline.contribution import contributions
from schemas.stack import PlainLayer, Stack


def test_every_codec_is_lossless():
    rgba = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    rgba[rgba[..., 3] < 128] = 0
    for settings in CODECS.values():
        measure(rgba, settings)  # raises where a pixel differs


def test_leaving_one_out_agrees_with_the_filter():
    rgba = np.full((4, 4, 4), 255, np.uint8)
    stack = Stack(4, 4, (PlainLayer((0, 0, 4, 4), rgba), PlainLayer((0, 0, 4, 4), rgba - 99)))
    changes = leave_one_out(stack)
    _, figures = contributions(stack, 1, 0.5)
    assert [change > 0 for change in changes] == figures.kept.tolist()


def test_a_file_that_cannot_be_opened_is_left_out(tmp_path):
    (tmp_path / "no.psd").write_bytes(b"no")
    assert time_document(tmp_path / "no.psd", 1) is None
    assert report([]).count("\n") == 1
