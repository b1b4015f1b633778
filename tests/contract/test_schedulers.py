"""What every scheduler promises: all results, errors as they are, and a piece whose worker died done again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helios.errors import InputError, WorkerError
from helios.schedulers import open_scheduler
from helios.schedulers.local import LocalScheduler, usable_cores
from helios.schedulers.slurm import SlurmScheduler
from tests.contract import work
from tests.contract.clusters import wait_until

ROOT = Path(__file__).parents[2]
NAMES = {"dask": "dask_address", "slurm": "slurm_name"}
"""The fixtures that start a cluster and give what to call it."""


@pytest.fixture(scope="module", params=["local", "dask", "slurm"])
def scheduler(request):
    """Two workers of each kind."""
    name = "local" if request.param == "local" else request.getfixturevalue(NAMES[request.param])
    with open_scheduler(name, 2) as opened:
        while len({pid for _, pid in opened.run(work.where, [0.2, 0.2])}) < 2:
            pass  # Slurm has begun one job only
        yield opened


def test_results_come_with_their_numbers(scheduler):
    assert scheduler.workers == 2
    assert dict(scheduler.run(work.square, range(7))) == {n: n * n for n in range(7)}
    assert list(scheduler.run(work.square, [])) == []
    assert list(scheduler.run(work.square, [5])) == [(0, 25)]


def test_short_pieces_pass_long_ones_and_run_side_by_side(scheduler):
    ended = list(scheduler.run(work.where, [1.5, 0.0, 0.0, 0.0]))
    assert ended[-1][0] == 0
    pids = dict(ended)
    assert pids[0] not in {pids[1], pids[2], pids[3], os.getpid()}


def test_an_error_is_raised_as_itself_and_no_more_pieces_begin(scheduler, tmp_path):
    pieces = [(tmp_path, number) for number in range(40)]
    with pytest.raises(InputError, match=r"^row [258]: not a star$"):  # whichever of the first ends first
        for _ in scheduler.run(work.note, pieces):
            pass
    assert len(list(tmp_path.iterdir())) < 10
    assert dict(scheduler.run(work.square, [2, 3])) == {0: 4, 1: 9}, "it goes on after an error"


def test_a_piece_whose_worker_dies_is_done_again(scheduler, tmp_path):
    pieces = [(tmp_path, number) for number in range(6)]
    assert dict(scheduler.run(work.die_once, pieces)) == {n: 10 * n for n in range(6)}
    assert (tmp_path / "begun_1").read_text().count("begun") == 2


def test_a_piece_that_kills_every_worker_is_named(scheduler, tmp_path):
    with pytest.raises(WorkerError, match=r"piece 1 \("):
        list(scheduler.run(work.die, [(tmp_path, number) for number in range(4)]))
    begun = (tmp_path / "begun_1").read_text().count("begun")
    if isinstance(scheduler, SlurmScheduler):  # whose job may be replaced before its worker has run what it was given
        assert 1 <= begun <= 3
    else:
        assert begun == 3


def test_when_stopped_the_pieces_in_work_are_finished(scheduler, tmp_path):
    got = []

    def stop() -> bool:
        return bool(got)

    for ended in scheduler.iter_completed(work.die_once, [(tmp_path, n) for n in range(2, 60)], stop):
        got.extend(ended)
    assert 1 <= len(got) < 10
    assert len(list(tmp_path.iterdir())) == len(got)


def test_closing_gives_up_what_is_in_work(scheduler, tmp_path):
    long = 60.0 if isinstance(scheduler, LocalScheduler) else 1.0  # a cluster's thread cannot be ended
    lists = scheduler.iter_completed(work.mark_and_sleep, [(tmp_path, n, long) for n in range(40)])
    while len(list(tmp_path.glob("pid_*"))) < 2:
        next(lists)
    lists.close()
    assert dict(scheduler.run(work.square, [2, 3])) == {0: 4, 1: 9}
    assert len(list(tmp_path.glob("pid_*"))) == 2


def alive(pid: int) -> bool:
    """Whether a process runs; not, when it is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def sleeping(folder: Path) -> subprocess.Popen:
    """A program whose two workers leave their ids in `folder` and sleep; it says when it has begun to start them."""
    code = (
        "import sys; from pathlib import Path; from helios.schedulers import open_scheduler\n"
        "from tests.contract import work\n"
        "if __name__ == '__main__':\n"
        "    pieces = [(Path(sys.argv[1]), n, 60.0) for n in range(2)]\n"
        "    with open_scheduler('local', 2) as scheduler:\n"
        "        try:\n"
        "            print('begun', flush=True)\n"
        "            list(scheduler.run(work.mark_and_sleep, pieces))\n"
        "        except KeyboardInterrupt:\n"
        "            print('interrupted')\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )


def test_local_workers_end_with_a_parent_that_is_killed(tmp_path):
    parent = sleeping(tmp_path)
    try:
        wait_until(lambda: len(list(tmp_path.glob("pid_*"))) == 2, 60)
        pids = [int(path.read_text()) for path in tmp_path.glob("pid_*")]
        assert all(map(alive, pids))
    finally:
        parent.kill()
        parent.communicate()
    wait_until(lambda: not any(map(alive, pids)), 10)


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.2, 0.4])
def test_ctrl_c_ends_local_workers_without_a_word_whenever_it_comes(tmp_path, delay):
    """While they are started, and when they work: only the program itself hears of it."""
    parent = sleeping(tmp_path)
    assert parent.stdout.readline() == "begun\n"
    time.sleep(delay)
    os.killpg(parent.pid, signal.SIGINT)
    assert parent.communicate(timeout=30)[0] == "interrupted\n"
    assert parent.returncode == 0


def test_one_worker_or_one_piece_needs_no_process():
    for workers, pieces in ((1, [0.0, 0.0]), (2, [0.0])):
        with open_scheduler("local", workers) as scheduler:
            assert {pid for _, pid in scheduler.run(work.where, pieces)} == {os.getpid()}


def test_local_workers_have_their_own_gpu_and_share_the_cores():
    with open_scheduler("local", 2, devices=("3", "GPU-5")) as scheduler:
        seen = dict(scheduler.run(work.environment, ["CUDA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"]))
        threads = dict(scheduler.run(work.environment, ["NUMBA_NUM_THREADS", "OMP_NUM_THREADS"]))
    assert sorted(seen.values()) == ["3", "GPU-5"]
    assert set(threads.values()) == {str(max(1, usable_cores() // 2))}


def test_an_error_that_cannot_be_pickled_still_says_what_it_was():
    with open_scheduler("local", 2) as scheduler, pytest.raises(RuntimeError, match="OddError: odd 4 4"):
        list(scheduler.run(work.raise_odd, [4, 4]))


@pytest.mark.parametrize("name", ["", "dask", "tcp", "tcp://", "local://x", "slurm://x", "tcp:/1.2.3.4:1", "://"])
def test_names_that_are_none(name):
    with pytest.raises(InputError, match=f"^--scheduler {name}: must be local, tcp://HOST:PORT"):
        open_scheduler(name)


def test_no_workers():
    with pytest.raises(InputError, match="--workers 0: must be at least 1"):
        open_scheduler("local", 0)
