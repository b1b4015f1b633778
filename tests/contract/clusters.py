"""Real clusters on this machine for the tests: a Dask scheduler with two workers, and a one-node Slurm."""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
STARTER = ROOT.parent / "shared" / "slurm" / "one-node-slurm"
"""Starts munge and Slurm on loopback addresses; it lies beside the clone where the tests of Slurm are to run."""

ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "5s",  # a busy machine takes seconds to start a worker again
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
}


@contextlib.contextmanager
def started(*command: str, **options) -> Iterator[subprocess.Popen]:
    """A process that is ended, with what it started, when the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[str]:
    """The address of a Dask scheduler with workers of one thread each."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("distributed is not installed")
    file = folder / "scheduler.json"
    environment = os.environ | ENVIRONMENT
    scheduler = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    worker = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(folder), "--scheduler-file", str(file))
    with contextlib.ExitStack() as stack:
        command = (sys.executable, "-m", "distributed.cli.dask_scheduler", *scheduler)
        process = stack.enter_context(started(*command, env=environment))
        wait_until(file.exists, 30)
        (folder / "scheduler.pid").write_text(str(process.pid))
        for _ in range(workers):
            command = (sys.executable, "-m", "distributed.cli.dask_worker", *worker, "--host", "127.0.0.1")
            stack.enter_context(started(*command, env=environment))
        address = json.loads(file.read_text())["address"]
        wait_for_workers(address, workers)
        yield address


def kill_scheduler(folder: Path) -> None:
    """Kill the scheduler that was started in `folder`."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(int((folder / "scheduler.pid").read_text()), signal.SIGKILL)


def wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        wait_until(lambda: len(client.nthreads()) == count, 30)


@contextlib.contextmanager
def slurm_cluster() -> Iterator[str]:
    """A one-node Slurm that this process's environment leads to, with two cores to give."""
    missing = [name for name in ("sbatch", "munged", "slurmctld") if not _find(name)]
    missing += [] if STARTER.exists() else [f"{STARTER.name} beside the clone"]
    missing += [] if importlib.util.find_spec("dask_jobqueue") else ["dask-jobqueue"]
    if missing:
        pytest.skip(f"no {', no '.join(missing)}")
    with (
        FileLock(Path(tempfile.gettempdir()) / "helios-slurm.lock"),  # one at a time, where `pytest -n` wants two
        tempfile.TemporaryDirectory(prefix="helios-slurm-") as folder,  # a socket's path must be short
    ):
        begun = subprocess.run(
            [STARTER, "start", folder], env=os.environ | {"ONE_NODE_CPUS": "2"}, capture_output=True, text=True
        )
        if "/etc/hosts" in begun.stderr:
            pytest.skip(begun.stderr.strip())
        assert begun.returncode == 0, begun.stderr
        try:
            environment = ENVIRONMENT | {
                "SLURM_CONF": begun.stdout.strip().removeprefix("export SLURM_CONF="),
                "DASK_JOBQUEUE__SLURM__INTERFACE": "lo",
                "DASK_JOBQUEUE__SLURM__MEMORY": "1GB",
                "DASK_JOBQUEUE__SLURM__LOCAL_DIRECTORY": folder,
                "DASK_JOBQUEUE__SLURM__LOG_DIRECTORY": folder,
                "DASK_JOBQUEUE__SLURM__WORKER_EXTRA_ARGS": "['--no-dashboard']",
            }
            with mock.patch.dict(os.environ, environment), configuration_read_anew():
                yield "slurm"
        finally:
            subprocess.run([STARTER, "stop", folder], check=True, capture_output=True)


def running_jobs() -> list[str]:
    """The numbers of Slurm's jobs that run."""
    command = ["squeue", "--noheader", "--format=%i", "--state=R"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@contextlib.contextmanager
def configuration_read_anew() -> Iterator[None]:
    """Dask reads its configuration from the environment once, when it is imported: here again."""
    import dask
    import dask_jobqueue  # noqa: F401  its defaults are part of the configuration

    with dask.config.set({}):
        dask.config.refresh()
        yield
    dask.config.refresh()


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def wait_until(true, seconds: float) -> None:
    """Wait for `true()`; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
