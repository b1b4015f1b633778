"""The log of a run for TensorBoard: a folder per cell, with curves, pictures and the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from helios.options import option
from helios.rendering.backend import Backend
from helios.splats import LOSS_CURVE, CellResult
from helios.training.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII, REFERENCE_RADII
from helios.training.optim.model import Model
from helios.training.run.engine import StepsMade
from helios.training.run.evaluate import draw
from helios.training.run.summary_file import SummaryFile
from helios.training.scene import Scene

_FIRST = HELD_OUT_RADII.index(REFERENCE_RADII) * HELD_OUT_DIRECTIONS
_VIEW = slice(_FIRST, _FIRST + 1)
"""The view of `Scene.judge_views` that pictures show: the first at REFERENCE_RADII."""


@dataclass
class _Curve:
    """The file of a cell, and its last step; the steps of a second attempt follow those of the first."""

    file: SummaryFile
    before: int = 0
    last: int = 0

    def step_of(self, made: StepsMade) -> int:
        if self.before + made.steps < self.last:
            self.before = self.last
        self.last = self.before + made.steps
        return self.last


@dataclass(frozen=True)
class Tensorboard:
    """Curves, pictures and the result of each cell, in files that TensorBoard reads."""

    pictures: bool = option(True, "Log pictures, too.")

    def open(self, folder: Path, backend: Backend) -> TensorboardLog:
        """Return the log in `folder`."""
        return TensorboardLog(folder, backend, self.pictures)


class TensorboardLog:
    """A `helios.training.run.logs.Log` in files of `folder`/DEPTH_L_THETA_PHI.

    `loss` is over the views of one step, `rate` is the learning rate, and `splats` their number; the metrics of the
    result are under `result`. Pictures show the cell at its exposure, encoded as sRGB; `difference` is grey where
    `prediction` and `truth` are equal. Files are open only for the cells in training.
    """

    def __init__(self, folder: Path, backend: Backend, with_pictures: bool):
        self._folder, self._backend, self._with_pictures = folder, backend, with_pictures
        self._curves: dict[str, _Curve] = {}

    def values(self, made: StepsMade) -> None:
        """Log the loss, learning rate and number of splats of every cell of a batch."""
        run = made.optimisation
        rate, counts = run.config.learning_rate * run.rate_share(), run.model.mask.sum(dim=1).tolist()
        for scene, loss, count in zip(made.scenes, made.losses.tolist(), counts):
            curve = self._curve(scene)
            curve.file.add(curve.step_of(made), {"loss": loss, "rate": rate, "splats": count}, {})

    def pictures(self, made: StepsMade) -> None:
        """Log what every cell of a batch looks like now."""
        if not self._with_pictures:
            return
        images = draw(made.optimisation.model, made.scenes, self._backend, _VIEW)
        for scene, image in zip(made.scenes, images):
            curve = self._curve(scene)
            curve.file.add(curve.step_of(made), {}, _pictures(image, scene))

    def result(self, scene: Scene, result: CellResult) -> None:
        """Log the metrics and pictures of the final splats, and close the cell's file."""
        curve = self._curve(scene)
        pictures = {}
        if self._with_pictures:
            model = Model.of([scene.frame.enter_splats(result.splats)], len(result.splats), self._backend.device)
            (image,) = draw(model, [scene], self._backend, _VIEW)
            pictures = _pictures(image, scene)
        metrics = {f"result/{name}": value for name, value in result.metrics.items() if name not in LOSS_CURVE}
        curve.file.add(curve.last, metrics | {"result/splats": len(result.splats)}, pictures)
        curve.file.close()
        del self._curves[scene.cell.name]

    def _curve(self, scene: Scene) -> _Curve:
        cell = scene.cell.name
        if cell not in self._curves:
            self._curves[cell] = _Curve(SummaryFile(self._folder / cell))
        return self._curves[cell]


def _pictures(images: Tensor, scene: Scene) -> dict[str, np.ndarray]:
    shown, truth = _srgb(images[0].cpu().numpy()), _srgb(scene.judge_truth[_VIEW][0])
    return {"truth": truth, "prediction": shown, "difference": 0.5 + 0.5 * (shown - truth)}


def _srgb(linear: np.ndarray) -> np.ndarray:
    """Return linear values, clipped to 0 to 1, through the transfer function of sRGB (IEC 61966-2-1)."""
    clipped = np.clip(np.nan_to_num(linear), 0.0, 1.0)
    return np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1.0 / 2.4) - 0.055)
