"""Catalogue readers: each yields chunks of one common star table and never holds a whole survey.

A reader does what `Reader` says. A new format is one file and one line in `READERS`; a new survey is a schema
(`helios.catalog.schemas`, or a user's TOML file).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from helios.catalog.schema import Schema, SchemaChoice
from helios.catalog.table import StarTable
from helios.errors import InputError
from helios.registry import Registry

READERS = Registry(
    "star catalogue",
    "helios.readers",
    {
        ".csv": "helios.catalog.csv_reader:CsvReader",
        ".csv.gz": "helios.catalog.csv_reader:CsvReader",
        ".ecsv": "helios.catalog.ecsv:EcsvReader",
        ".ecsv.gz": "helios.catalog.ecsv:EcsvReader",
        ".fits": "helios.catalog.fits_table:FitsReader",
        ".fits.gz": "helios.catalog.fits_table:FitsReader",
        ".parquet": "helios.catalog.parquet:ParquetReader",
        ".feather": "helios.catalog.feather:FeatherReader",
        ".arrow": "helios.catalog.feather:FeatherReader",
        ".vot": "helios.catalog.votable:VotableReader",
        ".vot.gz": "helios.catalog.votable:VotableReader",
        ".dat": "helios.catalog.hipparcos:HipparcosReader",
        ".dat.gz": "helios.catalog.hipparcos:HipparcosReader",
        "synthetic": "helios.catalog.synthetic:Synthetic",
    },
)
"""Readers by the ending of the file's name; `synthetic` is made of a count and a seed instead of a file."""


class Reader(Protocol):
    """What every catalogue reader does."""

    @property
    def name(self) -> str:
        """The file's base name, or what stands for it: the start of every message about its rows."""

    @property
    def row_unit(self) -> str:
        """What `row` of its tables counts: "line" or "row"; stands before the number in messages."""

    @property
    def identified(self) -> bool:
        """Whether the catalogue names its stars; else `source_id` is the row's number, and unique in this file only."""

    @property
    def path(self) -> Path | None:
        """The file that is read; None for stars that are of none."""

    @property
    def schema(self) -> Schema | None:
        """How the file writes its stars, and for which epoch; None for stars that are of no file."""

    def provenance(self) -> dict[str, Any]:
        """What identifies the input for ever: base name, size, hash and schema of a file, count and seed of a made sky.

        Of values that JSON has.
        """

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, some at a time. Raises InputError at the first one that cannot be parsed."""


def row_label(reader: Reader) -> str:
    """What stands before a row's number in messages: `stars.csv line`."""
    return f"{reader.name} {reader.row_unit}"


def epoch_of(reader: Reader) -> float:
    """The Julian year of the places in the catalogue; NaN where that is not known."""
    return math.nan if reader.schema is None or reader.schema.ref_epoch is None else reader.schema.ref_epoch


def endings() -> list[str]:
    """The endings of file names that there is a reader for."""
    return [name for name in READERS.names() if name.startswith(".")]


def ending_of(path: Path) -> str | None:
    """The longest of the `endings` that the name of `path` has, in capitals or not; None where it has none."""
    return max((ending for ending in endings() if path.name.lower().endswith(ending)), key=len, default=None)


def open_catalog(path: Path, choice: SchemaChoice | None = None, name: str | None = None) -> Reader:
    """Return the reader for the file `path`, chosen by the ending of its name.

    `choice` is what the user said of its schema; `name` stands for the file in messages, by default its base name.
    Raises InputError where there is no such file, no reader for it, or it lacks a needed column.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a directory, must be a star catalogue file (name the files in it)")
    if not path.exists():
        raise InputError(f"{path}: no such file")
    ending = ending_of(path)
    if ending is None:
        raise InputError(f"{path}: not a kind of star catalogue that can be read (choose from {', '.join(endings())})")
    return READERS.get(ending)(path, choice, name)
