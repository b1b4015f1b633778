"""What a build shows while it goes on: a bar on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click

_LINE_EVERY_S = 60.0


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield what a build is to tell: (stage, pieces done, pieces)."""
    if sys.stderr.isatty():
        with _bar() as told:
            yield told
    else:
        yield _lines()


def _lines() -> Callable[[str, int, int], None]:
    last = time.monotonic()

    def told(stage: str, done: int, pieces: int) -> None:
        nonlocal last
        if time.monotonic() - last > _LINE_EVERY_S:
            last = time.monotonic()
            click.echo(f"{stage}: {done:,} of {pieces:,} pieces", err=True)

    return told


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def told(stage: str, done: int, pieces: int) -> None:
            if pieces > 1:
                if stage not in tasks:
                    tasks[stage] = bar.add_task(stage, total=pieces)
                bar.update(tasks[stage], completed=done)

        yield told
