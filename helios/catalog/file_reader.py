"""The base of the readers of files: name, schema, provenance, and how a parser's failure is reported."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from helios.catalog.declared import Declared
from helios.catalog.frames import julian_year
from helios.catalog.row_cuts import EPOCHS
from helios.catalog.schema import Column, Schema, SchemaChoice
from helios.catalog.schemas import DEFAULT, SCHEMAS, release_of
from helios.catalog.sources import NoStars, Sources, find_sources
from helios.catalog.table import StarTable
from helios.errors import InputError
from helios.files import sha256


class FileReader(ABC):
    """Base of the readers of one table of a file `path`; `choice` changes or replaces the default schema of the format.

    `name` is the file's name in messages and provenance: by default its base name, in a directory its relative path.
    `table` is which of the labels that `tables` returns is read. A subclass calls `interpret` in its constructor, so
    that a file without the columns is refused before rows are read.
    """

    row_unit = "row"
    default_schema = DEFAULT
    schema: Schema
    sources: Sources
    notes: tuple[str, ...] = ()

    def __init__(
        self, path: Path, choice: SchemaChoice | None = None, name: str | None = None, table: str | None = None
    ):
        self.path = Path(path)
        self.name = name or self.path.name
        self.choice = choice or SchemaChoice()
        self.table = table

    @classmethod
    def tables(cls, path: Path) -> list[str]:
        """Return a label for each table in the file `path`, by which it is chosen; none where a file is one table."""
        return []

    def interpret(self, declared: Declared, where: str | None = None) -> None:
        """Set `schema`, `sources` and `notes` by what the file has `declared`; `where` begins messages.

        The release of Gaia is the one that the file mentions or whose epoch it tells. An epoch that the file tells, in
        a column by row or for all of its positions, comes before the schema's, unless the user has named one. Raises
        InputError as `find_sources` does.
        """
        where = where or str(self.path)
        schema = self.choice.schema or SCHEMAS[self.default_schema]
        told = self._told_epoch(schema, declared, where)
        notes = list(declared.notes)
        if self.choice.schema is None and self.default_schema == DEFAULT:
            schema = release_of(declared, told) or schema
            if schema.name != DEFAULT:
                notes.append(f"is read as {schema.name}, by what it says of itself")
        if told is not None and told != schema.ref_epoch:
            if schema.epoch_named:
                notes.append(f"says epoch J{told:.10g}, the schema J{schema.ref_epoch}: the schema's is taken")
            else:
                notes.append(f"says epoch J{told:.10g}, which is taken")
                schema = replace(schema, ref_epoch=told)
        if schema.epoch_named:
            schema = replace(schema, columns={n: c for n, c in schema.columns.items() if n != "ref_epoch"})
        self.schema = self.choice.over(schema)
        self.sources = self._found(declared, where)
        b_v = _present(schema.columns.get("b_v", Column(())), declared)
        if b_v is not None and "bp_rp" not in self.sources.of and "b_v" not in self.sources.of:
            notes.append(f"has B-V ({b_v}) and no BP-RP: its stars are white unless --johnson converts them")
        if self.sources.frame is not None:
            notes.append(f"has positions in {self.sources.frame}, which are turned to ICRS")
        self.notes = tuple(f"{self.name} {note}" for note in [*notes, *self.sources.notes])

    def first_number(self, column: str) -> float:
        """Return the number in the first row of `column` of the file; NaN where there is none."""
        return math.nan

    def _found(self, declared: Declared, where: str) -> Sources:
        """Return what `find_sources` does; where it fails, its message names a built-in schema that would do."""
        try:
            return find_sources(self.schema, declared, where)
        except NoStars as error:
            if self.choice.schema is None and not self.choice.columns:
                fitting = next((name for name in SCHEMAS if self._fits(SCHEMAS[name], declared)), None)
                if fitting is not None:
                    raise NoStars(f"{error}; its columns are those of --schema {fitting}") from error
            raise

    def _fits(self, schema: Schema, declared: Declared) -> bool:
        try:
            find_sources(self.choice.over(schema), declared, "")
        except InputError:
            return False
        return True

    def _told_epoch(self, schema: Schema, declared: Declared, where: str) -> float | None:
        """Return the Julian year of the positions by what the file says of its first row or of all; None if nothing."""
        columns = schema.with_columns(self.choice.columns).columns
        column = _present(columns.get("ref_epoch", Column(())), declared)
        if column is not None and EPOCHS[0] <= (epoch := self.first_number(column)) <= EPOCHS[1]:
            return epoch
        told = declared.coordinates.get(_present(columns.get("ra", Column(())), declared) or "")
        if told is None or not told.epoch.strip() or schema.epoch_named:
            return None
        year = julian_year(told.epoch, besselian="fk4" in told.system.lower())
        if year is None:
            problem = f"{told.epoch[:40]!r} is no epoch"
            raise InputError(f"{where}: {problem} ({told.source}); name it as ref_epoch in a --schema file")
        return year

    @property
    def identified(self) -> bool:
        """Whether the file identifies its stars; otherwise the row's number is the identifier."""
        return self.sources.id_column is not None

    def provenance(self) -> dict[str, Any]:
        """Return name, size in bytes and SHA-256 of the file as stored, and how its columns were interpreted."""
        size, schema = self.path.stat().st_size, self.sources.provenance()
        return {"file": self.name, "size_bytes": size, "sha256": sha256(self.path), "schema": schema}

    @abstractmethod
    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, some at a time. Raises InputError at the first row that cannot be parsed."""


def _present(column: Column, declared: Declared) -> str | None:
    """Return the first of the names of `column` that the file has, as it spells it; None where it has none of them."""
    names = {name.lower(): name for name in declared.names}
    return next((names[name.lower()] for name in column.names if name.lower() in names), None)


@contextmanager
def parsing(path: Path | str, kind: str) -> Iterator[None]:
    """Turn whatever a parser raises on a damaged file into an InputError, and suppress its warnings.

    Only for calls into astropy, pyarrow and hats: on arbitrary bytes they raise almost any exception, none of them
    documented. `kind` says what the file should be. The block must not yield: the warning filters are global.
    """
    with warnings.catch_warnings():
        # They are about units, names and padding of columns that are not read; the reader checks what it reads.
        warnings.simplefilter("ignore")
        try:
            yield
        except InputError:
            raise
        except Exception as error:
            message = " ".join(str(error).split())[:200] or type(error).__name__
            raise InputError(f"{path}: damaged, or no {kind} ({message}); download it again") from error
