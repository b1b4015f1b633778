"""Catalogue readers: each yields chunks of one common star table and never holds a whole survey.

A reader is an object with `name` (for messages), `provenance()` and `chunks()`; see `Reader`. A new format is one
file and one line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from helios.catalog.table import StarTable
from helios.errors import InputError
from helios.registry import Registry

READERS = Registry(
    "star catalogue",
    {
        ".csv": "helios.catalog.gaia_csv:GaiaCsv",
        ".csv.gz": "helios.catalog.gaia_csv:GaiaCsv",
        "synthetic": "helios.catalog.synthetic:Synthetic",
    },
)
"""Readers by the ending of the file's name; `synthetic` is made of a count and a seed instead of a file."""


class Reader(Protocol):
    """What every catalogue reader does."""

    name: str
    """The file's base name, or what stands for it: the start of every message about its rows."""

    def provenance(self) -> dict[str, Any]:
        """What identifies the input for ever: base name, size and hash of a file, count and seed of a made sky."""

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, some at a time. Raises InputError at the first one that cannot be parsed."""


def open_catalog(path: Path) -> Reader:
    """Return the reader for the file `path`, chosen by the ending of its name.

    Raises InputError where there is no such file or no reader for it.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a directory, must be a star catalogue file (name the files in it)")
    if not path.exists():
        raise InputError(f"{path}: no such file")
    endings = [name for name in READERS.names() if name.startswith(".")]
    matching = [ending for ending in endings if path.name.lower().endswith(ending)]
    if not matching:
        raise InputError(f"{path}: not a kind of star catalogue that can be read (choose from {', '.join(endings)})")
    return READERS.get(max(matching, key=len))(path)
