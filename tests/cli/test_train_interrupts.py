"""Training as a process that is interrupted, killed, or has no room to write: what it says, and that nothing is lost.

Real processes on a universe of 3,000 stars in 16 cells, which two threads train. They are hit at named points, by a
hook in what they import (tests/hooks), so that a busy machine does not move them. Every test ends with the same command
run to its end, and the bytes of a run left alone.
"""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from helios.universe import Universe
from tests.forked_commands import Forked

pytestmark = pytest.mark.slow

CHECKPOINTS = ("--checkpoint-every", 30)


def start(*arguments: object, at: str | None = None) -> Forked:
    """A process of these arguments, which is sent a signal `at` a point as tests/hooks/sitecustomize.py reads it."""
    return Forked(*arguments, **({"SIGNAL_AT": at} if at else {}))


def succeed(*arguments: object) -> str:
    code, text = start(*arguments).end()
    assert code == 0, text
    return text


def killed(*arguments: object, at: str) -> None:
    """Run until it is killed at this point."""
    code, text = start(*arguments, at=f"SIGKILL {at}").end()
    assert code == -signal.SIGKILL, text


def training(source: Path, output: Path, *more: object) -> tuple[object, ...]:
    quick = ("--iterations", 120, "--image-size", 48, "--backend", "numba")
    return ("train-all", "--input", source, "--output", output, *quick, *more)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def errors(text: str) -> list[str]:
    assert "Traceback" not in text, text
    return [line for line in text.splitlines() if line.startswith("Error: ")]


def wait_until(happened, process: Forked) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert process.code is None, process.said
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "universe"
    succeed("build", "--synthetic", 3000, "--depth", 1, "-o", path)
    return path


@pytest.fixture(scope="module")
def undisturbed(universe):
    """The content of a universe trained without disturbance."""
    output = universe.with_name("undisturbed")
    succeed(*training(universe, output))
    return contents(output)


def checkpoints(output: Path) -> list[Path]:
    """Not empty from the first steps of the first cells on."""
    return list(output.glob("training/*/*.checkpoint"))


def finish(universe, output, undisturbed, *more) -> str:
    text = succeed(*training(universe, output, *more))
    assert contents(output) == undisturbed
    return text


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_interrupted_once_it_keeps_what_it_has_begun(universe, tmp_path, undisturbed, name):
    output = tmp_path / "out"
    code, text = start(*training(universe, output, *CHECKPOINTS), at=f"{name} after *.checkpoint 1").end()
    assert code == 130, text
    assert "finishing the cells in training; Ctrl-C again stops at once" in text
    (left,) = re.findall(r"stopped: (\d+) cells are left, the same command goes on with them", text)
    (cells,) = map(int, re.findall(r"training (\d+) cells", text))
    assert 0 < int(left) < cells
    assert cells >= len(Universe.open(universe))
    assert not Universe.open(output).trained.any()
    text = finish(universe, output, undisturbed)
    assert f"{cells - int(left)} of {cells} cells are trained already with these settings" in text


def test_interrupted_twice_it_is_gone_at_once(universe, tmp_path, undisturbed):
    """So many steps that the cells in training would take hours. Their checkpoints outlast a run of other settings."""
    output, long = tmp_path / "out", ("--iterations", 1_000_000)
    process = start(*training(universe, output, *long, *CHECKPOINTS))
    wait_until(lambda: checkpoints(output), process)
    process.signal(signal.SIGINT)
    wait_until(lambda: "finishing the cells in training" in process.said, process)
    process.signal(signal.SIGINT)
    code, text = process.end(60)
    assert code == 130, text
    assert "stopped at once" in text
    succeed(*training(universe, output))
    states = (".checkpoint", ".checkpoint.new", ".checkpoint.lock")  # the last two where one was being written
    left = {name: data for name, data in contents(output).items() if not name.endswith(states)}
    assert left == undisturbed
    assert checkpoints(output)


WRITES = ("before *.npz 1", "after *.npz 1", "before former 1", "after former 1")
"""When the first batch is put on disk, and when the universe is replaced: before the two renames, and between them."""


