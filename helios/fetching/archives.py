"""The archives that stars can be fetched from. A new one is one file and one line in `ARCHIVES`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from helios.options import option
from helios.registry import Registry

ARCHIVES = Registry("archive", "helios.archives", {"gaia": "helios.fetching.gaia:Gaia"})
"""Archives by the name that `helios fetch` takes."""


@dataclass(frozen=True)
class Archive:
    """The address of an archive, and what is asked of it by default; each archive is a subclass.

    `url` is the address of its TAP service. Of the columns of `table`, `source_id` identifies a star, and by
    `magnitude` stars are cut, sorted and divided into pieces; `columns`, which include these two, are those that
    `helios build` can use. `credit` is who must be credited where the stars are shown.
    """

    name: ClassVar[str]
    source_id: ClassVar[str]
    magnitude: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    credit: ClassVar[str]

    url: str = option("", "Address of the TAP service.")
    table: str = option("", "The table asked.")
