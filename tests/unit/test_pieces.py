"""Work that is ended at any moment, by an error or a kill, goes on with the pieces that are done and gives the same."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helios.building.runs import save
from helios.errors import InputError, StoreError
from helios.files import lock_path
from helios.pieces import from_json, resumable, seal
from helios.progress import Advance, Stage
from tests.unit.test_files import kill_before_each_step


@dataclass(frozen=True)
class Square:
    of: int
    value: int


def squares(done, fail_at=None):
    """A `run` for Pieces.complete, which notes the numbers that it is asked for in `done`."""

    def run(left):
        for number in left:
            if number == fail_at:
                raise KeyboardInterrupt
            done.append(number)
            yield number, Square(number, number**2)

    return run


def work(folder, label, run, on_event=lambda event: None, **options):
    with resumable(folder, label, "busy", **options) as pieces:
        return pieces.complete("two words", 5, run, Square, on_event, rows=lambda square: 10 * square.of)


WHOLE = [Square(number, number**2) for number in range(5)]


def test_all_pieces_are_done_and_nothing_is_left(tmp_path):
    events = []
    assert work(tmp_path / "in/work", {"a": 1}, squares([]), events.append) == WHOLE
    assert list((tmp_path / "in").iterdir()) == []
    assert events[0] == Stage("two words", 5, "pieces", 0)
    assert [event.done for event in events[1:]] == [1, 2, 3, 4, 5]
    assert all(set(event.values) == {"rows/s"} for event in events[1:])
    assert events[-1].values["rows/s"] > 0
    assert isinstance(events[-1], Advance)


def test_an_interrupted_one_goes_on(tmp_path):
    done, events = [], []
    with pytest.raises(KeyboardInterrupt):
        work(tmp_path / "work", {"a": 1}, squares(done, fail_at=3))
    assert sorted(path.name for path in (tmp_path / "work").rglob("*.*")) == [
        f"two-words-{number:06d}.json" for number in range(3)
    ]
    assert work(tmp_path / "work", {"a": 1}, squares(done), events.append) == WHOLE
    assert done == [0, 1, 2, 3, 4]
    assert events[0] == Stage("two words", 5, "pieces", 3)


def test_results_may_come_in_any_order(tmp_path):
    def backwards(left):
        return ((number, Square(number, number**2)) for number in reversed(left))

    assert work(tmp_path / "work", 0, backwards) == WHOLE


def test_another_label_begins_anew(tmp_path):
    done = []
    with pytest.raises(KeyboardInterrupt):
        work(tmp_path / "work", {"a": 1}, squares([], fail_at=3))
    (tmp_path / "work/more").mkdir()
    assert work(tmp_path / "work", {"a": 2}, squares(done)) == WHOLE
    assert done == [0, 1, 2, 3, 4]


def test_only_what_is_kept_is_kept(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        work(tmp_path / "work", 0, squares([], fail_at=3), keep=(ValueError, OSError))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt):
        work(tmp_path / "work", 0, squares([], fail_at=0))
    assert list(tmp_path.iterdir()) == [], "without a piece there is nothing to go on with"


def test_one_process_has_the_folder(tmp_path):
    with resumable(tmp_path / "work", 0, "busy with it") as pieces:
        pieces.save("stage", 1, Square(1, 1))
        with pytest.raises(InputError, match="busy with it"), resumable(tmp_path / "work", 1, "busy with it"):
            raise AssertionError
        assert pieces.load(Square, "stage", 1) == Square(1, 1)
        assert lock_path(tmp_path / "work").exists()
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Written:
    """A result with a file."""

    path: Path
    files: dict[str, int]


def test_a_piece_whose_bytes_changed_in_any_way_is_not_done(tmp_path):
    """Of the result and of its file, each byte is changed, and each is cut, emptied and removed."""
    with resumable(tmp_path / "work", 0, "busy") as pieces:
        file = pieces.folder / "file"
        file.write_bytes(b"of the piece")
        whole = Written(file, seal(pieces.folder, [file]))
        pieces.save("stage", 0, whole)
        pieces.save("stage", 1, Square(1, 1))
        for path in (file, pieces.folder / "stage-000000.json"):
            sound = path.read_bytes()
            flipped = [sound[:i] + bytes([sound[i] ^ 4]) + sound[i + 1 :] for i in range(len(sound))]
            for damaged in [*flipped, sound[:-1], sound + b" ", bytes(len(sound)), b""]:
                path.write_bytes(damaged)
                assert pieces.load(Written, "stage", 0) is None
            path.unlink()
            assert pieces.load(Written, "stage", 0) is None
            path.write_bytes(sound)
            assert pieces.load(Written, "stage", 0) == whole
        assert pieces.load(Square, "stage", 1) == Square(1, 1)


def test_what_is_written_late_finds_no_folder(tmp_path):
    """A cluster's workers may write for a while after the work has ended, or while work for another label goes on."""
    with resumable(tmp_path / "work", 0, "busy") as pieces:
        save(pieces.folder / "part.run", numbers=np.arange(3))
        late = pieces.folder / "part.run"
    with pytest.raises(StoreError, match="No such file"):
        save(late, numbers=np.arange(3))
    assert list(tmp_path.iterdir()) == []
    with resumable(tmp_path / "work", 1, "busy") as pieces:
        with pytest.raises(StoreError, match="No such file"):
            save(late, numbers=np.arange(3))
        assert list(pieces.folder.iterdir()) == []


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/precious").write_text("years of work")
    (tmp_path / "link").symlink_to("victim")
    for place in ("victim", "link"):
        with pytest.raises(InputError, match="not a folder that Helios made"), resumable(tmp_path / place, 0, "busy"):
            raise AssertionError
    assert (tmp_path / "victim/precious").read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "victim"]


def test_killed_at_any_step_it_gives_the_same(tmp_path):
    folders = [tmp_path / f"{number:03d}" for number in range(90)]
    for folder in folders:
        folder.mkdir()
    statement = "work(folder / 'work', 7, squares([])); (folder / 'end').touch()"
    killed = kill_before_each_step(statement, folders, "from tests.unit.test_pieces import squares, work")
    assert killed > 25
    counts = []
    for folder in folders[:killed]:
        done = []
        if not (folder / "end").exists():
            assert work(folder / "work", 7, squares(done)) == WHOLE
        counts.append(len(done))
        assert [path.name for path in folder.iterdir()] in ([], ["end"])
    assert set(counts) >= {0, 1, 2, 3, 4, 5}
    # As the folder is removed at the end, its pieces go one by one; until then no piece is done twice.
    first_whole = counts.index(0)
    assert counts[:first_whole] == sorted(counts[:first_whole], reverse=True)


@dataclass(frozen=True)
class Shelf:
    """One of each kind of value that a result may have."""

    path: Path
    squares: list[Square]
    edges: tuple[int, ...]
    by_name: Mapping[str, Square]
    held: Path | None = None
    rest: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize("held", [None, Path("a/b")])
def test_results_come_back_from_json_as_they_were(held):
    shelf = Shelf(Path("x"), [Square(2, 4)], (1, 2, 3), {"three": Square(3, 9)}, held, {"any": [1, {"thing": None}]})
    text = json.dumps(dataclasses.asdict(shelf), default=str)
    assert from_json(Shelf, json.loads(text)) == shelf
