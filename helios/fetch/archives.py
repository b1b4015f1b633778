"""The archives that stars can be fetched from. Another one is a file and a line in `ARCHIVES`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from helios.options import option
from helios.registry import Registry

ARCHIVES = Registry("archive", "helios.archives", {"gaia": "helios.fetch.gaia:Gaia"})
"""By the name that `helios fetch` takes."""


@dataclass(frozen=True)
class Archive:
    """Where an archive answers, and what is asked of it where the user says nothing else; each is a subclass.

    `url` is the address of its TAP service; `source_id` and `magnitude` are the columns of `table` that name a star
    and by which it is cut, sorted and divided; `columns`, these two among them, are what `helios build` can use;
    `credit` is who must be named where the stars are shown.
    """

    name: ClassVar[str]
    source_id: ClassVar[str]
    magnitude: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    credit: ClassVar[str]

    url: str = option("", "Address of the TAP service.")
    table: str = option("", "The table asked.")
