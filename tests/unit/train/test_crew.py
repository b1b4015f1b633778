"""Work in threads under a generator: the order, how far it runs ahead, and how it ends.

The work only waits for events and notes who did what, so that each test drives the threads step by step and would hang,
not pass, where something that must run at the same time does not.
"""

import threading
import time

import pytest

from helios.train.run import thread_pool as crew
from helios.train.run.thread_pool import Halved, all_at_once, one_by_one

LONG_S = 20.0


def never() -> bool:
    return False


@pytest.fixture
def give_up():
    return threading.Event()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(crew, "PAUSE_S", 0.01)


def flat(yielded):
    return [pair for part in yielded for pair in part]


def test_every_item_is_done_once(give_up):
    done = flat(all_at_once(lambda item: item**2, range(50), 3, never, give_up))
    assert sorted(done) == [(item, item**2) for item in range(50)]


def test_no_thread_waits_for_a_slow_item(give_up):
    """Item 0 ends only after all others have: with a thread that waited for it they never would."""
    others = threading.Semaphore(0)

    def work(item):
        if item == 0:
            assert all(others.acquire(timeout=LONG_S) for _ in range(9))
        else:
            others.release()

    assert len(flat(all_at_once(work, range(10), 2, never, give_up))) == 10


def test_it_yields_while_nothing_ends(give_up):
    ready = threading.Event()
    events = all_at_once(lambda _: ready.wait(LONG_S), [1], 1, never, give_up)
    assert [next(events) for _ in range(3)] == [[], [], []]
    ready.set()
    assert flat(events) == [(1, True)]


def test_asked_to_stop_it_finishes_what_has_begun_and_begins_no_more(give_up):
    begun, go_on, asked = [], threading.Event(), threading.Event()

    def work(item):
        begun.append(item)
        assert go_on.wait(LONG_S)

    events = all_at_once(work, range(20), 2, asked.is_set, give_up)
    while len(begun) < 2:
        next(events)
    asked.set()
    next(events)
    go_on.set()
    assert sorted(item for item, _ in flat(events)) == begun == [0, 1]


def test_what_work_raises_comes_after_what_had_ended(give_up):
    def work(item):
        if item == 1:
            raise ValueError("no")
        return item

    events, done = all_at_once(work, range(4), 1, never, give_up), []
    with pytest.raises(ValueError, match="no"):
        done.extend(pair for part in events for pair in part)
    assert done[0] == (0, 0)
    assert give_up.is_set()


def test_closing_it_ends_the_work(give_up):
    ended = []

    def work(item):
        assert give_up.wait(LONG_S)
        ended.append(item)

    events = all_at_once(work, range(9), 2, never, give_up)
    next(events)
    events.close()
    assert sorted(ended) == [0, 1]


def test_a_second_interrupt_does_not_wait_for_the_work(give_up):
    release = threading.Event()
    events = all_at_once(lambda _: release.wait(LONG_S), [1], 1, never, give_up)
    next(events)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        events.throw(KeyboardInterrupt)
    waited = time.monotonic() - began
    release.set()
    assert waited < LONG_S / 2


def test_batches_keep_their_order_and_one_is_prepared_ahead(give_up):
    """The training of batch i goes on until batch i + 1 is prepared, and finds that batch i + 2 is not begun."""
    prepared = [threading.Event() for _ in range(6)]

    def prepare(batch):
        (item,) = batch
        prepared[item].set()
        return [10 * item]

    def work(batch, ready):
        (item,) = batch
        assert ready == [10 * item]
        if item < 4:
            assert prepared[item + 1].wait(LONG_S)
            time.sleep(0.02)
            assert not prepared[item + 2].is_set()
        return ready[0] + 1

    done = flat(one_by_one(prepare, work, [[i] for i in range(6)], never, give_up))
    assert done == [([i], 10 * i + 1) for i in range(6)]


def test_preparing_and_work_are_in_threads_of_their_own(give_up):
    seen = set()

    def note(*_):
        seen.add(threading.get_ident())
        return [0]

    flat(one_by_one(note, note, [[0], [1], [2]], never, give_up))
    assert len(seen) == 2
    assert threading.get_ident() not in seen


def test_a_batch_too_large_is_halved_and_so_are_the_later_ones(give_up):
    """Room for 3: a batch of 10 is tried whole, as 5, then as 3, 3, 3 and 1; the one after it in parts of 3."""
    tried = []

    def work(batch, ready):
        tried.append(len(batch))
        assert ready == [-item for item in batch]
        return sum(batch) if len(batch) <= 3 else None

    batches = [list(range(10)), list(range(10, 15))]
    yielded = list(one_by_one(lambda batch: [-item for item in batch], work, batches, never, give_up))
    assert [event for event in yielded if isinstance(event, Halved)] == [Halved(5), Halved(3)]
    assert tried == [10, 5, 3, 3, 3, 1, 3, 2]
    done = flat(event for event in yielded if not isinstance(event, Halved))
    assert [item for piece, _ in done for item in piece] == list(range(15))
    assert all(result == sum(piece) for piece, result in done)


def test_an_item_that_does_not_fit_alone(give_up):
    with pytest.raises(MemoryError):
        list(one_by_one(list, lambda *_: None, [[1, 2]], never, give_up))


@pytest.mark.parametrize("failing", ["prepare", "work"])
def test_what_a_batch_raises_comes_after_the_batches_before(give_up, failing):
    def act(name):
        def call(batch, *_):
            if name == failing and batch == [2]:
                raise ValueError(name)
            return batch

        return call

    events, done = one_by_one(act("prepare"), act("work"), [[1], [2], [3]], never, give_up), []
    with pytest.raises(ValueError, match=failing):
        done.extend(pair for part in events for pair in part)
    assert done == [([1], [1])]


def test_asked_to_stop_the_batch_in_work_is_finished_and_no_other(give_up):
    """The batch ahead is still being prepared, which must not be waited for: it ends when told to give up."""
    asked, working = threading.Event(), threading.Event()

    def prepare(batch):
        if batch == [1]:
            assert give_up.wait(LONG_S)
        return batch

    def work(batch, _):
        working.set()
        assert asked.wait(LONG_S)
        return batch

    events, done = one_by_one(prepare, work, [[0], [1], [2]], asked.is_set, give_up), []
    for part in events:
        done += part
        if working.is_set():
            asked.set()
    assert done == [([0], [0])]


def test_nothing_to_do(give_up):
    assert list(one_by_one(list, list, [], never, give_up)) == []
    assert list(all_at_once(list, [], 2, never, give_up)) == []
