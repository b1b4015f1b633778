"""How every kernel of this package is compiled, and the floating-point freedom it is given."""

import tempfile
from pathlib import Path
from typing import Any

FLAGS = ("nsz", "arcp", "contract")
"""LLVM's fast-math flags of all arithmetic: the sign of zero is free, a division may multiply by the reciprocal, and
a * b + c may be one operation. `nnan` and `ninf` are left out: kernels test for what is not finite, and NaN must reach
the loss, where the trainer sees it."""

REORDERED = (*FLAGS, "reassoc")
"""The flags where the order of operations is free too. Stacks of rows do without: SSIM's differences of nearly equal
numbers keep their digits only in the order in which they are written."""

JIT: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "forceinline": True,
    "error_model": "numpy",
    "fastmath": set(REORDERED),
}
"""Arguments of `numba.njit`.

With the "numpy" error model a division cannot raise, which would keep its loop from being vectorised. All is inlined by
force: a helper that is compiled by itself beside its callers may be optimised in two ways, and which of them runs, and
so the last digit, would depend on what the cache held.
"""

BARE: dict[str, Any] = {**JIT, "_nrt": False}
"""As JIT, for what makes no arrays. Such functions do not count who holds those that they are given, which in a loop
takes longer than a vector's worth of numbers, and costs it all its registers."""

EXACT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
"""Arguments of `numba.njit` for what is stored and must be the same on every processor: every operation as written."""


def _find_cache() -> None:
    """Let numba keep what it compiles in a temporary folder where neither this package nor the home can be written.

    Without a place for its cache, numba compiles nothing that asks for one.
    """
    from numba import core
    from numba.misc.appdirs import AppDirs

    config: Any = core.config

    own = Path(__file__).parent / "__pycache__"
    places = (own if own.is_dir() else own.parent, Path(AppDirs("numba", False).user_cache_dir))
    if not config.CACHE_DIR and not any(_may_write(place) for place in places):
        config.CACHE_DIR = tempfile.mkdtemp(prefix="helios-numba-")


def _may_write(folder: Path) -> bool:
    """Return whether a file can be made in `folder`, or `folder` itself."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


_find_cache()
