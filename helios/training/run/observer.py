"""Observation of cells while they train: their progress and their log."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Sequence

import numpy as np

from helios.progress import Advance, Note
from helios.splats import LOSS_CURVE, CellResult
from helios.training.run.engine import StepsMade
from helios.training.run.logs import Log
from helios.training.scene import Scene

_LOOK_EVERY_S = 0.2
"""Least time between two fetches of losses from the device, each of which makes it wait."""

_PICTURE_EVERY = 10
"""Number of times that values are logged for each time that pictures are."""

_LOSSES_KEPT = 1000

_CURVES_KEPT = 100


class Cancelled(Exception):
    """Raised to end the training of a batch after the run was cancelled."""


class ProgressObserver:
    """The `helios.training.run.engine.Observer` of all batches of a run, called from their threads.

    It writes to `log`, if given, every `log_every` steps, and raises Cancelled once `cancelled` is set.
    """

    def __init__(self, cancelled: threading.Event, log: Log | None, log_every: int):
        self._cancelled, self._log, self._log_every = cancelled, log, log_every
        self._lock = threading.Lock()
        self._training: dict[str, tuple[float, float]] = {}
        self._ended, self._losses = 0, deque[float](maxlen=_LOSSES_KEPT)
        self._curves: dict[str, np.ndarray] = {}
        self._ended_curves = deque[np.ndarray](maxlen=_CURVES_KEPT)
        self._notes: deque[Note] = deque()
        self._looked = threading.local()

    def __call__(self, made: StepsMade) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        iterations = made.optimisation.config.iterations
        if self._log and (made.steps % self._log_every == 0 or made.steps == iterations):
            self._log.values(made)
            if made.steps % (_PICTURE_EVERY * self._log_every) == 0 and made.steps < iterations:
                self._log.pictures(made)
        now = time.monotonic()
        if now - getattr(self._looked, "at", -np.inf) < _LOOK_EVERY_S:
            return
        self._looked.at = now
        losses, curves = made.losses.tolist(), made.optimisation.loss_curves()
        with self._lock:
            for scene, loss, curve in zip(made.scenes, losses, curves):
                before, _ = self._training.get(scene.cell.name, (0.0, 0.0))
                self._training[scene.cell.name] = max(before, made.steps / iterations), loss
                self._curves[scene.cell.name] = curve

    def ended(self, scene: Scene, result: CellResult) -> None:
        """Record the result of a cell trained in this process."""
        if self._log:
            self._log.result(scene, result)
        with self._lock:
            self._training.pop(scene.cell.name, None)
            self._curves.pop(scene.cell.name, None)
            self._count(result)

    def ended_elsewhere(self, results: Sequence[CellResult]) -> None:
        """Record the results of cells trained in other processes."""
        with self._lock:
            for result in results:
                self._count(result)

    def note(self, note: Note) -> None:
        """Add `note` to those that `notes` returns next."""
        self._notes.append(note)

    def notes(self) -> list[Note]:
        """Return the notes added since the last call."""
        return [self._notes.popleft() for _ in range(len(self._notes))]

    def progress(self) -> Advance:
        """Return the progress: the number of cells that have ended, plus the share of steps made of each in training.

        The value `loss` is the median over the last _LOSSES_KEPT cells to end or, before the first has ended, over
        those in training; it is absent before any has made a step. The curve is that of their losses from the first
        step to the last, as shares of where each began: the median over the last _CURVES_KEPT cells to end and those in
        training.
        """
        with self._lock:
            done = self._ended + sum(share for share, _ in self._training.values())
            losses = list(self._losses) or [loss for _, loss in self._training.values()]
            curves = [*self._ended_curves, *self._curves.values()]
        return Advance(done, {"loss": float(np.median(losses))} if losses else {}, curve=_median_curve(curves))

    def _count(self, result: CellResult) -> None:
        self._ended += 1
        self._losses.append(result.metrics["last_loss"])
        self._ended_curves.append(np.array([result.metrics[name] for name in LOSS_CURVE]))


def _median_curve(curves: Sequence[np.ndarray]) -> tuple[float, ...]:
    """The median of `curves`, each relative to its first point; nothing where none has one."""
    begun = [curve / curve[0] for curve in curves if curve[0] > 0]
    if not begun:
        return ()
    known = (part[~np.isnan(part)] for part in np.transpose(begun))
    return tuple(float(np.median(part)) if len(part) else math.nan for part in known)  # NaN where no cell has come to
