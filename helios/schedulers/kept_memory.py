"""Memory that a worker keeps from one piece of work to the next, where the GNU C library is."""

import ctypes
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = 32 << 20, 256 << 20
"""Bytes: the most that the GNU C library takes for the former, and what a worker's largest piece needs at once."""

_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
"""Parameters of `mallopt`."""


def keep_memory() -> None:
    """Let this process use the memory of its arrays again: the system clears all that it gives.

    Arrays of up to MMAP_THRESHOLD bytes, and up to TRIM_THRESHOLD bytes unused; where the GNU C library is.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_THRESHOLD, MMAP_THRESHOLD)
        library.mallopt(_M_TRIM_THRESHOLD, TRIM_THRESHOLD)
