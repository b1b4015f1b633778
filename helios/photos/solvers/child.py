"""Stages of COLMAP as processes of their own: what ends one of them does not end Helios, and no chatter comes through.

A child ends when its parent does, however that ends. Its progress is looked up from here, in its database or in a file
that grows by a byte at each step: two SQLite libraries in one process would damage the database that both have open
(https://www.sqlite.org/howtocorrupt.html, 2.2.1).
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import helios
from helios.errors import InputError
from helios.progress import Advance, OnEvent

POLL_S = 0.25
FAILURES = ("Check failed", "what():")
"""What COLMAP's checks and C++ itself write in the line that says why they end a process."""

TOLD = 300
"""Characters of what a child said last, which go into the message where it failed."""


def run_stage(stage: str, arguments: dict[str, Any], log: Path, on_event: OnEvent, count: Callable[[], int]) -> None:
    """Run the function `stage` of `helios.photos.solvers.stages` with `arguments`; return when it is done.

    `count` says how far it is, for an Advance. What the child says goes into the file `log`. A KeyboardInterrupt here,
    or what `on_event` raises, ends the child. Raises InputError with the child's last words where it fails.
    """
    command = [sys.executable, "-m", "helios.photos.solvers.stages", stage, json.dumps(arguments)]
    path = os.pathsep.join(filter(None, [str(Path(helios.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    with open(log, "wb") as file:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # its end tells the child that this process has ended
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for this process, which ends the child
        )
    told = 0
    try:
        while True:
            try:
                child.wait(POLL_S)
                break
            except subprocess.TimeoutExpired:
                now = count()
                if now > told:
                    told = now
                    on_event(Advance(now))
    finally:
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()
    if child.returncode != 0:
        lines = log.read_text(errors="replace").strip().splitlines()
        telling = [line for line in lines if any(sign in line for sign in FAILURES)]
        said = telling[0] if telling else lines[-1] if lines else "it said nothing"
        how = f"signal {signal.Signals(-child.returncode).name}: " if child.returncode < 0 else ""
        raise InputError(f"solver pycolmap: {stage} failed: {how}{' '.join(said.split())[:TOLD]}")


def rows_of(database: Path, table: str) -> Callable[[], int]:
    """Return a function that says how many rows are in `table` as yet; 0 where the table is not there yet."""

    def count() -> int:
        try:
            with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=0)) as connection:
                return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        except sqlite3.OperationalError:  # not made yet, or its writer lets nobody look just now
            return 0

    return count


def size_of(file: Path) -> Callable[[], int]:
    """Return a function that says how many bytes are in `file` as yet."""
    return lambda: file.stat().st_size if file.exists() else 0


@contextmanager
def whole_database(target: Path) -> Iterator[Path]:
    """Yield the path at which to make the database `target`, which appears when the block ends without an error."""
    new = target.with_name(f"{target.name}.new")
    for file in target.parent.glob(f"{new.name}*"):
        file.unlink()
    yield new
    with closing(sqlite3.connect(new)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # one file, not three
    new.replace(target)
