"""`helios fetch`: stars of an archive in, a Parquet file out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from helios.cli.interrupt import STOPPED
from helios.cli.options import config_from, options_from
from helios.fetch.config import FetchConfig
from helios.fetch.events import AlreadyThere, Counting, Event, PieceFetched, Planned, Retrying, Waiting, Written

_LINE_EVERY_S = 60.0


@click.command()
@options_from(FetchConfig)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.option("-o", "--output", type=Path, help="Parquet file to make.  [default: ARCHIVE.parquet]")
@click.argument("archive", metavar="ARCHIVE")
def fetch(archive: str, output: Path | None, overwrite: bool, **options):
    """Fetch stars of an ARCHIVE (gaia) as a Parquet file that `helios build --stars` reads.

    Stars come bright ones first, in pieces. After Ctrl-C, a crash or a lost connection the same command goes on
    with the pieces that are missing. What was asked, when, is kept beside the file in FILE.query.json.
    """
    from helios.fetch.archives import ARCHIVES
    from helios.fetch.run import fetch as fetch_stars

    source = ARCHIVES.get(archive)
    config = config_from(FetchConfig, options)
    events = fetch_stars(source, config, output or Path(f"{archive}.parquet"), overwrite)
    try:
        follow(events)
    except KeyboardInterrupt:
        click.echo("stopped: the same command goes on with the pieces that are missing")
        sys.exit(STOPPED)
    finally:
        events.close()


def follow(events: Iterator[Event]) -> None:
    """Run a fetch by consuming its `events`, and show how it goes: a bar on a terminal, a line a minute elsewhere."""
    from rich.console import Console

    meter = _Meter(Console(highlight=False, soft_wrap=True, markup=False))
    with meter.bar:
        for event in events:
            meter.show(event)
    meter.end()


class _Meter:
    """Shows one event after the other."""

    def __init__(self, console):
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = console
        columns = (TextColumn("fetching"), BarColumn(), MofNCompleteColumn(), TextColumn("pieces"))
        columns += (TextColumn("{task.fields[rows]}"), TimeElapsedColumn(), TextColumn("{task.fields[state]}"))
        self.bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self.bar.add_task("", total=None, rows="", state="")
        self._began = self._last_line = time.monotonic()
        self._pieces, self._done, self._rows, self._state, self._last_words = 0, 0, 0, "", ""

    def show(self, event: Event) -> None:
        """Show `event`."""
        match event:
            case AlreadyThere(path, rows, date):
                self._last_words = f"{path}: is there already, {rows:,} stars fetched {date}"
            case Counting():
                self._console.print("asking how many stars there are")
            case Planned(pieces, rows, done, rows_done):
                self._pieces, self._done, self._rows = pieces, done, rows_done
                here = f", {done:,} of them here already" if done else ""
                self._console.print(
                    f"fetching {rows:,} stars in {pieces:,} {'piece' if pieces == 1 else 'pieces'}{here}"
                )
            case Waiting(phase):
                self._state = phase.lower()
            case Retrying(why, attempt, tries, pause_s):
                self._console.print(f"try {attempt} of {tries}: {why}; again in {pause_s:g} s")
            case PieceFetched(rows):
                self._done, self._rows, self._state = self._done + 1, self._rows + rows, ""
            case Written(path, record, rows, size_bytes):
                self._last_words = f"wrote {path}: {rows:,} stars, {size_bytes / 1e6:.2f} MB; the queries: {record}"
        rows = f"{self._rows:,} stars" if self._rows else ""
        self.bar.update(self._task, total=self._pieces or None, completed=self._done, rows=rows, state=self._state)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line > _LINE_EVERY_S and self._done < self._pieces:
            self._last_line = now
            state = f", {self._state}" if self._state else ""
            self._console.print(f"{self._done:,} of {self._pieces:,} pieces, {self._rows:,} stars{state}")

    def end(self) -> None:
        """Print the last line."""
        self._console.print(f"{self._last_words}, {time.monotonic() - self._began:.1f} s")
