"""Training of one v1 cell file: its splats are taken as the stars, and the result is a file of the same kind."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from helios import __version__
from helios.cells import Bounds, boxes_around, frames_of, to_cell_units, widened
from helios.errors import InputError
from helios.files import check_file, sha256, write_file
from helios.fixed_order import norm
from helios.packing.v1_cell import V1Cell, encode_cell, read_cell
from helios.progress import Note, OnEvent
from helios.rendering import pick_backend
from helios.rendering.backend import Backend
from helios.rendering.mean_light import mean_light
from helios.splats import Cell, CellResult, Emitters
from helios.training.config import TrainConfig
from helios.training.run.batches import Job
from helios.training.run.checkpoint import Checkpoint
from helios.training.run.logs import log_of
from helios.training.run.observer import ProgressObserver
from helios.training.run.run import Begun
from helios.training.run.run_config import RunConfig
from helios.training.run.this_process import TrainContext, plan_threads


@dataclass(frozen=True)
class CellFileTraining:
    """The training of the v1 cell at `source` into `output`, a file of the same kind, written whole or not at all.

    `backend` is an argument or a result of `helios.rendering.pick_backend`. The file does not tell the depth of its
    grid, which only seeds the cell's random numbers. While the cell is in training, its checkpoint is beside `output`.
    """

    source: Path
    output: Path
    config: TrainConfig = field(default_factory=TrainConfig)
    backend: str | Backend = "auto"
    run: RunConfig = field(default_factory=RunConfig)

    @contextlib.contextmanager
    def begin(self, on_event: OnEvent) -> Iterator[Begun]:
        """Yield the training, begun.

        Raises StoreError if the file is damaged, InputError if it holds no splat or `output` is `source` or a
        directory, and BackendError if the device is missing.
        """
        source, output, run, cancelled = self.source, self.output, self.run, threading.Event()
        backend = pick_backend(self.backend) if isinstance(self.backend, str) else self.backend
        on_event(Note(f"backend {backend.name}: {backend.why}"))
        if output.exists() and output.samefile(source):
            raise InputError(f"{output}: is the input itself; name another --output")
        check_file(output)
        stored = read_cell(source)
        if len(stored) == 0:
            raise InputError(f"{source}: holds no splat, nothing to train")
        if not (stored.opacities * stored.colors.max(axis=1)).max() > 0:
            raise InputError(f"{source}: its splats have no light, nothing to train")
        cell, bounds_m = _as_stars(stored)

        def write(results: Sequence[CellResult]) -> None:
            (result,) = results
            write_file(output, encode_cell(cell.id, cell.origin_m, cell.half_extent_m, bounds_m, result.splats))

        label = self.config.digest(helios=__version__, backend=backend.name, file=sha256(source))
        checkpoint = Checkpoint(output.with_name(f".{output.name}.checkpoint"), label, run.checkpoint_every)
        observer = ProgressObserver(cancelled, log_of(run.log, run.log_folder(output), backend), run.log_every)
        job = Job(0, len(stored), self.config.splat_count(len(stored)), lambda: cell)
        context = TrainContext(self.config, backend, observer, lambda indices: checkpoint, cancelled)
        yield Begun(output, plan_threads([job], context, write), observer, 1, 0, lambda left: 1 - left, 1)


def _as_stars(stored: V1Cell) -> tuple[Cell, Bounds]:
    """Return the cell with its splats as emitters, in the frame that fits them, and the box of that, metres.

    A black splat is a star without light.
    """
    splats = stored.splats()
    light = mean_light(splats.opacities, splats.scales) * (splats.colors.max(axis=1) > 0.0)
    position_m = stored.centroid + stored.means.astype(np.float64)
    box = boxes_around(position_m, np.zeros(1, np.int64))
    ((origin_m,), (half_extent_m,)), (low, high) = frames_of(*box), widened(*box)
    cell = Cell(
        id=stored.id,
        origin_m=origin_m,
        half_extent_m=float(half_extent_m),
        radius=norm((high - low)[0]) / 2.0 / float(half_extent_m),
        emitters=Emitters(
            to_cell_units(position_m, origin_m, half_extent_m),
            (light * (stored.half_extent / half_extent_m) ** 2).astype(np.float32),
            splats.colors,
        ),
    )
    return cell, (low[0], high[0])
