"""A small universe to train, and how the tests of training runs look at what comes out."""

import importlib.util
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.progress import Done
from helios.rendering import pick_backend
from helios.schedulers.scheduler import never
from helios.training.config import TrainConfig
from helios.training.run import run, this_process
from helios.training.run.this_process import batch_by_batch
from helios.training.run.universe import UniverseTraining
from helios.universe import Universe
from tests.unit.training.loss.triton_runs import fill_new_memory_with_nan

CONFIG = TrainConfig(iterations=20, image_size=64)
ONE_CELLS_STARS = 20
"""Exactly one cell of the universe has so many stars."""


def train(source: Path, output: Path, backend, config: TrainConfig = CONFIG, cells=None, stop=never, **how) -> list:
    """Train these cells, or all; returns the events."""
    events = []
    cells = range(len(Universe.open(source))) if cells is None else cells
    result = run.train(UniverseTraining(source, output, cells, config, backend, **how), events.append, stop)
    assert events[-1] == Done(result)
    return events


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """150 synthetic stars in 13 cells, 8 of which have something to train."""
    path = tmp_path_factory.mktemp("made") / "universe"
    config = BuildConfig(synthetic=150, depth=1)
    build_universe(config, path, [])
    counts = np.diff(Universe.open(path).offsets)
    assert len(counts) == 13
    assert np.sum(counts == ONE_CELLS_STARS) == 1
    return path


@pytest.fixture(scope="session")
def numba_backend():
    return pick_backend("numba")


@pytest.fixture(scope="session")
def undisturbed(source, numba_backend):
    """The universe as it is when nothing disturbs its training."""
    output = source.with_name("undisturbed")
    train(source, output, numba_backend)
    return output


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Cells train in batches, as on a GPU, on the CPU."""
    monkeypatch.setitem(this_process._PLANS, "cpu", batch_by_batch)


@pytest.fixture(scope="session")
def interpret():
    """Call a function, arguments following, where kernels are interpreted: Triton decides that when it is imported."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip("Triton is not installed")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        with mock.patch.dict(os.environ, {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}):
            pool.submit(fill_new_memory_with_nan).result()
        yield lambda function, *args, **kwargs: pool.submit(function, *args, **kwargs).result()
