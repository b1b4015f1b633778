"""Reader of VOTables: TABLEDATA, BINARY and BINARY2, gzipped or not.

The standard is IVOA's VOTable 1.4 (doi:10.5479/ADS/bib/2019ivoa.spec.1021O).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.catalog.file_reader import FileReader, parsing
from helios.catalog.schema import SchemaChoice, shown
from helios.catalog.table import NO_ID, StarTable
from helios.catalog.text_values import is_number, is_whole
from helios.catalog.votable_scan import CellCheck, Scan, scan_votable, table_labels
from helios.errors import InputError
from helios.gzipped import open_binary

WHOLE = ("unsignedByte", "short", "int", "long")
NUMBERS = (*WHOLE, "float", "double")

CHUNK_ROWS = 1 << 16
"""Number of rows yielded at a time."""


class VotableReader(FileReader):
    """The stars of a table of the VOTable `path`, by default the first.

    Astropy parses a VOTable as a whole: the columns that are read are held in memory, about 50 bytes per row, and for
    BINARY and BINARY2 the stream too; use other formats for whole surveys. The file is read twice, first to check that
    it refers to nothing outside and that its values are numbers. Raises InputError for a file without the columns, for
    one whose service says that it failed, and for a damaged one, naming row, column and value in a TABLEDATA.
    """

    def __init__(
        self, path: Path, choice: SchemaChoice | None = None, name: str | None = None, table: str | None = None
    ):
        super().__init__(path, choice, name, table)
        self.number = 0 if table is None else self._number(table)
        self.place: dict[str, int] = {}
        self.scanned = False
        self.scan = scan_votable(self.path, self._prepare, table=self.number)
        self.scanned = True  # and now for what stands in the rows and after them
        self.interpret(self.scan.declared())

    @classmethod
    def tables(cls, path: Path) -> list[str]:
        """Return the name of each table of the file, or its number, from 1, where that is no name of its own."""
        return table_labels(path)

    def _number(self, table: str) -> int:
        """Return the number, from 0, of the table with the label `table`, which may be its number from 1."""
        labels = self.tables(self.path)
        for number, label in enumerate(labels):
            if table.lower() in (label.lower(), str(number + 1)):
                return number
        raise InputError(f"{self.path}: no table {shown(table)} in this VOTable ({', '.join(labels)})")

    def first_number(self, column: str) -> float:
        """Return the number in the first row of `column`; NaN where there is none, and before the file is scanned."""
        if not self.scanned:
            return math.nan
        place = [field.name for field in self.scan.fields].index(column)
        field = self.scan.fields[place]
        if field.datatype not in NUMBERS or field.arraysize not in ("", "1"):
            return math.nan
        rows = self._parsed([place])
        return float(np.ma.filled(rows[rows.dtype.names[0]][:1].astype(np.float64), np.nan)[0])

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order. Raises InputError where astropy fails, or finds another number of rows."""
        # In the order of the file, in which astropy returns the columns of TABLEDATA.
        ordered = sorted(self.sources.all, key=self.place.__getitem__)
        table = self._parsed([self.place[name] for name in ordered])
        for start in range(0, len(table), CHUNK_ROWS):
            part = table[start : start + CHUNK_ROWS]
            values = {name: self._values(name, part[part.dtype.names[i]]) for i, name in enumerate(ordered)}
            yield self.sources.table(values, start + 1)

    def _parsed(self, columns: Sequence[int]) -> Any:
        """Return the rows of the columns with these numbers, ascending, as a masked array."""
        from astropy.io import votable

        # Astropy looks for the columns in the other tables too, and fails where these have fewer.
        alone = self.scan.tables == 1
        with parsing(self.path, "VOTable"), open_binary(self.path) as file:
            options = {"columns": columns} if alone else {}
            parsed = votable.parse(file, **options, table_number=self.number, verify="ignore")
            table = parsed.get_first_table().array
            table = table if alone else table[[table.dtype.names[column] for column in columns]]
        if len(table) != self.scan.rows:
            raise InputError(f"{self.path}: {len(table):,} rows, must be {self.scan.rows:,}; download it again")
        return table

    def _prepare(self, scan: Scan) -> dict[int, CellCheck]:
        """Find the columns of `scan`; return checks of their values, which astropy would make missing if bad."""
        self.interpret(scan.declared())
        names = [field.name for field in scan.fields]
        self.place = {name: names.index(name) for name in self.sources.all}
        for name, place in self.place.items():
            field, must = scan.fields[place], "numbers"
            allowed: tuple[str, ...] = NUMBERS
            if name == self.sources.id_column:
                allowed, must = WHOLE, "whole numbers"
            elif name in self.sources.flags:
                allowed, must = ("boolean", "bit"), "true or false: it is a mask"
            if field.datatype not in allowed or field.arraysize not in ("", "1"):
                kind = f"{field.datatype}[{field.arraysize}]" if field.arraysize else field.datatype
                raise InputError(f"{self.path}: column {shown(name)} is {shown(kind)}, must be {must}, one per row")
        return {
            place: partial(self._check, name, scan.fields[place].datatype)
            for name, place in self.place.items()
            if name not in self.sources.flags
        }

    def _check(self, name: str, datatype: str, row: int, text: str) -> None:
        whole = datatype in WHOLE
        if text and not (is_whole if whole else is_number)(text) and text not in self.schema.null:
            kind = "whole number below 2^63" if whole else "number"
            raise InputError(f"{self.path} row {row}: {name} {shown(text)}: must be a {kind}, or empty")

    def _values(self, name: str, column: np.ma.MaskedArray) -> NDArray:
        if name == self.sources.id_column:
            return np.ma.filled(column.astype(np.int64), NO_ID)
        if name in self.sources.flags:
            return np.ma.filled(column.astype(bool), True)
        return np.ma.filled(column.astype(np.float64), np.nan)
