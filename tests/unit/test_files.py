"""Files and directories that are old or new, nothing between, whatever happens in the middle.

Failures are put at each step, and processes are killed (SIGKILL) by themselves before each of their changes to the
disk, so that no step is missed by luck.
"""

import contextlib
import errno
import json
import multiprocessing
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helios.errors import InputError, StoreError
from helios.files import (
    check_replaceable,
    crc32,
    lock_path,
    locked,
    read_json,
    replacing,
    restore,
    retired_path,
    sha256,
    staged,
    staging_path,
    tidy,
    unlocked,
    write_file,
    writing,
)
from helios.work_folders import own_folder


def is_ours(path: Path) -> bool:
    return (path / "mark").exists()


def fill(directory: Path, text: str) -> None:
    (directory / "mark").write_text(text)
    (directory / "inner").mkdir()
    (directory / "inner/file").write_text(text)


@pytest.fixture
def target(tmp_path):
    target = tmp_path / "here/target"
    with replacing(target, is_ours, "universe") as staging:
        fill(staging, "old")
    return target


def leftovers(target):
    return sorted(p.name for p in target.parent.iterdir() if p != target)


def test_the_new_content_takes_the_place_of_the_old(target):
    (target / "extra").write_text("of the old")
    with replacing(target, is_ours, "universe") as staging:
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

    with pytest.raises(error), replacing(target, is_ours, "universe") as staging:
        fail(staging)
    assert (target / "inner/file").read_text() == "old"
    assert leftovers(target) == []


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_writers_of_one_file_without_a_lock_do_not_disturb_each_other(tmp_path, error):
    target = tmp_path / "target"
    target.write_text("old")
    with unlocked(target) as one, unlocked(target) as other:
        one.write_text("new")
        other.write_text("new")
        assert target.read_text() == "old"
        assert all(name.endswith(".partial") for name in leftovers(target))

    def fail(third):
        third.write_text("half")
        raise error

    with pytest.raises(error), unlocked(target) as third:
        fail(third)
    assert target.read_text() == "new"
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
    with pytest.raises(OSError, match="no"), replacing(target, is_ours, "universe") as staging:
        fill(staging, "new")
    assert (target / "mark").read_text() == "old"
    assert leftovers(target) == []


def test_what_is_not_ours_is_left_alone(tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    with (
        pytest.raises(InputError, match="a directory that is not a universe, or holds other files too, left as it is"),
        replacing(foreign, is_ours, "universe"),
    ):
        raise AssertionError
    file = tmp_path / "file"
    file.write_text("text")
    with pytest.raises(InputError, match="a file stands there, left as it is"), replacing(file, is_ours, "universe"):
        raise AssertionError
    assert (foreign / "thesis.txt").read_text() == "years of work"
    assert file.read_text() == "text"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "foreign"]


def test_an_empty_directory_may_be_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    check_replaceable(tmp_path / "empty", is_ours, "universe")
    with replacing(tmp_path / "empty", is_ours, "universe") as staging:
        fill(staging, "new")
    assert is_ours(tmp_path / "empty")


