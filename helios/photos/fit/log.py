"""The log of a training on photographs for TensorBoard: curves, and renders beside photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from helios.errors import InputError
from helios.photos.fit.fit import Fit, StepMade
from helios.photos.fit.judging import Verdict
from helios.photos.fit.run_options import RunOptions
from helios.progress import Note, OnEvent

if TYPE_CHECKING:
    from helios.training.run.summary_file import SummaryFile


class Log:
    """Curves in a file of a run, or nowhere; a context that closes it.

    `train/loss`, `train/splats`, `train/means_lr`, `train/degree` and how many splats were added, removed and moved
    since the last entry; `val/psnr` and so on.
    """

    def __init__(self, file: SummaryFile | None, every: int, pictures: bool):
        self._file, self._every, self._pictures = file, every, pictures
        self._changed = [0, 0, 0]

    @classmethod
    def open(cls, folder: Path, run: RunOptions, step: int, on_event: OnEvent) -> Log:
        """Return the log in `folder` of a run that goes on after `step`.

        Where the package for it is not installed, a Note says so, and nothing is logged.
        """
        if not run.tb_every:
            return cls(None, 0, False)
        try:
            from helios.training.run.summary_file import SummaryFile
        except InputError as error:
            on_event(Note(f"no tb/: {error}"))
            return cls(None, 0, False)
        return cls(SummaryFile(folder, purge_step=step + 1), run.tb_every, run.tb_save_image)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file:
            self._file.close()

    def step(self, fit: Fit, made: StepMade) -> None:
        """Log a step, if it is its turn."""
        if not self._file:
            return
        changes = (made.changes.added, made.changes.removed, made.changes.moved)
        self._changed = [before + now for before, now in zip(self._changed, changes)]
        if fit.step % self._every:
            return
        values = {"loss": made.loss, "splats": len(fit.table), "degree": fit.degree}
        values["means_lr"] = fit.options.fit.rates.means_lr * fit.scene_scale * fit.decay()
        values |= dict(zip(("added", "removed", "moved"), self._changed))
        self._changed = [0, 0, 0]
        self._file.add(fit.step, {f"train/{name}": value for name, value in values.items()}, {})

    def judged(self, step: int, verdict: Verdict) -> None:
        """Log the metrics after `step` steps, and photographs beside renders."""
        if self._file:
            values = {f"val/{name}": value for name, value in verdict.numbers().items()}
            shown = {f"val/{name}": picture / 255.0 for name, picture in verdict.shown.items()}
            self._file.add(step, values, shown if self._pictures else {})
