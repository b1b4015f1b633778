"""Training of one v1 cell file: its splats are taken as the stars, and the result is a file of the same kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from helios import __version__
from helios.errors import InputError
from helios.files import sha256, write_file
from helios.light import splat_luminosity
from helios.packing.v1_cell import encode_cell, read_cell
from helios.progress import Done, Note, OnEvent, ignore
from helios.rendering import pick_backend
from helios.rendering.backend import Backend
from helios.schedulers.scheduler import never
from helios.splats import Cell, CellResult, Emitters
from helios.training.config import TrainConfig
from helios.training.run.batches import Job
from helios.training.run.checkpoint import Checkpoint
from helios.training.run.events import TrainResult
from helios.training.run.logs import log_of
from helios.training.run.observer import ProgressObserver
from helios.training.run.run import carry_out
from helios.training.run.run_config import RunConfig
from helios.training.run.this_process import TrainContext, plan_threads


def train_cell_file(
    source: Path | str,
    output: Path | str,
    config: TrainConfig | None = None,
    backend: str | Backend = "auto",
    run: RunConfig | None = None,
    on_event: OnEvent = ignore,
    stop: Callable[[], bool] = never,
) -> TrainResult:
    """Train the v1 cell at `source`, write the result to `output`, whole or not at all, and return the TrainResult.

    Arguments and events are those of `helios.training.run.run.train_universe`. The file does not tell the depth of its
    grid, which only seeds the cell's random numbers. While the cell is in training, its checkpoint is beside `output`.
    Raises StoreError if the file is damaged, InputError if it holds no splat or `output` is `source` or a directory,
    and BackendError if the device fails or is missing.
    """
    config, run, began = config or TrainConfig(), run or RunConfig(), time.monotonic()
    source, output, cancelled = Path(source), Path(output), threading.Event()
    backend = pick_backend(backend) if isinstance(backend, str) else backend
    on_event(Note(f"backend {backend.name}: {backend.why}"))
    if output.exists() and output.samefile(source):
        raise InputError(f"{output}: is the input itself; name another --output")
    if output.is_dir():
        raise InputError(f"{output}: is a directory; name a file for --output")
    stored = read_cell(source)
    if len(stored) == 0:
        raise InputError(f"{source}: holds no splat, nothing to train")
    splats = stored.splats()
    cell = Cell(
        id=stored.id,
        origin_m=stored.centroid,
        half_extent_m=stored.half_extent,
        radius=float(np.linalg.norm(stored.bounds_max - stored.bounds_min)) / 2.0 / stored.half_extent,
        emitters=Emitters(
            splats.means,
            splat_luminosity(splats.opacities, splats.scales).astype(np.float32),
            splats.colors,
        ),
    )

    def write(results: Sequence[CellResult]) -> None:
        (result,) = results
        bounds = (stored.bounds_min, stored.bounds_max)
        write_file(output, encode_cell(cell.id, cell.origin_m, cell.half_extent_m, bounds, result.splats))

    content = sha256(source)
    label = config.digest(helios=__version__, backend=backend.name, file=content)
    checkpoint = Checkpoint(output.with_name(f".{output.name}.checkpoint"), label, run.checkpoint_every)
    observer = ProgressObserver(cancelled, log_of(run.log, run.log_folder(output), backend), run.log_every)
    job = Job(0, len(stored), config.splat_count(len(stored)), lambda: cell)
    context = TrainContext(config, backend, observer, lambda indices: checkpoint, cancelled)
    results = carry_out(plan_threads([job], context, write), 1, observer, on_event, stop)
    result = TrainResult(output, results, 0, 1 - len(results), len(results), time.monotonic() - began)
    on_event(Done(result))
    return result
