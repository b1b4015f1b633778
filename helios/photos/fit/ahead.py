"""Photographs decoded on other threads before a step asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from helios.photos.data.cache import Decoded
from helios.threads import thread_count

PER_THREAD = 2
"""Photographs that are decoded or wait to be taken, for each thread: beside the cache, no more are in memory."""

MOST_THREADS = 8


class Ahead:
    """Decodes what is said to come, so that a step need not wait; what is taken is the same as without.

    On a CPU one thread does so beside those of the rasteriser; on a GPU, whose steps take a tenth of a decoding, as
    many as there are cores, up to MOST_THREADS. The threads end with `close`, or once nobody holds this any more.
    """

    def __init__(self, photographs: Sequence[Any], on_cpu: bool):
        self._photographs = photographs
        threads = 1 if on_cpu else min(MOST_THREADS, thread_count())
        self.places = PER_THREAD * threads  # how many photographs are worth naming beyond those of a step
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="helios-photographs")
        self._coming: dict[int, Future[Decoded]] = {}

    def expect(self, which: Iterable[int]) -> None:
        """Begin to decode the photographs of these numbers, in this order; forget all others that were expected."""
        coming: dict[int, Future[Decoded]] = {}
        for one in which:
            if one in self._coming:
                coming[one] = self._coming.pop(one)
            elif one not in coming:
                coming[one] = self._pool.submit(_decoded, self._photographs[one])
        for other in self._coming.values():
            other.cancel()
        self._coming = coming

    def take(self, one: int) -> Decoded:
        """Return (image, mask) of photograph `one`, decoded here where nobody expected it.

        Raises InputError where its file is damaged or gone, as the photograph itself does, when it is taken.
        """
        coming = self._coming.pop(one, None)
        return coming.result() if coming else _decoded(self._photographs[one])

    def close(self) -> None:
        """Forget what was expected, and end the threads, which finish what they have begun."""
        self._coming.clear()
        self._pool.shutdown(cancel_futures=True)


def _decoded(photograph: Any) -> Decoded:
    return photograph.image(), photograph.mask()
