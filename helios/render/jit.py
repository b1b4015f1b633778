"""How every kernel of this package is compiled."""

from typing import Any

JIT: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "forceinline": True,
    "error_model": "numpy",
    "fastmath": {"nsz", "arcp", "contract", "reassoc"},
}
"""Arguments of `numba.njit`.

The flags leave out `nnan` and `ninf`, because kernels test for what is not finite, and NaN must reach the loss, where
the trainer sees it. With the "numpy" error model a division cannot raise, which would keep its loop from being
vectorised. All is inlined by force: a helper that is compiled by itself beside its callers may be optimised in two
ways, and which of them runs, and so the last digit, would depend on what the cache held.
"""
