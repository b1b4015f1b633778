"""How every kernel of this package is compiled, and the floating-point freedom it is given."""

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
