"""Catalogue readers: each yields a catalogue in chunks of one common star table, and holds one chunk at a time.

`Reader` is the contract of a reader. A new format is one file and one line in `READERS`; a new survey is a schema, in
`helios.catalog.schemas` or in a user's TOML file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

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
        ".tsv": "helios.catalog.csv_reader:CsvReader",
        ".txt": "helios.catalog.csv_reader:CsvReader",
        ".ecsv": "helios.catalog.ecsv:EcsvReader",
        ".ecsv.gz": "helios.catalog.ecsv:EcsvReader",
        ".fit": "helios.catalog.fits_table:FitsReader",
        ".fits": "helios.catalog.fits_table:FitsReader",
        ".fits.gz": "helios.catalog.fits_table:FitsReader",
        ".parquet": "helios.catalog.parquet:ParquetReader",
        ".feather": "helios.catalog.feather:FeatherReader",
        ".arrow": "helios.catalog.feather:FeatherReader",
        ".vot": "helios.catalog.votable:VotableReader",
        ".vot.gz": "helios.catalog.votable:VotableReader",
        ".votable": "helios.catalog.votable:VotableReader",
        ".xml": "helios.catalog.votable:VotableReader",
        ".dat": "helios.catalog.hipparcos:HipparcosReader",
        ".dat.gz": "helios.catalog.hipparcos:HipparcosReader",
        "synthetic": "helios.catalog.synthetic:Synthetic",
    },
)
"""Readers by the ending of the file's name; `synthetic` makes stars from a count and a seed instead."""


class Reader(Protocol):
    """The contract of a catalogue reader."""

    @property
    def name(self) -> str:
        """The file's base name, or a substitute; every message about a row begins with it."""

    @property
    def row_unit(self) -> str:
        """What the `row` of its tables counts, "line" or "row"; it precedes the number in messages."""

    @property
    def identified(self) -> bool:
        """Whether the catalogue identifies its stars; if not, `source_id` is the row's number, unique in this file."""

    @property
    def path(self) -> Path | None:
        """The file that is read; None for synthetic stars."""

    @property
    def schema(self) -> Schema | None:
        """The schema that the file is read with, which has its epoch; None for synthetic stars."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the report on what the file says of itself, each with the file's name; mostly none."""

    def provenance(self) -> dict[str, Any]:
        """Return what permanently identifies the input, as JSON values.

        For a file that is its base name, size, hash and schema; for synthetic stars their count and seed.
        """

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, some at a time. Raises InputError at the first row that it cannot parse."""


def parts_of(reader: Reader) -> list[Reader]:
    """Return readers of the parts of a catalogue, in order, that may be read side by side; mostly it is one part.

    A kind of reader that can divide files has a method `parts`. The rows of a part have the numbers that they have in
    the whole.
    """
    parts = getattr(reader, "parts", None)
    return parts() if parts else [reader]


def row_label(reader: Reader) -> str:
    """Return what precedes a row's number in messages, such as `stars.csv line`."""
    return f"{reader.name} {reader.row_unit}"


def epoch_of(reader: Reader) -> float:
    """Return the epoch of the positions in rows that have none of their own, a Julian year; NaN if unknown."""
    return math.nan if reader.schema is None or reader.schema.ref_epoch is None else reader.schema.ref_epoch


def epochs_of(stars: StarTable, reader: Reader) -> float | NDArray[np.float64]:
    """Return the epochs of `stars`, rows of `reader`, Julian years: one, or [N] where the rows have their own."""
    if "ref_epoch" in stars.absent:
        return epoch_of(reader)
    return np.where(np.isnan(stars.ref_epoch), epoch_of(reader), stars.ref_epoch)


def endings() -> list[str]:
    """Return the endings of file names that have a reader."""
    return [name for name in READERS.names() if name.startswith(".")]


def ending_of(path: Path) -> str | None:
    """Return the longest of the `endings` that the name of `path` ends in, ignoring case; None if it has none."""
    return max((ending for ending in endings() if path.name.lower().endswith(ending)), key=len, default=None)


def open_catalog(
    path: Path, choice: SchemaChoice | None = None, name: str | None = None, table: str | None = None
) -> Reader:
    """Return the reader for the file `path`, chosen by the ending of its name.

    `choice` is the user's choice of a schema; `name` is the file's name in messages, its base name by default; `table`
    is one of `tables_of`, by default the first. Raises InputError if the file does not exist, has no reader, or lacks
    a needed column.
    """
    path = Path(path)
    kind = _reader_class(path)
    return kind(path, choice, name) if table is None else kind(path, choice, name, table)


def tables_of(path: Path) -> list[str]:
    """Return the labels of the tables in the file `path`; none for a kind of file that is one table.

    Raises InputError if the file does not exist, has no reader, or is damaged.
    """
    tables = getattr(_reader_class(path), "tables", None)
    return tables(path) if tables else []


def _reader_class(path: Path) -> Any:
    if path.is_dir():
        raise InputError(f"{path}: is a directory, must be a star catalogue file (name the files in it)")
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if not path.is_file():
        raise InputError(f"{path}: is no regular file (a pipe or a device); write its content to a file first")
    ending = ending_of(path)
    if ending is None:
        raise InputError(f"{path}: not a kind of star catalogue that can be read (choose from {', '.join(endings())})")
    return READERS.get(ending)
