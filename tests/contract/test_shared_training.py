"""Training on workers, one of them killed in the middle, makes the bytes that training in one process makes.

13 cells of 150 stars, each a piece of its own.
"""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.progress import Advance, Note, Stage
from helios.schedulers.config import SchedulerConfig
from helios.schedulers.scheduler import never
from helios.training.config import TrainConfig
from helios.training.run import batches, run, workers
from helios.training.run.batches import Job, plan_pieces
from helios.training.run.events import CellsTrained, TrainResult
from helios.training.run.run_config import RunConfig
from helios.training.run.universe import UniverseTraining
from helios.universe import Universe
from helios.universe.trained_levels import training_indices
from tests.contract.clusters import ROOT, running_jobs, wait_until

pytestmark = pytest.mark.slow

CONFIG = TrainConfig(iterations=60, image_size=32)
QUICK = ("--iterations", "60", "--image-size", "32", "--backend", "numba")


def helios(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "universe"
    assert helios("build", "--synthetic", 150, "--depth", 1, "-o", path).exit_code == 0
    return path


@pytest.fixture(scope="module")
def in_one_process(source):
    path = source.with_name("in_one_process")
    assert helios("train-all", "--input", source, "--output", path, *QUICK).exit_code == 0
    return contents(path)


@pytest.fixture(autouse=True)
def a_cell_is_a_piece(monkeypatch):
    monkeypatch.setattr(batches, "_PIECE_S", (0.0, 0.0))
    monkeypatch.setattr("helios.training.run.run._TOGETHER_S", 0.0)


def all_of(source) -> list[int]:
    """All that is trained: cells with stars, and those above them that proxies stand in for."""
    return training_indices(Universe.open(source), None, levels=True)


def train(source, output, name, on_event, stop=never, **how) -> TrainResult:
    """Train all of it on two workers."""
    training = UniverseTraining(source, output, all_of(source), CONFIG, "numba", where=SchedulerConfig(name, 2), **how)
    return run.train(training, on_event, stop)


def kill_a_local_worker(name: str) -> None:
    worker = next(child for child in multiprocessing.active_children() if child.name == "helios-worker")
    worker.kill()


def kill_a_dask_worker(name: str) -> None:
    from distributed import Client

    with Client(name, set_as_default=False) as client:
        pids = client.run(os.getpid)
    os.kill(next(iter(pids.values())), signal.SIGKILL)


def cancel_a_job(name: str) -> None:
    subprocess.run(["scancel", "--signal=KILL", running_jobs()[0]], check=True)


KILLERS = {"local": kill_a_local_worker, "dask_address": kill_a_dask_worker, "slurm_name": cancel_a_job}


@pytest.mark.parametrize("kind", ["local", "dask_address", pytest.param("slurm_name", marks=pytest.mark.slow)])
def test_a_worker_killed_in_the_middle_changes_nothing(kind, request, source, in_one_process, tmp_path):
    name = kind if kind == "local" else request.getfixturevalue(kind)
    killed, events, wanted = [], [], all_of(source)

    def on_event(event):
        events.append(event)
        if isinstance(event, CellsTrained) and not killed:
            killed.append(True)
            KILLERS[kind](name)

    result = train(source, tmp_path / "out", name, on_event)
    assert events[:2] == [Note(f"scheduler {name}: 2 workers"), Note("backend numba: asked for")]
    assert events[2:4] == [Note(f"training {len(wanted)} cells"), Stage("training", len(wanted), "cells")]
    assert killed
    assert (result.path, result.trained, result.left) == (tmp_path / "out", len(Universe.open(source)), 0)
    done = [event.done for event in events if isinstance(event, Advance)]
    assert done == sorted(done)
    trained = sorted(cell.index for event in events if isinstance(event, CellsTrained) for cell in event.results)
    assert trained == list(range(len(Universe.open(source))))
    assert contents(tmp_path / "out") == in_one_process


def test_asked_to_stop_it_keeps_what_it_has_and_goes_on_later(source, in_one_process, tmp_path):
    asked, output = [], tmp_path / "out"

    def on_event(event):
        asked.extend([True] if isinstance(event, CellsTrained) else [])

    result = train(source, output, "local", on_event, stop=lambda: bool(asked), run=RunConfig(checkpoint_every=20))
    kept = len(all_of(source)) - result.left
    assert 1 <= kept < len(all_of(source))
    assert train(source, output, "local", print).skipped == kept
    assert contents(output) == in_one_process


def test_the_commands_take_a_scheduler(source, in_one_process, dask_address, tmp_path, monkeypatch):
    """Relative paths too: workers have another working directory."""
    monkeypatch.chdir(source.parent)
    command = ("train-all", "--input", source.name, "--scheduler", dask_address, *QUICK)
    result = helios(*command, "--output", os.path.relpath(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert f"scheduler {dask_address}: 2 workers" in result.output
    assert "backend numba: asked for" in result.output
    assert contents(tmp_path / "out") == in_one_process
    for name, words in (("dask", "must be local, tcp"), ("slurm://x", "must be local, tcp")):
        refused = helios("train-landmarks", "--input", source, "--scheduler", name)
        assert refused.exit_code == 1
        assert words in refused.output


def jobs(*stars: int) -> list[Job]:
    budget = TrainConfig().splat_count
    return [Job(index, count, budget(count), lambda: None) for index, count in enumerate(stars)]


def test_pieces_are_of_like_cost(monkeypatch):
    monkeypatch.undo()
    many = jobs(*[400] * 300, *[4000] * 40, *[5] * 500)
    pieces = plan_pieces(many, TrainConfig(), 4, "cpu")
    assert sorted(job.index for piece in pieces for job in piece) == list(range(840))
    assert len(pieces) >= 16
    assert len(pieces[0]) < len(pieces[-1])
    (few,) = plan_pieces(jobs(3, 4, 5), TrainConfig(), 4, "cpu")
    assert sorted(job.index for job in few) == [0, 1, 2]


def test_pieces_for_a_gpu_are_of_like_size(monkeypatch):
    monkeypatch.undo()
    pieces = plan_pieces(jobs(*[400] * 300, *[4000] * 40), TrainConfig(), 2, "cuda")
    assert [len(piece) for piece in pieces] == [20, 20, 128, 128, 44]
    assert plan_pieces([], TrainConfig(), 2, "cuda") == []


def test_gpus_are_those_that_are_visible(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert workers.visible_gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a, 3")
    assert workers.visible_gpus() == ["GPU-a", "3"]


def start(*arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "helios", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )


def workers_of(process: subprocess.Popen) -> set[int]:
    """The processes that this one began, without those that have ended."""
    listed = subprocess.run(["ps", "-s", str(process.pid), "-o", "pid=,stat="], capture_output=True, text=True)
    alive = {int(line.split()[0]) for line in listed.stdout.splitlines() if "Z" not in line.split()[1]}
    return alive - {process.pid}


def begun(source: Path, output: Path, *more: object) -> subprocess.Popen:
    """A run on two workers, with the first cells in training, which Ctrl-C reaches as a terminal would have it."""
    settings = ("--image-size", 64, "--backend", "numba", "--checkpoint-every", 100, "--workers", 2)
    process = start("train-all", "--input", source, "--output", output, *settings, *more)
    wait_until(lambda: list(output.glob("training/*/*.checkpoint")) or process.poll() is not None, 120)
    assert process.poll() is None, process.communicate()[0]
    return process


def test_interrupted_once_the_pieces_in_training_are_kept(tmp_path):
    """About a second for each cell: a handful of pieces."""
    assert helios("build", "--synthetic", 3000, "--depth", 1, "-o", tmp_path / "universe").exit_code == 0
    process = begun(tmp_path / "universe", tmp_path / "out", "--iterations", 2000)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 130, text
    assert "Traceback" not in text
    assert "finishing the cells in training; Ctrl-C again stops at once" in text
    (left,) = re.findall(r"stopped: (\d+) cells are left, the same command goes on with them", text)
    (cells,) = re.findall(r"training (\d+) cells", text)
    assert 0 < int(left) < int(cells)
    assert not workers_of(process)


def test_interrupted_twice_everything_is_gone_at_once(source, tmp_path):
    process = begun(source, tmp_path / "out", "--iterations", 1_000_000)
    assert workers_of(process)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)  # two signals of a kind that come at the same time are one
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=10)
    assert process.returncode == 130, text
    assert "Traceback" not in text
    assert "stopped at once" in text
    wait_until(lambda: not workers_of(process), 10)
