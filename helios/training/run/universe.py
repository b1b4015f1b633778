"""Training of cells of a universe into a universe, by this process or by workers."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from helios import __version__
from helios.progress import Note, OnEvent
from helios.rendering.backend import Backend
from helios.schedulers.config import SchedulerConfig
from helios.training.budget import budgets_of
from helios.training.config import TrainConfig
from helios.training.run.checkpoint import Checkpoint
from helios.training.run.logs import log_of
from helios.training.run.observer import ProgressObserver
from helios.training.run.run import Begun
from helios.training.run.run_config import RunConfig
from helios.training.run.this_process import TrainContext, plan_threads
from helios.training.run.workers import TrainPiece, Workers, jobs_of, open_workers, plan_workers
from helios.universe import Universe
from helios.universe.journal import TrainingJournal


@dataclass(frozen=True)
class UniverseTraining:
    """The training of `cells` (indices) of the universe at `source` into the universe at `output`, maybe the same.

    Index M + i, of a universe of M cells, is cell i of its levels: what stands for that is trained. Cells already
    trained with the same settings, backend and stars are skipped. `backend` is an argument or a result of
    `helios.rendering.pick_backend`. Training runs in threads of this process or, if `where` asks for it or there are
    several GPUs, on workers, which must see both paths; the bytes are the same. While any of `cells` is left, `output`
    is unchanged, and the results are in its journal.
    """

    source: Path
    output: Path
    cells: Sequence[int]
    config: TrainConfig = field(default_factory=TrainConfig)
    backend: str | Backend = "auto"
    run: RunConfig = field(default_factory=RunConfig)
    where: SchedulerConfig = field(default_factory=SchedulerConfig)

    @contextlib.contextmanager
    def begin(self, on_event: OnEvent) -> Iterator[Begun]:
        """Yield the training, begun; workers end with the block.

        Raises StoreError and InputError as `Universe.open` does, BackendError if the device is missing, and with
        workers what `helios.schedulers.open_scheduler` raises.
        """
        universe, cancelled = Universe.open(self.source), threading.Event()
        with open_workers(self.backend, self.where, on_event) as who:
            digest = self.config.digest(helios=__version__, backend=who.name, stars=universe.fingerprint)
            run, log = self.run, None
            if not isinstance(who, Workers):
                log = log_of(run.log, run.log_folder(self.output), who)
            journal = TrainingJournal.open(universe, self.output, digest)
            todo = [i for i in self.cells if i not in journal.done]
            if todo:
                journal.begin()
            skipped = len(self.cells) - len(todo)
            if skipped:
                on_event(Note(f"{skipped} of {len(self.cells)} cells are trained already with these settings"))
            leaves = [i for i in todo if i < len(universe)]
            budgets = dict(zip(leaves, budgets_of(universe, leaves, self.config)))
            standing = universe.levels.soft_counts
            jobs = jobs_of(universe, todo, [budgets.get(i) or int(standing[i - len(universe)]) for i in todo])
            observer = ProgressObserver(cancelled, log, run.log_every)
            if isinstance(who, Workers):
                piece = TrainPiece(self.source, self.output, digest, (), (), self.config, who.name, run)
                plan = plan_workers(jobs, who, piece, journal.take, observer)
            else:
                checkpoint_of = functools.partial(Checkpoint.of_batch, journal.folder, digest, run.checkpoint_every)
                context = TrainContext(self.config, who, observer, checkpoint_of, cancelled)
                plan = plan_threads(jobs, context, journal.append)

            def finish(left: int) -> int:
                return int(np.count_nonzero(Universe.open(self.output).trained)) if left else journal.commit(on_event)

            yield Begun(self.output, plan, observer, len(todo), skipped, finish, len(universe))
