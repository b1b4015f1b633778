"""Photographs decoded ahead of whoever needs them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from helios.photos.data.cache import Decoded
from helios.photos.data.photograph import Photograph


def ahead(photographs: Iterable[Photograph], count: int = 4) -> Iterator[tuple[Photograph, *Decoded]]:
    """Yield each of `photographs` with its picture and mask, while a thread decodes the next `count`.

    Decoding takes its time outside of Python's lock. Raises what `Photograph.image` does, in the order of the
    photographs; closing the iterator ends the thread.
    """

    def decode(photograph: Photograph) -> tuple[Photograph, *Decoded]:
        return photograph, photograph.image(), photograph.mask()

    waiting: deque[Future] = deque()
    source = iter(photographs)
    with ThreadPoolExecutor(1, thread_name_prefix="helios-photographs") as pool:
        try:
            waiting.extend(pool.submit(decode, photograph) for photograph in islice(source, count))
            while waiting:
                done = waiting.popleft().result()
                waiting.extend(pool.submit(decode, photograph) for photograph in islice(source, 1))
                yield done
        finally:
            for future in waiting:
                future.cancel()
