"""How often Python looks for objects that hold each other, in processes that are Helios' own.

By default it does with every 700 new ones. Imports, and what numba keeps of compiled kernels, make hundreds of
thousands, none of which goes: a fifth of the time in which a process starts.
"""

import gc

THRESHOLDS = (20_000, 20, 20)


def collect_seldom() -> None:
    """Let this process, and those forked from it, look with every 20,000 new objects."""
    gc.set_threshold(*THRESHOLDS)
