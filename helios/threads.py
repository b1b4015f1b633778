"""Work on many images, cells or orbits at once: kernels that release the GIL, on plain Python threads.

Not numba's `prange`: its thread pools either abort when two Python threads enter them, or do not survive a fork, and
an OpenMP pool of its own would spin against torch's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

import numba

T = TypeVar("T")
R = TypeVar("R")

STRIPES_PER_THREAD = 8
"""More than one, so that a thread the system holds up leaves its share to the others."""


def thread_count() -> int:
    """Return the number of cores this process may use, or what the environment's NUMBA_NUM_THREADS says."""
    return numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set when numba is imported


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="helios-stripes")


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a fork copies the pool, but not its threads


def map_threads(function: Callable[[T], R], items: Sequence[T], threads: int | None = None) -> list[R]:
    """Return `function` of every item, in order, on `threads` threads; what any call raises is raised here.

    The function spends its time in kernels that release the GIL and must not call `map_threads` itself.
    """
    threads = max(1, min(len(items), threads or thread_count()))
    if threads == 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads, thread_name_prefix="helios-cells") as pool:
        return list(pool.map(function, items))


def run_striped(kernel: Callable[..., None], items: int, threads: int | None, *args: object) -> None:
    """Call `kernel(stripe, stripes, *args)` for every stripe, on `threads` threads, and return when all are done.

    The kernel does its share of `items`: stripe, stripe + stripes, ..., or as many that follow each other. `threads`
    None stands for `thread_count()`.
    What any stripe raises is raised here, after all have ended.
    """
    threads = max(1, min(items, threads or thread_count()))
    stripes = 1 if threads == 1 else min(items, STRIPES_PER_THREAD * threads)
    waiting = iter(range(stripes))

    def work() -> None:
        for stripe in waiting:
            kernel(stripe, stripes, *args)

    others = [_pool(threads - 1).submit(work) for _ in range(1, threads)]
    try:
        work()
    finally:
        wait(others)
    for other in others:
        other.result()
