"""Work in threads under a generator: the order, how far it runs ahead, and how it ends.

The work only waits for events and notes who did what, so that each test drives the threads step by step and would hang,
not pass, where something that must run at the same time does not.
"""

import threading

import pytest

from helios.schedulers import scheduler as scheduler_module
from helios.schedulers.scheduler import handing_errors, never
from helios.schedulers.threads import ThreadScheduler

LONG_S = 20.0


@pytest.fixture
def cancelled():
    return threading.Event()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(scheduler_module, "PAUSE_S", 0.01)


def iterate(cancelled, work, pieces, threads=1, stop=never, prepare=None):
    return ThreadScheduler(threads, cancelled, prepare).iter_completed(work, pieces, stop)


def flat(yielded):
    return [pair for part in yielded for pair in part]


def test_every_piece_is_done_once(cancelled):
    done = flat(iterate(cancelled, lambda piece: piece**2, range(50), 3))
    assert sorted(done) == [(number, number**2) for number in range(50)]


def test_no_thread_waits_for_a_slow_piece(cancelled):
    """Piece 0 ends only after all others have: with a thread that waited for it they never would."""
    others = threading.Semaphore(0)

    def work(piece):
        if piece == 0:
            assert all(others.acquire(timeout=LONG_S) for _ in range(9))
        else:
            others.release()

    assert len(flat(iterate(cancelled, work, range(10), 2))) == 10


def test_it_yields_while_nothing_ends(cancelled):
    ready = threading.Event()
    lists = iterate(cancelled, lambda _: ready.wait(LONG_S), [1])
    assert [next(lists) for _ in range(3)] == [[], [], []]
    ready.set()
    assert flat(lists) == [(0, True)]


def test_asked_to_stop_it_finishes_what_has_begun_and_begins_no_more(cancelled):
    begun, go_on, asked = [], threading.Event(), threading.Event()

    def work(piece):
        begun.append(piece)
        assert go_on.wait(LONG_S)

    lists = iterate(cancelled, work, range(20), 2, asked.is_set)
    while len(begun) < 2:
        next(lists)
    asked.set()
    next(lists)
    go_on.set()
    assert sorted(number for number, _ in flat(lists)) == sorted(begun) == [0, 1]


def test_what_work_raises_comes_after_what_had_ended(cancelled):
    def work(piece):
        if piece == 1:
            raise ValueError("no")
        return piece

    lists, done = iterate(cancelled, work, range(4)), []
    with pytest.raises(ValueError, match="no"):
        done.extend(pair for part in lists for pair in part)
    assert done[0] == (0, 0)
    assert cancelled.is_set()


def test_closing_it_ends_the_work(cancelled):
    ended = []

    def work(piece):
        assert cancelled.wait(LONG_S)
        ended.append(piece)

    lists = iterate(cancelled, work, range(9), 2)
    next(lists)
    lists.close()
    assert sorted(ended) == [0, 1]


@pytest.mark.parametrize("where", ["in the generator", "in the block around it"])
def test_a_second_interrupt_does_not_wait_for_the_work(cancelled, where):
    """The work waits to be released, which comes after: had it been waited for, it would have ended unreleased."""
    release, released = threading.Event(), []
    ended = threading.Event()

    def work(_):
        released.append(release.wait(LONG_S))
        ended.set()

    lists = iterate(cancelled, work, [1])
    next(lists)
    if where == "in the generator":
        with pytest.raises(KeyboardInterrupt):
            lists.throw(KeyboardInterrupt)
    else:
        with pytest.raises(KeyboardInterrupt), handing_errors(lists):
            raise KeyboardInterrupt
    release.set()
    assert ended.wait(LONG_S)
    assert released == [True]
    assert cancelled.is_set()


def test_an_error_of_the_block_waits_for_the_work(cancelled):
    ended = []

    def work(piece):
        assert cancelled.wait(LONG_S)
        ended.append(piece)

    lists = iterate(cancelled, work, [1])
    next(lists)
    with pytest.raises(BrokenPipeError), handing_errors(lists):
        raise BrokenPipeError
    assert ended == [1]


def test_pieces_keep_their_order_and_one_is_prepared_ahead(cancelled):
    """Piece i is worked on until piece i + 1 is prepared, and finds that piece i + 2 is not begun."""
    prepared = [threading.Event() for _ in range(6)]

    def prepare(piece):
        prepared[piece].set()
        return 10 * piece

    def work(piece, ready):
        assert ready == 10 * piece
        if piece < 4:
            assert prepared[piece + 1].wait(LONG_S)
            assert not prepared[piece + 2].wait(0.02)
        return ready + 1

    done = flat(iterate(cancelled, work, range(6), prepare=prepare))
    assert done == [(i, 10 * i + 1) for i in range(6)]


def test_preparing_and_work_are_in_threads_of_their_own(cancelled):
    seen = set()

    def note(*_):
        seen.add(threading.get_ident())

    flat(iterate(cancelled, note, range(3), prepare=note))
    assert len(seen) == 2
    assert threading.get_ident() not in seen


@pytest.mark.parametrize("failing", ["prepare", "work"])
def test_what_a_piece_raises_comes_after_the_pieces_before(cancelled, failing):
    def act(name):
        def call(piece, *_):
            if name == failing and piece == 2:
                raise ValueError(name)
            return piece

        return call

    lists, done = iterate(cancelled, act("work"), [1, 2, 3], prepare=act("prepare")), []
    with pytest.raises(ValueError, match=failing):
        done.extend(pair for part in lists for pair in part)
    assert done[0] == (0, 1)
    assert 1 not in dict(done)


def test_asked_to_stop_the_piece_in_work_is_finished_and_no_other(cancelled):
    """The piece ahead is still being prepared, which must not be waited for: it ends when told to give up."""
    asked, working = threading.Event(), threading.Event()

    def prepare(piece):
        if piece == 1:
            assert cancelled.wait(LONG_S)
        return piece

    def work(piece, _):
        working.set()
        assert asked.wait(LONG_S)
        return piece

    lists, done = iterate(cancelled, work, range(3), stop=asked.is_set, prepare=prepare), []
    for part in lists:
        done += part
        if working.is_set():
            asked.set()
    assert done == [(0, 0)]


def test_nothing_to_do(cancelled):
    assert list(iterate(cancelled, list, [], prepare=list)) == []
    assert list(iterate(cancelled, list, [], 2)) == []
