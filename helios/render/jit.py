"""How every kernel of this package is compiled."""

JIT = {"cache": True, "error_model": "numpy", "fastmath": {"nsz", "arcp", "contract", "reassoc"}}
"""Arguments of `numba.njit`.

The flags leave out `nnan` and `ninf`, because kernels test for what is not finite. With the "numpy" error model a
division cannot raise, which would keep its loop from being vectorised.
"""
