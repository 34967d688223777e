"""A stage's work and a folder in, what is trained and what goes into a checkpoint of it out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor

from training import checkpoints
from training.config_files import as_mapping
from training.configuration import RunConfig
from training.distributed import Ranks
from training.ema import ShardedEma
from training.engine import MOMENTS, ZeroEngine
from training.work import Work


class Run:
    """`done` steps have been made."""

    def __init__(self, work: Work, config: RunConfig, output: Path, ranks: Ranks) -> None:
        self.work, self.config, self.output, self.ranks = work, config, output, ranks
        self.engine = ZeroEngine(work.module, config.engine, config.schedule, ranks)
        self.ema = ShardedEma(self.engine.flats, config.schedule.ema)
        self.done = 0

    def resume(self, checkpoint: Path) -> None:
        """ValueError, naming the file, where it is damaged, of another stage or of other networks."""
        try:
            state = checkpoints.read_state(checkpoint)
            if state.stage != self.config.stage:
                raise ValueError(f"{checkpoint} is of stage {state.stage}, this run of stage {self.config.stage}")
            checkpoints.restore(checkpoint, self.engine.fragments, self._tensors())
            self.work.load_extra(checkpoints.read_extra(checkpoint))
        except ValueError as error:
            raise ValueError(f"{error}; without the folder {checkpoint} a run goes on from the one before") from error
        if state.frozen != self.work.frozen():
            raise ValueError(
                f"{checkpoint} was trained with another VAE or text encoder than init names now, or has adapters of "
                "another transformer; put them back, or give another OUTPUT for a new run"
            )
        self.engine.restore(state.steps_done)
        self.done = state.steps_done

    def save(self) -> Path:
        """OSError that names the file where the disk is full."""
        shapes = {
            name: _shape(parameter)
            for name, parameter in self.work.module.named_parameters()
            if parameter.requires_grad
        }
        state = checkpoints.State(
            self.config.stage, self.done, self.ranks.world, as_mapping(self.config), shapes, self.work.frozen()
        )
        return checkpoints.save(
            self.output, state, self.engine.fragments, self._tensors(), self.work.extra(), self.ranks,
            self.config.checkpoints.keep,
        )  # fmt: skip

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it the network computes with the moving average; afterwards every bit is as it was before.

        An error within it ends the run, so that nothing is put back then: it would wait for ranks that are gone.
        """
        self.ema.exchange(self.engine.flats)
        self.engine.publish()
        yield
        self.ema.exchange(self.engine.flats)
        self.engine.publish()

    def _tensors(self) -> dict[str, Sequence[Tensor]]:
        moments = {name: self.engine.moments(name) for name in MOMENTS}
        return {"weights": self.engine.flats, "ema": self.ema.flats, **moments}


def _shape(parameter: Tensor) -> list[int]:
    return list(getattr(parameter, "ds_shape", parameter.shape))
