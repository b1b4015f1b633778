"""The events that fetching adds to those of `helios.progress`, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from helios.progress import Advance, Note, Stage


@dataclass(frozen=True)
class Planned(Stage):
    """The stars come in `pieces` pieces, of which `pieces_done` have already been fetched."""

    pieces: int = 0
    pieces_done: int = 0


@dataclass(frozen=True)
class Retrying(Note):
    """Try number `attempt` of `tries` failed; the next one follows after `pause_s` seconds."""

    attempt: int
    tries: int
    pause_s: float


@dataclass(frozen=True)
class PieceFetched(Advance):
    """A piece of `rows` rows has been written to disk."""

    rows: int = 0


@dataclass(frozen=True)
class FetchResult:
    """The file at `path` has `rows` stars in `size_bytes` bytes; `record` is the path of the record of its origin.

    `found_from` is when its stars were fetched, ISO 8601 in UTC, if the file already existed; else None.
    """

    path: Path
    record: Path
    rows: int
    size_bytes: int
    found_from: str | None = None
