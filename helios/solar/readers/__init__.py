"""Readers of small bodies: each yields orbits in blocks of one common table, and says what became of every row.

`BodyReader` is the contract of a reader. A new format is one file and one line in `BODY_READERS`; the reader of a file
is chosen by what the file holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from helios.errors import InputError
from helios.registry import Registry

if TYPE_CHECKING:
    from helios.solar.readers.body_file import Block

BODY_READERS = Registry(
    "reader of small bodies",
    "helios.body_readers",
    {
        "mpcorb": "helios.solar.readers.mpcorb:MpcorbReader",
        "comets": "helios.solar.readers.comets:CometReader",
        "elements": "helios.solar.readers.elements:ElementsReader",
        "horizons": "helios.solar.readers.horizons:HorizonsReader",
    },
)
"""Readers by what they read. The first that recognises the start of a file reads it."""


class BodyReader(Protocol):
    """The contract of a reader of small bodies, which is made of a path and, if wanted, a name for messages."""

    @property
    def name(self) -> str:
        """The file's base name, or a substitute; every message about a row begins with it."""

    @property
    def row_unit(self) -> str:
        """What the `row` of its blocks counts, such as "line"; it precedes the number in messages."""

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Return whether a file that begins with `head`, decompressed, is one that this reads."""

    def provenance(self) -> dict[str, Any]:
        """Return what permanently identifies the input, as JSON values."""

    def blocks(self) -> Iterator[Block]:
        """Yield the bodies in order, some at a time, each row used or counted.

        Raises InputError, naming file, row, value and limit, at the first row that contradicts itself.
        """


def open_bodies(path: Path, name: str | None = None) -> BodyReader:
    """Return the reader for the file `path`, chosen by its content; `name` is the file's name in messages.

    Raises InputError if there is no such file, and if no reader recognises it.
    """
    from helios.solar.readers.body_file import head_of

    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"{path}: {'is a directory' if path.is_dir() else 'no such file'}; name a file of small bodies"
        )
    head = head_of(path, name or path.name)
    for kind in BODY_READERS.names():
        reader = BODY_READERS.get(kind)
        if reader.recognises(head):
            return reader(path, name)
    raise InputError(
        f"{path}: holds nothing that is read as small bodies, or in other columns: MPCORB.DAT and CometEls.txt of the "
        "Minor Planet Center, a vector or elements table of JPL Horizons as text, or a table of elements (CSV, TOML)"
    )
