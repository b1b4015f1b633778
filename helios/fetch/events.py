"""What fetching tells while it goes on: it prints nothing, it yields these."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AlreadyThere:
    """The only event where the file at `path` is what the same question brought at `date`: nothing is asked."""

    path: Path
    rows: int
    date: str


@dataclass(frozen=True)
class Counting:
    """The archive is asked how many stars there are of each brightness."""


@dataclass(frozen=True)
class Planned:
    """The stars come in `pieces`, at most `rows` stars in all; `done` pieces of `rows_done` rows are here already."""

    pieces: int
    rows: int
    done: int
    rows_done: int


@dataclass(frozen=True)
class Waiting:
    """The archive works on a query; `phase` is its own word for how far it is."""

    phase: str


@dataclass(frozen=True)
class Retrying:
    """Try number `attempt` of `tries` went wrong, `why`; the next one follows after `pause_s` seconds."""

    why: str
    attempt: int
    tries: int
    pause_s: float


@dataclass(frozen=True)
class PieceFetched:
    """A piece of `rows` rows is safe on the disk."""

    rows: int


@dataclass(frozen=True)
class Written:
    """The last event: all is in the file at `path`, `rows` stars in `size_bytes`; `record` tells where from."""

    path: Path
    record: Path
    rows: int
    size_bytes: int


Event = AlreadyThere | Counting | Planned | Waiting | Retrying | PieceFetched | Written
