"""What is seen of cells while they train: how far they are, and their log."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np

from helios.grid import CellId
from helios.train.run.engine import CellResult, StepsMade
from helios.train.run.events import Progress
from helios.train.run.logs import Log
from helios.train.scene import Scene

_LOOK_EVERY_S = 0.2
"""Losses are fetched from the device no more often: each time the device waits for it."""

_PICTURE_EVERY = 10
"""Of how many times values are logged one comes with pictures."""

_LOSSES_KEPT = 1000


class GivenUp(Exception):
    """Ends the training of a batch whose result nobody waits for any more."""


class Watch:
    """The `helios.train.run.engine.Observer` of all batches of a run, called from their threads.

    `log` hears of every `log_every` steps; training ends with GivenUp after `give_up` is set.
    """

    def __init__(self, give_up: threading.Event, log: Log | None, log_every: int):
        self._give_up, self._log, self._log_every = give_up, log, log_every
        self._lock = threading.Lock()
        self._training: dict[CellId, tuple[float, float]] = {}
        self._ended, self._losses = 0, deque(maxlen=_LOSSES_KEPT)
        self._looked = threading.local()

    def __call__(self, made: StepsMade) -> None:
        if self._give_up.is_set():
            raise GivenUp
        iterations = made.optimisation.config.iterations
        if self._log and (made.steps % self._log_every == 0 or made.steps == iterations):
            self._log.values(made)
            if made.steps % (_PICTURE_EVERY * self._log_every) == 0 and made.steps < iterations:
                self._log.pictures(made)
        now = time.monotonic()
        if now - getattr(self._looked, "at", -np.inf) < _LOOK_EVERY_S:
            return
        self._looked.at = now
        losses = made.losses.tolist()
        with self._lock:
            for scene, loss in zip(made.scenes, losses):
                before, _ = self._training.get(scene.cell.id, (0.0, 0.0))
                self._training[scene.cell.id] = max(before, made.steps / iterations), loss

    def ended(self, scene: Scene, result: CellResult) -> None:
        """The training of a cell came to its result."""
        if self._log:
            self._log.result(scene, result)
        with self._lock:
            self._training.pop(scene.cell.id, None)
            self._ended += 1
            self._losses.append(result.metrics["last_loss"])

    def progress(self) -> Progress:
        """How far the cells are at this moment."""
        with self._lock:
            shares = [share for share, _ in self._training.values()]
            losses = list(self._losses) or [loss for _, loss in self._training.values()]
            return Progress(self._ended + sum(shares), float(np.median(losses)) if losses else np.nan)
