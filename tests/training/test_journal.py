"""What was told of a run stays told when it goes on; what it will tell again is forgotten."""

import resource

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.journal import METRICS, Journal, read_metrics

VALUES = {"loss": 1.0, "gradient_norm": 1.0, "lr": 1e-5, "tokens_per_s": 1.0, "data_wait": 0.0}


def told(output, done, counts):
    journal = Journal(output, 9, done)
    for count in counts:
        journal.steps_done(count, VALUES)
    journal.close()


def test_steps_up_to_the_checkpoint_are_kept_and_later_ones_made_again(tmp_path):
    told(tmp_path, 0, (1, 2, 3))  # killed after a checkpoint of step 2
    told(tmp_path, 2, (3, 4))
    assert [line["step"] for line in read_metrics(tmp_path, "train")] == [1, 2, 3, 4]
    curves = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in curves.Scalars("train/loss")] == [1, 2, 3, 4]


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path):
    journal = Journal(tmp_path, 9, 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        with pytest.raises(OSError, match=r"metrics\.jsonl cannot be written: File too large"):
            journal.steps_done(1, VALUES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_line_that_a_crash_cut_short_is_dropped(tmp_path):
    told(tmp_path, 0, (1, 2))
    path = tmp_path / "logs" / METRICS
    path.write_text(path.read_text()[:-10])
    told(tmp_path, 2, ())
    assert [line["step"] for line in read_metrics(tmp_path, "train")] == [1]
