"""The archives that stars can be fetched from. Another one is a file and a line in `ARCHIVES`."""

from __future__ import annotations

from dataclasses import dataclass

from helios.registry import Registry

ARCHIVES = Registry("archive", "helios.archives", {"gaia": "helios.fetch.gaia:GAIA"})
"""By the name that `helios fetch` takes."""


@dataclass(frozen=True)
class Archive:
    """Where an archive answers, and what is asked of it where the user says nothing else.

    `url` is the address of its TAP service; `source_id` and `magnitude` are the columns of `table` that name a star
    and by which it is cut, sorted and divided; `columns`, these two among them, are what `helios build` can use;
    `credit` is who must be named where the stars are shown.
    """

    name: str
    url: str
    table: str
    source_id: str
    magnitude: str
    columns: tuple[str, ...]
    credit: str