def test_a_link_keeps_pointing_where_it_did(target, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(target)
    with replacing(link, is_ours, "universe") as staging:
        fill(staging, "new")
    assert link.is_symlink()
    assert (target / "mark").read_text() == "new"


def test_two_processes_do_not_replace_the_same_directory(target):
    with (
        replacing(target, is_ours, "universe") as staging,
        pytest.raises(InputError, match="another process is replacing it"),
        replacing(target, is_ours, "universe"),
    ):
        raise AssertionError
    assert not staging.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from helios.files import replacing

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
with replacing(target, lambda path: True, "universe") as staging:
    (staging / "mark").write_text("new")
    if step == "writing":
        die()
if step == "end":
    die()
"""


def kill_at(step, target):
    process = subprocess.run([sys.executable, "-c", KILLED, step, target], cwd=Path(__file__).parents[2])
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
    with replacing(target, is_ours, "universe") as staging:
        assert list(staging.iterdir()) == []
        fill(staging, "newer")
    assert (target / "mark").read_text() == "newer"
    assert leftovers(target) == []


def test_nothing_is_restored_from_under_a_running_process(target):
    with replacing(target, is_ours, "universe") as staging:
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


def test_an_error_while_a_large_file_is_written_leaves_the_old_one(tmp_path):
    target = tmp_path / "file"
    write_file(target, b"old")

    def write(reading):
        with staged(target) as new:
            new.write_bytes(b"half")
            reading()

    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # a package of another test may have changed it
    try:
        with pytest.raises(KeyboardInterrupt):
            write(lambda: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, former)
    with pytest.raises(FileNotFoundError, match="other"):
        write((tmp_path / "other").read_bytes)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_in_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught:
        write_file(tmp_path / "none/file", b"new")
    assert caught.value.filename == str(tmp_path / "none/file")


def enter(block: contextlib.AbstractContextManager) -> None:
    with block:
        raise AssertionError


def place_no_file(kind: str, path: Path) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.relpath(path))
    elif kind == "device":
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("only root may make a device")
    else:
        path.mkdir()


@pytest.mark.parametrize("through", [False, True], ids=["itself", "a link to it"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "directory"])
def test_what_is_no_file_is_refused_and_stays(tmp_path, monkeypatch, kind, through):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "place"
    place_no_file(kind, place)
    before, target = place.lstat(), tmp_path / "link" if through else place
    if through:
        target.symlink_to(place)
    with pytest.raises(InputError, match=rf"{target.name}: a \w+ stands there, left as it is; name a file"):
        write_file(target, b"new")
    assert (place.lstat().st_mode, place.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert sorted(tmp_path.iterdir()) == sorted({place, target})


def test_a_link_to_a_file_is_replaced_and_the_file_is_not_touched(tmp_path):
    (tmp_path / "precious").write_bytes(b"old")
    (tmp_path / "link").symlink_to("precious")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").read_bytes() == b"new"
    assert (tmp_path / "precious").read_bytes() == b"old"


@pytest.mark.parametrize("name", [".target.new", ".target.lock"])
def test_a_link_or_a_folder_of_somebody_in_the_place_of_our_own_is_not_emptied(tmp_path, name):
    """As anybody can put it there who may write beside the output."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_text("years of work")
    beside = tmp_path / "here"
    beside.mkdir()
    (beside / name).symlink_to(victim if name.endswith("new") else victim / "precious")
    with pytest.raises((InputError, OSError), match=re.escape(name)), replacing(beside / "target", is_ours, "universe"):
        raise AssertionError
    assert (victim / "precious").read_text() == "years of work"
    assert [path.name for path in victim.iterdir()] == ["precious"]
    if name.endswith("new"):
        (beside / name).unlink()
        victim.rename(beside / name)
        with pytest.raises(InputError, match="not a folder that Helios made, left as it is; remove it"):
            enter(replacing(beside / "target", is_ours, "universe"))
        assert (beside / name / "precious").read_text() == "years of work"


def test_threads_that_write_one_file_do_so_one_after_the_other(tmp_path):
    target, contents = tmp_path / "file", [bytes([i]) * 100_000 for i in range(8)]
    threads = [threading.Thread(target=write_file, args=(target, content)) for content in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if target.exists():
            assert target.read_bytes() in contents
    assert target.read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def count_up(counter: Path, times: int) -> None:
    for _ in range(times):
        with locked(counter):
            counter.write_text(str(int(counter.read_text()) + 1))


def test_no_two_processes_have_a_lock_though_its_file_comes_and_goes(tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=count_up, args=(counter, 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert counter.read_text() == "600"
    assert [path.name for path in tmp_path.iterdir()] == ["counter"]


def test_a_lock_that_another_has_is_refused_in_one_line(tmp_path):
    target = tmp_path / "target"
    with locked(target), pytest.raises(InputError, match="busy with it"), locked(target, "busy with it"):
        raise AssertionError
    with locked(target, "busy with it"):
        assert lock_path(target).exists()
    assert list(tmp_path.iterdir()) == []


KILLED_BEFORE = """
import os, signal, sys
from pathlib import Path
import filelock

def run(statement, folder, last):
    seen = 0
    def hook(event, arguments):
        nonlocal seen
        if event in ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove") and str(folder) in str(arguments[0]):
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    exec(statement)

exec(sys.argv[2])
for number, folder in enumerate(sys.argv[4:], start=1):
    child = os.fork()
    if not child:
        run(sys.argv[1], Path(folder), number * int(sys.argv[3]))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def kill_before_each_step(
    statement: str,
    folders: list[Path],
    imports: str = "from helios.files import locked, replacing, write_file",
    every: int = 1,
) -> int:
    """Run `statement` once for each `folder`, in a process killed before a call that opens or changes a file in it.

    That is the n-th such call for the n-th folder; of the calls only one in `every` counts. Returns how many were
    killed; the next ran to their end, so that there were enough folders.
    """
    command = [sys.executable, "-c", KILLED_BEFORE, statement, imports, str(every), *map(str, folders)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    codes = [int(line) for line in done.stdout.split()]
    killed = codes.index(0)
    assert codes == [-signal.SIGKILL] * killed + [0] * (len(folders) - killed), done.stderr
    return killed


@pytest.fixture
def folders(tmp_path):
    folders = [tmp_path / f"{number:02d}" for number in range(40)]
    for folder in folders:
        folder.mkdir()
    return folders


@pytest.mark.parametrize("old", [b"old", None])
def test_a_file_whose_writer_is_killed_at_any_step(folders, old):
    for folder in folders:
        if old:
            (folder / "file").write_bytes(old)
    killed = kill_before_each_step("write_file(folder / 'file', b'new')", folders)
    assert killed >= 6
    outcomes = []
    for folder in folders[:killed]:
        outcomes.append((folder / "file").read_bytes() if (folder / "file").exists() else None)
        write_file(folder / "file", b"newer")
        assert (folder / "file").read_bytes() == b"newer"
        assert [path.name for path in folder.iterdir()] == ["file"]
    assert outcomes == sorted(outcomes, key=[old, b"new"].index)
    assert set(outcomes) == {old, b"new"}


def test_a_directory_whose_replacement_is_killed_at_any_step(folders):
    statement = """
with replacing(folder / "target", lambda path: True, "universe") as staging:
    (staging / "inner").mkdir()
    for name in ("mark", "inner/file"):
        (staging / name).write_text("new")
"""
    for folder in folders:
        with replacing(folder / "target", is_ours, "universe") as staging:
            fill(staging, "old")
    killed = kill_before_each_step(statement, folders)
    assert killed >= 12
    outcomes = []
    for folder in folders[:killed]:
        target = folder / "target"
        restore(target)
        outcomes.append((target / "mark").read_text())
        assert (target / "inner/file").read_text() == outcomes[-1]
        with replacing(target, is_ours, "universe") as staging:
            assert list(staging.iterdir()) == []
            fill(staging, "newer")
        assert (target / "mark").read_text() == "newer"
        assert leftovers(target) == []
    assert outcomes == sorted(outcomes, key=["old", "new"].index)
    assert set(outcomes) == {"old", "new"}


def test_a_lock_whose_holder_is_killed_is_free(folders):
    killed = kill_before_each_step("with locked(folder / 'target'): (folder / 'target').touch()", folders)
    assert killed >= 3
    for folder in folders[:killed]:
        with locked(folder / "target", "busy"):
            pass
        assert [path.name for path in folder.iterdir()] in (["target"], [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "missing"),
        (b"{", "damaged, not JSON"),
        (b"\xff", "damaged, not JSON"),
        (b"[" * 200_000, "damaged, not JSON"),
        (b"[1]", "damaged, not a JSON object"),
    ],
)
def test_json_that_does_not_read(tmp_path, content, words):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        read_json(path, "make it again")
    assert str(caught.value).startswith(f"{path}: {words}")
    assert str(caught.value).endswith("; make it again")
    assert "\n" not in str(caught.value)


def test_json_in_a_directory_and_json_that_reads(tmp_path):
    with pytest.raises(StoreError, match="directory; make it again"):
        read_json(tmp_path, "make it again")
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    assert read_json(tmp_path / "a.json", "make it again") == {"a": 1}


def test_what_cannot_be_written_is_said_in_one_line(tmp_path):
    with (
        pytest.raises(StoreError, match=r"^.*/none/file: No such file or directory; all is kept$"),
        writing(tmp_path, "all is kept"),
    ):
        (tmp_path / "none/file").write_text("")
    with pytest.raises(StoreError, match=f"^{tmp_path}: full; all is kept$"), writing(tmp_path, "all is kept"):
        raise OSError("full")


def test_a_hash(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert crc32(tmp_path / "file") == 0x352441C2  # as `printf abc | gzip | tail -c8 | xxd` prints, bytes reversed


def test_where_a_system_syncs_no_folders(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_DIRECTORY")
    write_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_killed_at_the_very_end_what_is_left_can_be_tidied(tmp_path):
    target = tmp_path / "target"
    with replacing(target, is_ours, "universe") as staging:
        fill(staging, "old")
    own_folder(staging_path(target))
    target.rename(retired_path(target))
    lock_path(target).touch()
    tidy(target)
    assert (target / "mark").read_text() == "old"
    assert leftovers(target) == []
    lock_path(target).touch()
    tidy(target)
    assert leftovers(target) == []
    staging_path(target).mkdir()
    (staging_path(target) / "thesis").touch()
    tidy(target)
    assert leftovers(target) == [".target.new"]
    (staging_path(target) / "thesis").unlink()
    with replacing(target, is_ours, "universe") as staging:
        tidy(target)
        assert staging.exists(), "another process is at it"
        fill(staging, "new")
    assert leftovers(target) == []
