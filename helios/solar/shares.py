"""Rows shared out to threads: kernels that release the GIL, on plain Python threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba

SHARES_PER_THREAD = 4
"""More than one, so that a thread the system holds up leaves its share to the others."""

LEAST_ROWS = 256
"""Rows of a share at least: below, a thread costs more than it saves."""


def share_rows(kernel: Callable[..., None], rows: int, threads: int | None, *args: object) -> None:
    """Call `kernel(first, last, *args)` for ranges that make up all `rows`, on `threads` threads.

    None stands for the number that the environment's NUMBA_NUM_THREADS says, else of the cores. What a call raises is
    raised here.
    """
    threads = threads or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set when numba is imported
    shares = max(1, min(SHARES_PER_THREAD * threads, rows // LEAST_ROWS))
    if threads == 1 or shares == 1:
        kernel(0, rows, *args)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="helios-orbits") as pool:
        done = [
            pool.submit(kernel, rows * share // shares, rows * (share + 1) // shares, *args) for share in range(shares)
        ]
    for share in done:
        share.result()
