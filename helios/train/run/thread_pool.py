"""Work in threads under a generator that is never blocked for long: it yields what has ended, often nothing."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

Item, Prepared, Result = TypeVar("Item"), TypeVar("Prepared"), TypeVar("Result")

PAUSE_S = 0.25
"""Longest time between two things a generator of this module yields."""


@dataclass(frozen=True)
class Halved:
    """A piece of a batch did not fit in memory; from here on pieces have at most `size` items."""

    size: int


@contextlib.contextmanager
def _thread_pool(threads: int, give_up: threading.Event) -> Iterator[ThreadPoolExecutor]:
    """A pool whose work is over with the block: what is still running is told so by `give_up`, and waited for.

    Not waited for after KeyboardInterrupt: who presses Ctrl-C twice wants to be gone.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="helios-crew")
    patient = True
    try:
        yield pool
    except KeyboardInterrupt:
        patient = False
        raise
    finally:
        give_up.set()
        pool.shutdown(wait=patient, cancel_futures=True)


def all_at_once(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    stop: Callable[[], bool],
    give_up: threading.Event,
) -> Iterator[list[tuple[Item, Result]]]:
    """Do `work` on every item on `threads` threads, begun in order; yield (item, result) of those that have ended.

    When `stop` says so, no more are begun, and those in work are finished. What `work` raises is raised here, after
    what had ended before; `give_up` is set when the generator ends in any way, for work still running to look at.
    """
    waiting, running = deque(items), {}
    with _thread_pool(threads, give_up) as pool:
        while True:
            if stop():
                waiting.clear()
                for future in running:
                    future.cancel()
            # Twice as many as threads, so that none is idle while what has ended is put on disk.
            while waiting and len(running) < 2 * threads:
                item = waiting.popleft()
                running[pool.submit(work, item)] = item
            if not running:
                return
            wait(running, PAUSE_S, FIRST_COMPLETED)
            ended = [(future, running.pop(future)) for future in list(running) if future.done()]
            ended = [(future, item) for future, item in ended if not future.cancelled()]
            errors = [error for future, _ in ended if (error := future.exception())]
            yield [(item, future.result()) for future, item in ended if not future.exception()]
            if errors:
                raise errors[0]


def one_by_one(
    prepare: Callable[[Sequence[Item]], Sequence[Prepared]],
    work: Callable[[Sequence[Item], Sequence[Prepared]], Result | None],
    batches: Iterable[Sequence[Item]],
    stop: Callable[[], bool],
    give_up: threading.Event,
) -> Iterator[list[tuple[Sequence[Item], Result]] | Halved]:
    """Do `work` on one batch after the other in a thread, while another prepares the next; yield (items, result).

    No more than one batch is prepared ahead. Where `work` returns None, the batch did not fit in memory: it is done
    in two halves, and no later piece is larger than those. Raises MemoryError where a single item does not fit.
    `stop`, `give_up` and exceptions are as in `all_at_once`.
    """
    waiting = deque(batches)
    size = max(map(len, waiting), default=1)
    with _thread_pool(1, give_up) as preparing, _thread_pool(1, give_up) as working:
        ahead = preparing.submit(prepare, waiting[0]) if waiting else None
        while ahead and not stop():
            yield from _idle_until(ahead, stop)
            if stop():
                return
            batch, prepared = waiting.popleft(), ahead.result()
            ahead = preparing.submit(prepare, waiting[0]) if waiting else None
            begin = 0
            while begin < len(batch) and not stop():
                piece = slice(begin, begin + size)
                future = working.submit(work, batch[piece], prepared[piece])
                yield from _idle_until(future)
                result = future.result()
                if result is not None:
                    yield [(batch[piece], result)]
                    begin += size
                elif len(batch[piece]) == 1:
                    raise MemoryError
                else:
                    size = (len(batch[piece]) + 1) // 2
                    yield Halved(size)


def _idle_until(future: Future, stop: Callable[[], bool] = lambda: False) -> Iterator[list]:
    while not future.done() and not stop():
        if not wait([future], PAUSE_S).done:
            yield []
