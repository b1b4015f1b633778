"""A training on photographs from its folder of data to its folder of results, resumed where it was ended."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from helios.files import tidy
from helios.photos.data.dataset import load_dataset
from helios.photos.fit.fit import Fit
from helios.photos.fit.folder import GOES_ON, claim, fingerprint, forget_unfinished, held, write_splats
from helios.photos.fit.judging import Verdict, judge
from helios.photos.fit.log import Log
from helios.photos.fit.options import SceneOptions
from helios.photos.fit.run_options import RunOptions
from helios.photos.fixers.rounds import FixRounds
from helios.photos.formats.splats import SceneSplats
from helios.photos.ply import write_ply
from helios.photos.results import Result, keep
from helios.progress import Advance, Done, Note, OnEvent, Stage
from helios.training.run.checkpoint import Checkpoint

if TYPE_CHECKING:
    from helios.rendering.opaque.contract import OpaqueBackend

_TOLD_EVERY_S = 0.2
"""Between two events of the progress."""

_CURVE = 64
"""Losses that are shown as a curve, each a mean over as much of the training."""


@dataclass(frozen=True)
class SceneResult:
    """What a training came to: `left` steps are left where it was stopped; `already` says that it had ended before."""

    folder: Path
    splats: int
    step: int
    left: int
    verdict: Verdict | None
    already: bool
    seconds: float


def train_scene(
    data_folder: Path,
    output: Path,
    options: SceneOptions,
    run: RunOptions,
    backend: OpaqueBackend,
    *,
    overwrite: bool = False,
    on_event: OnEvent = lambda event: None,
    stop: Callable[[], bool] = lambda: False,
) -> SceneResult:
    """Train the splats of the photographs in `data_folder` and write the result's folder `output`.

    A run that was killed goes on from its last checkpoint and ends with the same bytes (but for tb/, whose files hold
    times). `stop` is asked after every step; once it says so, the state is kept and the result says what is left.
    Raises InputError for data that cannot be used and for an output that is not this training's.
    """
    began = time.monotonic()
    data = load_dataset(data_folder, options.data)
    for note in data.notes:
        on_event(Note(note))
    if options.fit.drawing.packed and backend.name != "gsplat":
        on_event(Note(f"--packed changes nothing with {backend.name}, not a byte: it is for gsplat on a GPU"))
    result = Result(output)
    with held(result), _one_thread_in_torch(backend):
        config = {
            "options": options.values(),
            "data": str(data_folder),
            "backend": backend.name,
            "photographs": fingerprint(data),
            "transform": data.transform.tolist(),
        }
        label = claim(result, config, overwrite)
        last = options.fit.last()
        if last in result.steps() and not result.unfinished.exists():
            found = SceneResult(output, 0, last, 0, None, True, time.monotonic() - began)
        else:
            with contextlib.closing(Fit(data, options, backend)) as fit:
                training = _Training(fit, result, run, label, on_event)
                found = dataclasses.replace(training.go_on(stop), seconds=time.monotonic() - began)
    on_event(Done(found))
    return found


@contextlib.contextmanager
def _one_thread_in_torch(backend: OpaqueBackend) -> Iterator[None]:
    """Let torch use one thread where splats are on the CPU.

    Its sums depend on the number of threads, and its threads spin while they wait for one another, against ours.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if backend.device.type == "cpu" else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Training:
    """The steps of a run, and what is written after them."""

    def __init__(self, fit: Fit, result: Result, run: RunOptions, label: str, on_event: OnEvent):
        self.fit, self.result, self.run, self.on_event = fit, result, run, on_event
        self.verdict: Verdict | None = None
        self._checkpoint = Checkpoint(result.unfinished, label, run.checkpoint_every)
        self._checkpoint.resume(fit)
        steps, scaled = fit.options.fit.steps, fit.options.fit.scaled_all
        self._evals = scaled(steps.eval_steps) | {fit.last_step}
        self._saves = scaled(steps.save_steps) | {fit.last_step}
        self._plys = scaled(steps.ply_steps)
        self._fixes = scaled(steps.fix_steps)
        self._rounds = FixRounds(fit.options.fix, result.novel, fit.data.train, sorted(self._fixes))
        for step in self._fixes:
            tidy(result.novel / str(step))
        fit.novel = self._rounds.read(fit.step)
        self._log = Log.open(result.log, run, fit.step, on_event)
        self._curve: deque[float] = deque(maxlen=_CURVE)
        self._told = -math.inf

    def go_on(self, stop: Callable[[], bool]) -> SceneResult:
        """Make the steps that are left, or as many as `stop` lets."""
        fit = self.fit
        self.on_event(Stage("training", fit.last_step, "steps", fit.step))
        with self._log:
            while fit.step < fit.last_step and not stop():
                self._step()
        left = fit.last_step - fit.step
        if left:
            self._checkpoint.write(fit)
        else:
            forget_unfinished(self.result)
        return SceneResult(self.result.folder, len(fit.table), fit.step, left, self.verdict, False, 0.0)

    def _step(self) -> None:
        fit = self.fit
        made = fit.advance()
        self._log.step(fit, made)
        self._tell(made.loss)
        if fit.step in self._fixes:
            fit.novel = self._rounds.fix(fit.step, partial(fit.trained().draw, fit.backend))
            self.on_event(Note(f"step {fit.step:,}: {len(fit.novel)} novel views, fixed by {fit.options.fix.fixer}"))
        if fit.step in self._plys:
            self._write_ply()
        if fit.step in self._evals and fit.data.test:
            self.verdict = judge(fit, self.result, Path(self.run.lpips_weights) if self.run.lpips_weights else None)
            self._log.judged(fit.step, self.verdict)
            self.on_event(Note(f"step {fit.step:,}: {self.verdict.words()}, {len(fit.table):,} splats"))
        if fit.step in self._saves:
            motions = fit.motions.motions.detach() if fit.motions is not None else None
            write_splats(self.result, fit.step, fit.trained().params, motions)
        if fit.step < fit.last_step:
            self._keep()

    def _keep(self) -> None:
        """Keep the state where that is due, and after a round of fixing, which took long."""
        if self.run.checkpoint_every and self.fit.step in self._fixes:
            self._checkpoint.write(self.fit)
        else:
            self._checkpoint.note(self.fit)

    def _tell(self, loss: float) -> None:
        self._curve.append(loss)
        now = time.monotonic()
        if now - self._told > _TOLD_EVERY_S:
            self._told = now
            mean = sum(self._curve) / len(self._curve)
            self.on_event(Advance(self.fit.step, {"loss": mean, "splats": f"{len(self.fit.table):,}"}))

    def _write_ply(self) -> None:
        trained, content = self.fit.trained(), io.BytesIO()
        write_ply(SceneSplats(trained.params, trained.antialiased, trained.step), content)
        keep(self.result.ply(self.fit.step), content.getvalue(), GOES_ON)
