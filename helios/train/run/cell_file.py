"""Training of one v1 cell file: its splats are the stars, what they become is a file of the same kind."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from helios import __version__
from helios.errors import InputError
from helios.files import sha256, write_file
from helios.light import splat_luminosity
from helios.pack.v1_cell import encode_cell, read_cell
from helios.render.backend import Backend
from helios.splats import Cell, Emitters
from helios.train.config import TrainConfig
from helios.train.run.batches import Job
from helios.train.run.checkpoint import Checkpoint
from helios.train.run.events import BatchTrained, Event, Planned, Stopped, Written
from helios.train.run.logs import log_of
from helios.train.run.observer import Watch
from helios.train.run.run import never
from helios.train.run.run_config import RunConfig
from helios.train.run.train_cells import Crew, Trained, train_cells


def train_cell_file(
    source: Path,
    output: Path,
    config: TrainConfig,
    backend: Backend,
    run: RunConfig | None = None,
    stop: Callable[[], bool] = never,
) -> Iterator[Event]:
    """Train the v1 cell at `source` and write the result to `output`, whole or not at all, yielding what happens.

    The file does not say the depth of its grid; it only seeds the cell's random numbers. A checkpoint lies beside
    `output` as long as the cell is in training. Raises StoreError where the file is damaged, InputError where it
    holds no splat or `output` is `source`, and BackendError where the device fails.
    """
    run = run or RunConfig()
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
    content = sha256(source)
    label = config.digest(helios=__version__, backend=backend.name, file=content)
    checkpoint = Checkpoint(output.with_name(f".{output.name}.checkpoint"), label, run.checkpoint_every)
    log = log_of(run.log, run.log_folder(output), backend)
    yield Planned(1, 0)
    give_up, began, written = threading.Event(), time.monotonic(), 0
    crew = Crew(config, backend, Watch(give_up, log, run.log_every), lambda indices: checkpoint, stop, give_up)
    with contextlib.closing(train_cells([Job(0, len(stored), lambda: cell)], crew)) as events:
        for event in events:
            if not isinstance(event, Trained):
                yield event
                continue
            ((_, result),) = event.results
            bounds = (stored.bounds_min, stored.bounds_max)
            write_file(output, encode_cell(cell.id, cell.origin_m, cell.half_extent_m, bounds, result.splats))
            checkpoint.remove()
            written = len(result.splats)
            yield BatchTrained(event.results, time.monotonic() - began)
    yield Written(output, written) if written else Stopped(1)
