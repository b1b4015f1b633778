"""Imported by the process from which workers are forked: has numba load what the first kernel of a process waits for.

That is as much as all else that a worker imports.
"""

from numba import njit

njit(lambda: None)()
