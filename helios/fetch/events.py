"""What fetching tells beside the events of `helios.progress`, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from helios.progress import Advance, Note, Stage


@dataclass(frozen=True)
class Planned(Stage):
    """The stars come in `pieces` in all, of which `pieces_done` are here already."""

    pieces: int = 0
    pieces_done: int = 0


@dataclass(frozen=True)
class Retrying(Note):
    """Try number `attempt` of `tries` went wrong; the next one follows after `pause_s` seconds."""

    attempt: int
    tries: int
    pause_s: float


@dataclass(frozen=True)
class PieceFetched(Advance):
    """A piece of `rows` rows is safe on the disk."""

    rows: int = 0


@dataclass(frozen=True)
class FetchResult:
    """The file at `path` holds `rows` stars in `size_bytes`; `record` tells where from.

    `found_from` is when its stars were fetched, ISO 8601 in UTC, where the file was there already; else None.
    """

    path: Path
    record: Path
    rows: int
    size_bytes: int
    found_from: str | None = None
