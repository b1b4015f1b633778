"""Decoded photographs, kept as far as a limit of memory goes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Decoded = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""A picture [H, W, 3], and its mask [H, W] or None."""


class Cache:
    """Decoded photographs of `limit` bytes at most, and the last one beyond these.

    What is in it stays: where photographs are asked for in random order, dropping one for another gains nothing.
    """

    def __init__(self, limit: int):
        self.limit, self.size = limit, 0
        self._kept: dict[Hashable, Decoded] = {}
        self._last: tuple[Hashable, Decoded] | None = None
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Decoded]) -> Decoded:
        """Return what is kept under `key`, else what `make` returns, kept as far as the limit goes."""
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            if self._last is not None and self._last[0] == key:
                return self._last[1]
        made = make()
        size = sum(part.nbytes for part in made if part is not None)
        with self._lock:
            if key not in self._kept:
                if self.size + size <= self.limit:
                    self.size += size
                    self._kept[key] = made
                else:
                    self._last = key, made
        return made
