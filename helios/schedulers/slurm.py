"""Pieces of work in Slurm jobs, which dask-jobqueue submits: each runs Dask workers for a scheduler started here.

Dask's own configuration says what a job requests: `jobqueue.slurm` in a file under ~/.config/dask, or environment
variables such as DASK_JOBQUEUE__SLURM__QUEUE. The defaults here apply to what it leaves open.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from helios.errors import InputError, WorkerError
from helios.schedulers.dask_cluster import DaskScheduler, closing, require

_WORKERS = 4
"""Number of pieces that run at once where neither --workers nor `distributed.adaptive.maximum` sets it."""

_DEFAULTS = {"cores": 1, "memory": "4GB"}
"""What a job requests by default."""


@contextlib.contextmanager
def open_slurm(name: str, workers: int | None, devices: Sequence[str] = ()) -> Iterator[SlurmScheduler]:
    """Yield a scheduler whose workers are Slurm jobs, which are cancelled when the block ends.

    By default a job has one worker of one thread per core. Slurm assigns GPUs (`job-extra-directives`): `devices` is
    ignored. Raises InputError where a package or sbatch is missing, WorkerError where Slurm refuses the jobs.
    """
    require("distributed")
    require("dask_jobqueue")
    if shutil.which("sbatch") is None:
        raise InputError("--scheduler slurm: there is no sbatch on the PATH; run this where jobs can be submitted")
    import dask
    from distributed import Client

    settings: dict[str, Any] = {key: _configured(key) or default for key, default in _DEFAULTS.items()}
    settings["processes"] = _configured("processes") or settings["cores"]
    settings["local_directory"] = _configured("local-directory") or tempfile.gettempdir()
    options = {"dashboard_address": "127.0.0.1:0"} | (_configured("scheduler-options") or {})
    limit = dask.config.get("distributed.adaptive.maximum")
    workers = workers or (int(limit) if math.isfinite(limit) else _WORKERS)
    jobs = math.ceil(workers / settings["cores"])
    refusals: list[str] = []
    with contextlib.ExitStack() as stack:
        try:
            cluster = slurm_cluster_class()(job_cls=_job_class(refusals), scheduler_options=options, **settings)
        except (OSError, ValueError, RuntimeError) as error:
            raise WorkerError(f"--scheduler slurm: {str(error).partition(chr(10))[0]}") from error
        stack.callback(cluster.close, timeout=30)
        client = Client(cluster, set_as_default=False)
        stack.enter_context(closing(client))
        cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)  # unlike scale(), this replaces a job that ends
        yield SlurmScheduler(client, workers, refusals)


def slurm_cluster_class() -> type:
    """Return `dask_jobqueue.SLURMCluster`, with Ctrl-C as it was: the package has it exit the program when imported."""
    handler = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import SLURMCluster

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)
    return SLURMCluster


class SlurmScheduler(DaskScheduler):
    """A Dask cluster of Slurm jobs, which may wait in the queue for as long as it takes."""

    def __init__(self, client, workers: int, refusals: list[str]):
        self._refusals = refusals
        super().__init__(client, "slurm", workers)
        self.workers = workers

    def _alone(self, seconds: float) -> None:
        if self._refusals:
            raise WorkerError(f"--scheduler slurm: sbatch refused a job: {self._refusals[-1]}")


def _configured(key: str):
    import dask

    return dask.config.get(f"jobqueue.slurm.{key}", None)


def _job_class(refusals: list[str]) -> Any:
    """Return the Slurm job class of dask-jobqueue, changed to append why a job was refused to `refusals`.

    The original logs a traceback instead.
    """
    from dask_jobqueue.slurm import SLURMJob
    from distributed.core import Status

    class Job(SLURMJob):
        async def start(self):
            try:
                await super().start()
            except (OSError, RuntimeError, ValueError) as error:
                message = str(error).partition("stderr:\n")[2] or str(error)
                refusals.append(" ".join(message.split()))
                self.status = Status.running

    return Job
