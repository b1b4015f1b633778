"""Where the independent pieces of a command run; this never changes what they make."""

from dataclasses import dataclass

from helios.errors import InputError
from helios.options import option


@dataclass(frozen=True)
class SchedulerConfig:
    """The options of commands that can distribute their work. Raises InputError for `workers` below 1."""

    scheduler: str = option(
        "local",
        "Where the work is done: local, processes of this machine; tcp://HOST:PORT, a Dask cluster that shares these "
        "files; slurm, jobs that dask-jobqueue submits as Dask's configuration says.",
        metavar="local|tcp://HOST:PORT|slurm",
    )
    workers: int | None = option(
        None,
        "Processes that work side by side. [default: one per core, or all that the cluster has]",
        type=int,
        metavar="N",
    )

    def __post_init__(self):
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers {self.workers}: must be at least 1")
