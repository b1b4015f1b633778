"""Independent, restartable pieces of work: in processes on this machine, on a Dask cluster, or as Slurm jobs.

`open_scheduler(name)` opens a `Scheduler`. A new one is one file and one line in `SCHEDULERS`: a callable that takes
(name, workers, devices) and returns a context manager of the scheduler.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from helios.errors import InputError
from helios.registry import Registry
from helios.schedulers.scheduler import Scheduler

__all__ = ["SCHEDULERS", "Scheduler", "open_scheduler"]

SCHEDULERS = Registry(
    "scheduler",
    "helios.schedulers",
    {
        "local": "helios.schedulers.local:open_local",
        "tcp": "helios.schedulers.dask_cluster:open_dask",
        "tls": "helios.schedulers.dask_cluster:open_dask",
        "slurm": "helios.schedulers.slurm:open_slurm",
    },
)


def open_scheduler(
    name: str = "local", workers: int | None = None, devices: Sequence[str] = ()
) -> AbstractContextManager[Scheduler]:
    """Return a context manager of the scheduler called `name`; the workers that it starts end with the block.

    `name` is local, tcp://HOST:PORT or tls://HOST:PORT of a Dask scheduler, or slurm. `workers` is how many work at
    once: by default one per usable core, all that the Dask cluster has, or what Dask's configuration says for Slurm.
    On this machine worker i sees only the GPU `devices[i % len(devices)]`, a value for CUDA_VISIBLE_DEVICES.
    Raises InputError for any other name and for `workers` below 1, WorkerError where the cluster cannot be reached or
    used.
    """
    kind, separator, address = name.partition("://")
    if kind not in SCHEDULERS.names() or bool(address) != (kind in ("tcp", "tls")) or bool(separator) != bool(address):
        raise InputError(f"--scheduler {name}: must be local, tcp://HOST:PORT, tls://HOST:PORT or slurm")
    if workers is not None and workers < 1:
        raise InputError(f"--workers {workers}: must be at least 1")
    return SCHEDULERS.get(kind)(name, workers, devices)
