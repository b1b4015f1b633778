"""The log of a run as TensorBoard reads it: a folder per cell, with curves, pictures and the result."""

from __future__ import annotations

import io
import itertools
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from helios.errors import InputError
from helios.grid import CellId
from helios.render.backend import Backend
from helios.splats import CellResult, Splats
from helios.train.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII, REFERENCE_RADII
from helios.train.optim.model import Model
from helios.train.run.engine import StepsMade
from helios.train.scene import Scene

try:
    from PIL import Image
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter
except ImportError as error:
    raise InputError(
        f"--log tensorboard: {error}; the package is not part of the others (pip install 'helios-planetarium[log]')"
    ) from error

_VIEW = HELD_OUT_RADII.index(REFERENCE_RADII) * HELD_OUT_DIRECTIONS
"""The view of the pictures, of `Scene.judge_views`: the first at REFERENCE_RADII."""

_numbers = itertools.count()


@dataclass
class _Curve:
    """Where a cell's events go, and at which step; the steps of a second attempt count on from the first's."""

    path: Path
    before: int = 0
    last: int = 0

    def step_of(self, made: StepsMade) -> int:
        if self.before + made.steps < self.last:
            self.before = self.last
        self.last = self.before + made.steps
        return self.last


class TensorboardLog:
    """A `helios.train.run.logs.Log` in files of `folder`/DEPTH_L_THETA_PHI.

    `loss` is that of a step's views, `rate` Adam's, `splats` the number of them; the result's metrics are under
    `result`. Pictures show linear light at the cell's exposure through the curve of sRGB; `difference` is grey where
    `prediction` and `truth` are equal.
    Files are opened for each entry: no limit on open files is met, and a full disk is told where it happens.
    """

    def __init__(self, folder: Path, backend: Backend):
        self._folder, self._backend = folder, backend
        self._curves: dict[CellId, _Curve] = {}

    def values(self, made: StepsMade) -> None:
        """Note loss, rate and number of splats."""
        run = made.optimisation
        rate, counts = run.config.learning_rate * run.rate_share(), run.model.mask.sum(dim=1).tolist()
        for scene, loss, count in zip(made.scenes, made.losses.tolist(), counts):
            curve = self._curve(scene)
            _append(curve, curve.step_of(made), _scalars({"loss": loss, "rate": rate, "splats": count}))

    def pictures(self, made: StepsMade) -> None:
        """Note what the cells look like now."""
        for scene, image in zip(made.scenes, _draw(made.optimisation.model, made.scenes, self._backend)):
            curve = self._curve(scene)
            _append(curve, curve.step_of(made), _pictures(image, scene.judge_truth[_VIEW]))

    def result(self, scene: Scene, result: CellResult) -> None:
        """Note the metrics and the last pictures, of the splats that are kept."""
        curve = self._curve(scene)
        splats = _enter(scene, result.splats)
        model = Model.of([splats], len(splats), self._backend.device)
        (image,) = _draw(model, [scene], self._backend)
        metrics = {f"result/{name}": value for name, value in result.metrics.items()}
        metrics["result/splats"] = len(splats)
        _append(curve, curve.last, _scalars(metrics) + _pictures(image, scene.judge_truth[_VIEW]))
        self._curves.pop(scene.cell.id)

    def _curve(self, scene: Scene) -> _Curve:
        cell = scene.cell.id
        if cell not in self._curves:
            folder = self._folder / str(cell)
            folder.mkdir(parents=True, exist_ok=True)
            name = f"events.out.tfevents.{time.time():.0f}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
            self._curves[cell] = _Curve(folder / name)
            _write(self._curves[cell].path, Event(wall_time=time.time(), file_version="brain.Event:2"))
        return self._curves[cell]


def _append(curve: _Curve, step: int, values: list[Summary.Value]) -> None:
    _write(curve.path, Event(wall_time=time.time(), step=step, summary=Summary(value=values)))


def _write(path: Path, event: Event) -> None:
    record = io.BytesIO()
    RecordWriter(record).write(event.SerializeToString())
    try:
        with open(path, "ab") as file:
            file.write(record.getvalue())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _scalars(values: dict[str, float]) -> list[Summary.Value]:
    return [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]


def _pictures(prediction: np.ndarray, truth: np.ndarray) -> list[Summary.Value]:
    shown, wanted = _srgb(prediction), _srgb(truth)
    pictures = {"truth": wanted, "prediction": shown, "difference": 0.5 + 0.5 * (shown - wanted)}
    return [Summary.Value(tag=tag, image=_png(picture)) for tag, picture in pictures.items()]


def _png(picture: np.ndarray) -> Summary.Image:
    encoded = io.BytesIO()
    Image.fromarray(np.rint(255.0 * picture).astype(np.uint8)).save(encoded, "png")
    height, width, channels = picture.shape
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=encoded.getvalue())


def _srgb(linear: np.ndarray) -> np.ndarray:
    """The transfer curve of IEC 61966-2-1, of values clipped to 0 to 1."""
    clipped = np.clip(np.nan_to_num(linear), 0.0, 1.0)
    return np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1.0 / 2.4) - 0.055)


@torch.no_grad()
def _draw(model: Model, scenes: Sequence[Scene], backend: Backend) -> np.ndarray:
    """Return the cells of `model` from the view of the pictures, [B, H, W, 3]."""
    device, size = backend.device, scenes[0].truth.shape[1]
    exposures = torch.tensor([scene.exposure for scene in scenes], dtype=torch.float32, device=device)
    cameras = (
        torch.from_numpy(np.stack(arrays)).to(device)
        for arrays in zip(*((s.judge_views.viewmats[_VIEW, None], s.judge_views.Ks[_VIEW, None]) for s in scenes))
    )
    return backend.render(*model.render_arguments(exposures), *cameras, size, size)[:, 0].cpu().numpy()


def _enter(scene: Scene, splats: Splats) -> Splats:
    """Splats in cell units in the frame of `scene`: the inverse of `Frame.leave`."""
    frame = scene.frame
    means = (splats.means.astype(np.float64) - frame.centre) / frame.radius
    scales = splats.scales.astype(np.float64) / frame.radius
    return replace(splats, means=means.astype(np.float32), scales=scales.astype(np.float32))
