"""What is trained is never lost: the journal of a run, and its way into the universe.

A universe of 300 synthetic stars and made-up splats, so that every value that goes in can be told from every other
when it comes out.
"""

import dataclasses
import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.errors import InputError, StoreError
from helios.splats import CellResult, Splats
from helios.universe import Universe, paths
from helios.universe import journal as journal_module
from helios.universe.arrays import open_root
from helios.universe.index import read_landmarks
from helios.universe.journal import TrainingJournal
from helios.universe.training import write_splats
from tests.reading import read_everything
from tests.unit.universe.rewriting import set_landmarks

FIRST, SECOND = "a" * 32, "b" * 32


def build(path, seed=0):
    build_universe(BuildConfig(synthetic=300, seed=seed), path, [])


@pytest.fixture
def universe(tmp_path):
    build(tmp_path / "universe")
    return Universe.open(tmp_path / "universe")


def made_up(index: int, seed: int = 0) -> CellResult:
    rng = np.random.default_rng([index, seed])
    count = index % 4 + 1
    quats = rng.standard_normal((count, 4))
    splats = Splats(
        *(rng.random(shape).astype(np.float32) for shape in [(count, 3)]),
        (quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        *(rng.random(shape).astype(np.float32) for shape in [(count, 3), count, (count, 3)]),
    )
    return CellResult(index, splats, {"first_loss": rng.random(), "last_loss": rng.random()}, "trained")


def holds(universe: Universe, cell: CellResult) -> bool:
    stored = universe.splats(cell.index)
    equal = all(np.array_equal(getattr(stored, n), getattr(cell.splats, n)) for n in ("means", "quats", "opacities"))
    return equal and universe.metrics()["last_loss"][cell.index] == cell.metrics["last_loss"]


def test_what_is_appended_survives_and_is_committed(universe, tmp_path):
    output = tmp_path / "trained"
    journal = TrainingJournal.open(universe, output, FIRST)
    assert journal.done == set()
    journal.append([made_up(0), made_up(2)])
    journal.append([made_up(1)])
    again = TrainingJournal.open(universe, output, FIRST)
    assert again.done == {0, 1, 2}
    assert again.commit() == 3
    trained = Universe.open(output)
    assert all(holds(trained, made_up(i)) for i in range(3))
    assert trained.splats(3) is None
    assert trained.trained.tolist() == [i < 3 for i in range(len(trained))]
    assert np.isnan(trained.metrics()["first_loss"][3])
    totals = json.loads((output / "index.json").read_text())["totals"]
    assert (totals["trained_cells"], totals["splats"]) == (3, trained.training.offsets[-1])
    assert not paths.journal_path(output).exists()
    assert TrainingJournal.open(universe, output, FIRST).done == {0, 1, 2}


def test_emitters_are_carried_over_unchanged(universe, tmp_path):
    journal = TrainingJournal.open(universe, tmp_path / "trained", FIRST)
    journal.append([made_up(0)])
    journal.commit()
    ours, theirs = (
        Universe.open(tmp_path / "trained").columns(["source_id", "x_m"]),
        universe.columns(["source_id", "x_m"]),
    )
    np.testing.assert_array_equal(ours["source_id"], theirs["source_id"])
    np.testing.assert_array_equal(ours["x_m"], theirs["x_m"])


def test_other_settings_train_again_and_leave_the_rest(universe, tmp_path):
    output = tmp_path / "trained"
    journal = TrainingJournal.open(universe, output, FIRST)
    journal.append([made_up(0), made_up(1)])
    journal.commit()
    journal = TrainingJournal.open(universe, output, SECOND)
    assert journal.done == set()
    journal.append([made_up(1, seed=9)])
    assert journal.commit() == 2
    trained = Universe.open(output)
    assert holds(trained, made_up(0))
    assert holds(trained, made_up(1, seed=9))


def test_training_in_place(universe):
    journal = TrainingJournal.open(universe, universe.path, FIRST)
    journal.append([made_up(0)])
    journal.commit()
    assert holds(Universe.open(universe.path), made_up(0))


def test_same_batches_same_bytes(universe, tmp_path):
    contents = []
    for name, batches in (("one", [[0, 1, 2]]), ("two", [[2], [0, 1]])):
        journal = TrainingJournal.open(universe, tmp_path / name, FIRST)
        for batch in batches:
            journal.append([made_up(i) for i in batch])
        journal.commit()
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        contents.append([(p.relative_to(tmp_path / name), p.read_bytes()) for p in files])
    assert contents[0] == contents[1]


def test_a_universe_of_other_stars_is_replaced(universe, tmp_path):
    output = tmp_path / "trained"
    journal = TrainingJournal.open(universe, output, FIRST)
    journal.append([made_up(0)])
    journal.commit()
    build(universe.path, seed=1)
    other = Universe.open(universe.path)
    assert TrainingJournal.open(other, output, FIRST).done == set()
    assert Universe.open(output).fingerprint == other.fingerprint


def test_landmarks_follow_those_of_the_source(universe, tmp_path):
    output = tmp_path / "trained"
    TrainingJournal.open(universe, output, FIRST)
    set_landmarks(universe.path, "[ ]")
    TrainingJournal.open(universe, output, FIRST)
    assert paths.landmarks_path(output).read_text() == "[ ]"
    assert read_landmarks(output) == b"[ ]"
    paths.landmarks_path(universe.path).write_text("[]")
    with pytest.raises(StoreError, match=r"landmarks.json: missing, damaged or altered: it is not the file that was"):
        TrainingJournal.open(universe, output, FIRST)
    assert read_landmarks(output) == b"[ ]"


def test_a_foreign_directory_is_left_alone(universe, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="not a universe"):
        TrainingJournal.open(universe, tmp_path / "mine", FIRST)
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_what_is_damaged_in_a_journal_is_not_done(universe, tmp_path):
    output = tmp_path / "trained"
    journal = TrainingJournal.open(universe, output, FIRST)
    journal.append([made_up(0)])
    (part,) = paths.journal_path(output).rglob("*.npz")
    journal.append([made_up(1)])
    sound = part.read_bytes()
    flipped = [sound[:i] + bytes([sound[i] ^ 8]) + sound[i + 1 :] for i in range(0, len(sound), 97)]
    for damaged in [sound[:-100], b"", bytes(len(sound)), *flipped]:
        part.write_bytes(damaged)
        again = TrainingJournal.open(universe, output, FIRST)
        assert again.done == {1} or (again.done == {0, 1} and same_result(again._fresh[0], made_up(0)))
    part.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        journal.take(part)
    part.write_bytes(sound[:-100])
    with pytest.raises(StoreError, match=r"\.npz: damaged .*trained again by the same command"):
        journal.take(part)


def same_result(one: CellResult, other: CellResult) -> bool:
    equal = all(np.array_equal(a, b) for a, b in zip(vars(one.splats).values(), vars(other.splats).values()))
    return equal and (one.metrics, one.outcome) == (other.metrics, other.outcome)


def test_damage_of_what_is_trained_is_told(universe, tmp_path):
    output = tmp_path / "trained"
    journal = TrainingJournal.open(universe, output, FIRST)
    journal.append([made_up(0)])
    journal.commit()
    for name in ("means/c/0/0", "offsets/c/0", "zarr.json"):
        file = paths.store_path(output) / "splats" / name
        sound = file.read_bytes()
        flipped = bytearray(sound)
        flipped[len(flipped) // 2] ^= 1
        for damaged in (bytes(flipped), sound[:-1], b"", bytes(len(sound)), b"\xff" + sound[1:]):
            file.write_bytes(damaged)
            with pytest.raises(StoreError, match=r"damaged|missing or empty"):
                Universe.open(output).splats(0)
        file.write_bytes(sound)
    assert Universe.open(output).splats(0) is not None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("column", ["means", "scales", "opacities"])
def test_splats_that_are_not_finite_are_refused(universe, tmp_path, column, bad):
    journal = TrainingJournal.open(universe, tmp_path / "trained", FIRST)
    journal.append([made_up(0)])
    cell = made_up(1)
    getattr(cell.splats, column).flat[0] = bad
    with pytest.raises(StoreError, match=f"cell of index 1: {column} of its splats are not all finite"):
        journal.append([cell])
    with pytest.raises(StoreError, match="not all finite"):
        write_splats(open_root(paths.store_path(universe.path), mode="r+"), 2, {1: (cell, np.uint64(1))})
    assert TrainingJournal.open(universe, tmp_path / "trained", FIRST).done == {0}


def test_every_outcome_comes_back(universe, tmp_path):
    output = tmp_path / "trained"
    journal = TrainingJournal.open(universe, output, FIRST)
    outcomes = ("trained", "start", "exact", "diverged")
    journal.append([dataclasses.replace(made_up(i), outcome=outcome) for i, outcome in enumerate(outcomes)])
    TrainingJournal.open(universe, output, FIRST).commit()
    training = Universe.open(output).training
    assert tuple(training.result(i).outcome for i in range(4)) == outcomes


def test_the_journal_of_other_settings_outlasts_a_commit(universe, tmp_path):
    output = tmp_path / "trained"
    TrainingJournal.open(universe, output, FIRST).append([made_up(0)])
    second = TrainingJournal.open(universe, output, SECOND)
    second.append([made_up(1)])
    second.commit()
    assert TrainingJournal.open(universe, output, FIRST).done == {0}
    assert TrainingJournal.open(universe, output, FIRST).commit() == 2
    assert not paths.journal_path(output).exists()


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_in_the_middle_of_a_batch(universe, tmp_path, monkeypatch):
    output = tmp_path / "trained"
    journal = TrainingJournal.open(universe, output, FIRST)
    journal.append([made_up(0)])
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"No space left on device; .* the same command goes on"):
        journal.append([made_up(1)])
    monkeypatch.undo()
    assert [path.suffix for path in journal.folder.iterdir()] == [".npz"]
    assert TrainingJournal.open(universe, output, FIRST).done == {0}


@pytest.mark.parametrize("step", ["copyfile", "write_bytes", "mkdir"])
def test_a_full_disk_in_the_middle_of_a_commit(universe, tmp_path, monkeypatch, step):
    output = tmp_path / "trained"
    journal = TrainingJournal.open(universe, output, FIRST)
    journal.append([made_up(0)])
    before = sorted(path.relative_to(output) for path in output.rglob("*"))
    owner = {"copyfile": shutil, "write_bytes": Path, "mkdir": Path}[step]
    monkeypatch.setattr(owner, step, full)
    with pytest.raises(StoreError, match=r"No space left on device; every cell is trained and kept"):
        journal.commit()
    monkeypatch.undo()
    assert sorted(path.relative_to(output) for path in output.rglob("*")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trained", "universe"]
    assert TrainingJournal.open(universe, output, FIRST).commit() == 1


def test_a_full_disk_before_the_first_batch(universe, tmp_path, monkeypatch):
    journal = TrainingJournal.open(universe, tmp_path / "trained", FIRST)
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(StoreError, match=r"No space left on device; nothing was changed there"):
        journal.begin()


def test_a_file_system_without_links(universe, tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "_link", lambda *_: False)
    journal = TrainingJournal.open(universe, tmp_path / "trained", FIRST)
    journal.append([made_up(0)])
    journal.commit()
    read_everything(Universe.open(tmp_path / "trained"))