@pytest.mark.parametrize(
    ("more", "points"),
    [((), WRITES), (CHECKPOINTS, ("after *.checkpoint 1", "before *.checkpoint 4", "after *.checkpoint 9", *WRITES))],
    ids=["batches", "checkpoints"],
)
def test_killed_again_and_again_it_ends_with_the_same_bytes(universe, tmp_path, undisturbed, more, points):
    """Each run goes on where the last one was."""
    for point in points:
        killed(*training(universe, tmp_path / "out", *more), at=point)
    finish(universe, tmp_path / "out", undisturbed, *more)


def test_killed_between_checkpoints_a_cell_goes_on_from_the_last(universe, tmp_path):
    """One cell in one process: what the second run trains of it are the steps after the checkpoint, as its log says."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    opened = Universe.open(universe)
    cell = str(opened.cells[int((opened.offsets[1:] - opened.offsets[:-1]).argmax())])

    def one_cell(output, *more):
        settings = ("--iterations", 360, "--image-size", 48, "--backend", "numba", "--input", universe)
        return ("train-cell", "--cell", cell, "--no-levels", "--output", output, *settings, *more)

    succeed(*one_cell(tmp_path / "alone"))
    output, more = tmp_path / "out", ("--checkpoint-every", 80)
    killed(*one_cell(output, *more), at="before *.checkpoint 3")
    succeed(*one_cell(output, *more, "--log", "tensorboard", "--log-every", 40))
    assert contents(output) == contents(tmp_path / "alone")
    events = EventAccumulator(str(tmp_path / "out_logs" / cell))
    events.Reload()
    steps = [event.step for event in events.Scalars("loss")]
    assert steps[0] == 200
    assert steps[-1] in (360, 720)  # the second where the cell was tried once more, slower


def test_killed_while_a_file_trains(tmp_path):
    packed = tmp_path / "packed"
    succeed("build", "--synthetic", 300, "--depth", 0, "-o", packed)
    succeed("pack", "--universe", packed, "--format", "v1")
    source = max((packed / "pack" / "cells").glob("*.bin"), key=lambda path: path.stat().st_size)

    def file(output):
        settings = ("--iterations", 240, "--image-size", 48, "--backend", "numba", "--checkpoint-every", 40)
        return ("train-cell", "--cell", source, "--output", output, *settings)

    succeed(*file(tmp_path / "alone.bin"))
    output, checkpoint = tmp_path / "out.bin", tmp_path / ".out.bin.checkpoint"
    killed(*file(output), at="after *.checkpoint 1")
    assert checkpoint.exists()
    assert not output.exists()
    succeed(*file(output))
    assert output.read_bytes() == (tmp_path / "alone.bin").read_bytes()
    assert not checkpoint.exists()


def mount(target: Path, *arguments: str) -> None:
    target.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, str(target)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


def size_kib(folder: Path) -> int:
    return sum(-(-path.stat().st_size // 4096) * 4 for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("room_kib", [-200, 40, 150], ids=["for nothing", "for the copy", "for the journal"])
def test_a_full_disk_is_one_line_and_nothing_is_lost(universe, tmp_path, undisturbed, room_kib):
    """A disk too small even for the copy of the universe; for its journal; for the trained universe. Then it grows."""
    disk = tmp_path / "disk"
    mount(disk, "-t", "tmpfs", "-o", f"size={size_kib(universe) + room_kib}k", "none")
    try:
        before = contents(disk)
        code, text = start(*training(universe, disk / "out", *CHECKPOINTS)).end()
        assert code == 1, text
        (line,) = errors(text)
        assert "No space left on device" in line
        if room_kib < 0:
            assert contents(disk) == before
        else:
            assert len(Universe.open(disk / "out")) == len(Universe.open(universe))
        assert not list(disk.rglob(".*.npz.new"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        finish(universe, disk / "out", undisturbed, *CHECKPOINTS)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_read_only_output_is_one_line(universe, tmp_path, undisturbed):
    output = tmp_path / "out"
    killed(*training(universe, output), at="after *.npz 1")
    before = contents(tmp_path)
    mount(tmp_path, "--bind", str(tmp_path))
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(tmp_path)], check=True)
        for place in (output, tmp_path / "new"):
            code, text = start(*training(universe, place)).end()
            assert code == 1, text
            (line,) = errors(text)
            assert "Read-only file system" in line
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert contents(tmp_path) == before
    finish(universe, output, undisturbed)
