"""Commands in children forked from a process that has imported everything, so that a run costs its own work only.

The parent must run no command itself: threads that it started would not be in its children.
"""

from __future__ import annotations

import contextlib
import importlib
import mmap
import multiprocessing
import os
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

MODULES = (
    *("api", "building.build", "catalog.csv_reader", "catalog.bright_stars", "landmarks.generate", "packing.site"),
    *(
        "packing.v1",
        "packing.v2.format",
        "packing.ply",
        "packing.csv",
        "packing.export",
        "universe.validate",
        "universe.training",
    ),
    *("cli.build", "cli.build_report", "cli.train", "cli.pack", "cli.export", "cli.validate", "cli.landmarks"),
    *("cli.info", "cli.meter", "cli.training_report", "schedulers.local", "schedulers.threads", "universe.summary"),
)
TRAINING = (
    "training.run.universe",
    "training.run.cell_file",
    "rendering.numba_backend",
    "training.optim.numba_objective",
)

CHANGES = ("os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink", "os.truncate")
MAKING = os.O_CREAT | os.O_TRUNC
"""Flags of a call that opens a file to write it anew; to wait until a file is on the disk changes nothing."""


class Ended(NamedTuple):
    """How a child ended: its exit code, negative for a signal, what it printed, how long it took, and its memory."""

    code: int
    text: str
    seconds: float
    peak_bytes: int

    @property
    def traceback(self) -> bool:
        return "Traceback (most recent call last)" in self.text


def warm_up(training: bool = False) -> None:
    """Import what commands import; those of training where asked for."""
    for name in MODULES + (TRAINING if training else ()):
        importlib.import_module(f"helios.{name}")
    for name in (
        "filelock",
        "pandas",
        "rich.progress",
        "_strptime",
    ):  # which pyarrow and others import when they are first used
        importlib.import_module(name)


def helios(arguments: Sequence[object]) -> Callable[[], None]:
    """Return what runs the command `helios` with these arguments."""

    def command() -> None:
        from helios.cli import main

        main([str(argument) for argument in arguments], prog_name="helios")

    return command


def run(
    command: Callable[[], None],
    cwd: Path,
    before: Callable[[], None] = lambda: None,
    limit_s: float = 120.0,
    memory_bytes: int | None = None,
) -> Ended:
    """Run `command` in a child in the folder `cwd`, after `before` in the child too; kill its group at `limit_s`."""
    began = time.monotonic()
    out = os.memfd_create("output")
    child = os.fork()
    if not child:
        _be_child(command, cwd, before, out, memory_bytes)
    code, peak = _wait(child, began + limit_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # workers that a killed command left
    with open(out, "rb") as file:
        file.seek(0)
        text = file.read().decode(errors="replace")
    return Ended(code, text, time.monotonic() - began, peak)


def _wait(child: int, deadline: float) -> tuple[int, int]:
    """Return the exit code and the peak memory of `child`; it is killed at the `deadline`, and gives -SIGALRM."""
    pidfd = os.pidfd_open(child)
    try:
        import select

        if not select.select([pidfd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            os.killpg(child, signal.SIGKILL)
            os.wait4(child, 0)
            return -signal.SIGALRM, 0
    finally:
        os.close(pidfd)
    _, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024


def _be_child(command, cwd: Path, before, out: int, memory_bytes: int | None) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, "utf-8", closefd=False) for number in (1, 2))
        os.chdir(cwd)
        if memory_bytes:
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        # Workers are forked too: a spawned one would import everything again.
        of = multiprocessing.get_context
        multiprocessing.get_context = lambda method=None: of("fork" if method == "spawn" else method)
        before()
        command()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(ValueError, OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


class Point:
    """A point at which the first process to come there is killed: before its `number`-th change of files in `folder`.

    Counted are the calls that open a file for writing, rename, remove, link, or make or remove a folder, in the command
    and in its workers. With `torn`, the file that was opened last is left with half of its content, as by a process
    that is killed while it writes. `seen` is the number of calls so far, `steps` what they were.
    """

    def __init__(self, folder: Path, number: int = 0, torn: bool = False):
        self.folder, self.number, self.torn = str(folder), number, torn
        self._shared = mmap.mmap(-1, 1 << 20)
        self._lock = multiprocessing.get_context("fork").Lock()
        self._last: str | None = None

    @property
    def steps(self) -> list[str]:
        """The steps so far, each as EVENT PATH."""
        (end,) = struct.unpack_from("<q", self._shared, 8)
        return self._shared[16 : 16 + end].decode(errors="replace").splitlines()

    @property
    def seen(self) -> int:
        return struct.unpack_from("<q", self._shared, 0)[0]

    def install(self) -> None:
        """Begin to count, in this process and those that it forks."""
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & MAKING) or isinstance(path, int):
                return
        elif event in CHANGES:
            path = arguments[0]
        else:
            return
        name = os.fsdecode(path)
        in_open_folder = event in ("os.remove", "os.rmdir") and not os.path.isabs(name) and arguments[-1] != -1
        if not in_open_folder:
            if not os.path.abspath(name).startswith(self.folder):
                return
            if event != "open" and os.path.lexists(name) == (event == "os.mkdir"):
                return  # it will fail, and change nothing
        with self._lock:
            number = self.seen + 1
            struct.pack_into("<q", self._shared, 0, number)
            self._note(f"{event} {name}\n")
            met = number == self.number
        if met:
            if self.torn and self._last and os.path.isfile(self._last):
                with contextlib.suppress(FileNotFoundError):  # another thread of the command may remove it meanwhile
                    os.truncate(self._last, os.path.getsize(self._last) // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        self._last = os.path.abspath(name) if event == "open" else self._last

    def _note(self, line: str) -> None:
        (end,) = struct.unpack_from("<q", self._shared, 8)
        data = line.encode(errors="replace")
        if 16 + end + len(data) < len(self._shared):
            self._shared[16 + end : 16 + end + len(data)] = data
            struct.pack_into("<q", self._shared, 8, end + len(data))
