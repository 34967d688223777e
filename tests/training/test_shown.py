"""What ranks drew is put together; foreign names and prompts are text wherever they are shown."""

from dataclasses import dataclass

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.journal import Journal, read_metrics
from training.shown import Shown, gathered, means, table

HOSTILE = "<img src=x onerror=alert(1)> | [a](javascript:b) \x1b[2J"


def shown(number, **figures):
    sheet = np.random.default_rng(number).integers(0, 256, (20, 30, 3), np.uint8)
    return Shown(f"sample {number}", HOSTILE, figures, sheet)


def test_a_mean_is_over_the_samples_that_have_the_figure():
    assert means([shown(0, a=1.0), shown(1, a=3.0, b=5.0)]) == {"a": 2, "b": 5}
    assert table([shown(0, a=1.0), shown(1, a=3.0, b=5.0)]).rows[-1] == ("mean", "2", "5")


@dataclass(frozen=True)
class Two:
    """Ranks of which the other has this to say."""

    said: str

    def gathered(self, text):
        return [text, self.said]


@dataclass
class Alone:
    said: str = ""

    def gathered(self, text):
        self.said = text
        return [text]


def test_what_ranks_drew_comes_in_the_order_of_its_places():
    other = Alone()
    gathered({1: shown(1, a=1.0)}, other)
    together = gathered({2: shown(2), 0: shown(0)}, Two(other.said))
    assert [one.name for one in together] == ["sample 0", "sample 1", "sample 2"]
    assert np.array_equal(together[1].sheet, shown(1).sheet)


@pytest.fixture
def told(tmp_path):
    journal = Journal(tmp_path, 9, 0)
    journal.pictured(3, [shown(0, a=1.0), shown(1, a=2.0)], 1.5)
    journal.close()
    return tmp_path


def test_pictures_curves_and_the_table_reach_tensorboard(told):
    curves = EventAccumulator(str(told / "tensorboard"), size_guidance={"images": 0}).Reload()
    assert [event.value for event in curves.Scalars("pictures/a")] == [1.5]
    assert curves.Tags()["images"] == ["pictures/00", "pictures/01"]
    (text,) = curves.Tensors("pictures/text_summary")
    assert b"| sample 0 | 1 |" in text.tensor_proto.string_val[0]
    assert read_metrics(told, "pictures") == [{"kind": "pictures", "step": 3, "a": 1.5}]


def test_hostile_prompts_are_no_markup(told):
    curves = EventAccumulator(str(told / "tensorboard")).Reload()
    (text,) = curves.Tensors("pictures/text_summary")
    written = [text.tensor_proto.string_val[0].decode(), (told / "pictures" / "report.md").read_text()]
    for one in written:
        assert "\\<img" in one
        assert "<img" not in one.replace("\\<img", "")
        assert "\x1b" not in one
    page = (told / "pictures" / "report.html").read_text()
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
