"""Replacing a directory: old or new, nothing between, whatever happens in the middle.

Failures are put at each step of the replacement, and processes are killed (SIGKILL) there by themselves, so that no
step is missed by luck.
"""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helios.errors import InputError, StoreError
from helios.universe.paths import retired_path, staging_path
from helios.universe.replace import check_replaceable, replacing, restore, write_file


def is_ours(path: Path) -> bool:
    return (path / "mark").exists()


def fill(directory: Path, text: str) -> None:
    (directory / "mark").write_text(text)
    (directory / "inner").mkdir()
    (directory / "inner/file").write_text(text)


@pytest.fixture
def target(tmp_path):
    target = tmp_path / "here/target"
    with replacing(target, is_ours) as staging:
        fill(staging, "old")
    return target


def leftovers(target):
    return sorted(p.name for p in target.parent.iterdir() if p != target)


def test_the_new_content_takes_the_place_of_the_old(target):
    (target / "extra").write_text("of the old")
    with replacing(target, is_ours) as staging:
        assert list(staging.iterdir()) == []
        fill(staging, "new")
        assert (target / "mark").read_text() == "old"
    assert (target / "mark").read_text() == "new"
    assert not (target / "extra").exists()
    assert leftovers(target) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_and_nothing_else(target, error):
    def fail(directory):
        fill(directory, "new")
        raise error

    with pytest.raises(error), replacing(target, is_ours) as staging:
        fail(staging)
    assert (target / "inner/file").read_text() == "old"
    assert leftovers(target) == []


@pytest.mark.parametrize("failing", [1, 2])
def test_a_rename_that_fails_leaves_the_old(target, monkeypatch, failing):
    calls = 0
    rename = Path.rename

    def fail(self, other):
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError("no")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no"), replacing(target, is_ours) as staging:
        fill(staging, "new")
    assert (target / "mark").read_text() == "old"
    assert leftovers(target) == []


def test_what_is_not_ours_is_left_alone(tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="a directory that is not a universe, left as it is"), replacing(foreign):
        raise AssertionError
    file = tmp_path / "file"
    file.write_text("text")
    with pytest.raises(InputError, match="a file stands there, left as it is"), replacing(file):
        raise AssertionError
    assert (foreign / "thesis.txt").read_text() == "years of work"
    assert file.read_text() == "text"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "foreign"]


def test_an_empty_directory_may_be_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    check_replaceable(tmp_path / "empty")
    with replacing(tmp_path / "empty") as staging:
        fill(staging, "new")
    assert is_ours(tmp_path / "empty")


def test_a_link_keeps_pointing_where_it_did(target, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(target)
    with replacing(link, is_ours) as staging:
        fill(staging, "new")
    assert link.is_symlink()
    assert (target / "mark").read_text() == "new"


def test_two_processes_do_not_replace_the_same_directory(target):
    with (
        replacing(target, is_ours) as staging,
        pytest.raises(InputError, match="another process is replacing it"),
        replacing(target, is_ours),
    ):
        raise AssertionError
    assert not staging.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from helios.universe.replace import replacing

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

step, target = sys.argv[1], Path(sys.argv[2])
rename, calls = Path.rename, []

def counting(self, other):
    calls.append(self)
    if step == f"before rename {len(calls)}":
        die()
    rename(self, other)

Path.rename = counting
with replacing(target, lambda path: True) as staging:
    (staging / "mark").write_text("new")
    if step == "writing":
        die()
if step == "end":
    die()
"""


def kill_at(step, target):
    process = subprocess.run([sys.executable, "-c", KILLED, step, target], cwd=Path(__file__).parents[3])
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("step", "left"), [("writing", "old"), ("before rename 1", "old"), ("end", "new")])
def test_a_killed_process_leaves_old_or_new(target, step, left):
    kill_at(step, target)
    assert (target / "mark").read_text() == left
    restore(target)
    assert (target / "mark").read_text() == left


def test_killed_between_the_renames_the_old_comes_back(target):
    kill_at("before rename 2", target)
    assert not target.exists()
    restore(target)
    assert (target / "inner/file").read_text() == "old"
    assert leftovers(target) == []


@pytest.mark.parametrize("step", ["writing", "before rename 1", "before rename 2", "end"])
def test_after_a_kill_the_same_command_succeeds(target, step):
    kill_at(step, target)
    with replacing(target, is_ours) as staging:
        assert list(staging.iterdir()) == []
        fill(staging, "newer")
    assert (target / "mark").read_text() == "newer"
    assert leftovers(target) == []


def test_nothing_is_restored_from_under_a_running_process(target):
    with replacing(target, is_ours) as staging:
        fill(staging, "new")
        os.rename(target, retired_path(target))
        with pytest.raises(StoreError, match="another process is replacing it"):
            restore(target)
        os.rename(retired_path(target), target)
    assert (target / "mark").read_text() == "new"
    assert not staging_path(target).exists()


def test_a_file_is_replaced_whole(tmp_path):
    target = tmp_path / "file"
    write_file(target, b"old")
    write_file(target, b"newer")
    assert target.read_bytes() == b"newer"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_stays_the_old_one(tmp_path, monkeypatch, failing):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "file"
    write_file(target, b"old")
    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[failing], fail)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_file(target, b"new")
    monkeypatch.undo()
    assert caught.value.filename == str(target)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
