"""How often Python looks for objects that hold each other, and gives memory back, in processes that are Helios' own.

By default it looks with every 700 new ones. Imports, and what numba keeps of compiled kernels, make hundreds of
thousands, none of which goes: a fifth of the time in which a process starts.
"""

import ctypes
import gc

THRESHOLDS = (20_000, 20, 20)

MMAP_THRESHOLD, TRIM_THRESHOLD = 32 << 20, 256 << 20
"""Bytes: the most that the GNU C library takes for the former, and what a worker's largest piece needs at once."""

_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
"""Parameters of `mallopt`."""


def collect_seldom() -> None:
    """Let this process, and those forked from it, look with every 20,000 new objects."""
    gc.set_threshold(*THRESHOLDS)


def keep_memory() -> None:
    """Let this process, and those forked from it, use the memory of arrays again: the system clears all that it gives.

    Arrays of up to MMAP_THRESHOLD bytes, and up to TRIM_THRESHOLD bytes unused; where the GNU C library is.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, MMAP_THRESHOLD)
        library.mallopt(_M_TRIM_THRESHOLD, TRIM_THRESHOLD)
