"""Which stars stand in an earlier run too, against a plain search, in many runs and in pieces of a few identifiers."""

import numpy as np
import pytest

from helios.building import duplicates
from helios.building.duplicates import drop_duplicates, duplicates_tasks, find_duplicates
from helios.building.runs import Run, write_run


@pytest.fixture
def run_of(tmp_path):
    """Writes a run with the given identifiers, in an order of its own."""
    count = 0

    def run_of(ids, add_to_id: int = 0) -> Run:
        nonlocal count
        count += 1
        ids = np.array(ids, np.int64)
        buckets = np.random.default_rng(count).integers(0, 9, len(ids), np.uint64)
        run = write_run(count, tmp_path / f"{count:06d}.run", {"source_id": ids}, buckets)
        return Run(run.part, run.path, run.rows, run.least_id + add_to_id, run.greatest_id + add_to_id, add_to_id)

    return run_of


def left(runs):
    """The identifiers that each run uses, sorted."""
    return [np.sort(run.columns("source_id")["source_id"][run.used()]).tolist() for run in runs]


def search(runs, folder):
    pieces = duplicates_tasks(runs, folder)
    for piece in pieces:
        drop_duplicates(piece, find_duplicates(piece))
    return len(pieces)


def test_files_with_ranges_of_their_own_are_not_looked_at(run_of, tmp_path):
    runs = [run_of(range(100, 200)), run_of(range(0, 100)), run_of(range(200, 300))]
    assert duplicates_tasks(runs, tmp_path) == []


def test_the_first_of_each_is_used(run_of, tmp_path):
    runs = [run_of([5, 1, 9]), run_of([9, 2]), run_of([100, 101]), run_of([1, 5, 3])]
    assert search(runs, tmp_path) == 1
    assert left(runs) == [[1, 5, 9], [2], [100, 101], [3]]
    assert [run.used_rows() for run in runs] == [3, 1, 2, 1]


def test_what_is_dropped_may_be_dropped_again(run_of, tmp_path):
    runs = [run_of([1, 2, 3]), run_of([2, 3, 4])]
    search(runs, tmp_path)
    search(runs, tmp_path)
    assert left(runs) == [[1, 2, 3], [4]]


def test_identifiers_that_are_numbered_on_are_compared_as_such(run_of, tmp_path):
    runs = [run_of([1, 2, 3]), run_of([1, 2, 3], add_to_id=3), run_of([3, 4, 7])]
    search(runs, tmp_path)
    assert left(runs) == [[1, 2, 3], [4, 5, 6], [7]]


@pytest.mark.parametrize("seed", range(8))
def test_many_runs_in_small_pieces(run_of, tmp_path, monkeypatch, seed):
    monkeypatch.setattr(duplicates, "SHARE_ROWS", 64)
    rng = np.random.default_rng(seed)
    begins = rng.integers(-500, 500, 12)
    runs = [run_of(begin + rng.permutation(200)[: rng.integers(1, 150)]) for begin in begins]
    seen, expected = set(), []
    for run in runs:
        ids = set(run.columns("source_id")["source_id"].tolist())
        expected.append(sorted(ids - seen))
        seen |= ids
    assert search(runs, tmp_path) > 3
    assert left(runs) == expected
