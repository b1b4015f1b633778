"""Reader of VOTables: TABLEDATA, BINARY and BINARY2, gzipped or not.

The standard is IVOA's VOTable 1.4 (doi:10.5479/ADS/bib/2019ivoa.spec.1021O).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.catalog.csv_text import open_binary
from helios.catalog.file_reader import FileReader, parsing
from helios.catalog.schema import SchemaChoice, find_sources, shown
from helios.catalog.table import NO_ID, StarTable
from helios.catalog.votable_scan import scan_votable
from helios.errors import InputError

WHOLE = ("unsignedByte", "short", "int", "long")
NUMBERS = (*WHOLE, "float", "double")

CHUNK_ROWS = 1 << 16
"""Rows handed on at a time."""


class VotableReader(FileReader):
    """The stars of the first table of the VOTable `path`.

    Astropy parses a VOTable as a whole: the columns that are read are held in memory, about 50 bytes per row, and with
    BINARY and BINARY2 the stream too. A survey's bulk comes in other formats. The file is read twice, first to see
    that nothing in it leads elsewhere. Raises InputError for a file without the columns or a damaged one.
    """

    def __init__(self, path: Path, choice: SchemaChoice | None = None, name: str | None = None):
        super().__init__(path, choice, name)
        self.scan = scan_votable(self.path)
        names = [field.name for field in self.scan.fields]
        units = {field.name: field.unit for field in self.scan.fields}
        self.sources = find_sources(self.schema, names, str(self.path), units)
        self.place = {name: names.index(name) for name in self.sources.all}
        for name, place in self.place.items():
            field, allowed = self.scan.fields[place], WHOLE if name == self.sources.id_column else NUMBERS
            if field.datatype not in allowed or field.arraysize not in ("", "1"):
                kind = f"{field.datatype}[{field.arraysize}]" if field.arraysize else field.datatype
                must = "whole numbers" if allowed is WHOLE else "numbers"
                raise InputError(f"{self.path}: column {shown(name)} is {kind}, must be {must}, one per row")

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order. Raises InputError for a damaged table, naming row, column and value where known."""
        table = self._parse()
        if not len(table):
            raise InputError(f"{self.path}: has no rows")
        expected = self.scan.declared_rows if self.scan.rows is None else self.scan.rows
        if expected is not None and expected != len(table):
            raise InputError(f"{self.path}: {len(table):,} rows, must be {expected:,}; download it again")
        ordered = sorted(self.place, key=self.place.get)
        for start in range(0, len(table), CHUNK_ROWS):
            part = table[start : start + CHUNK_ROWS]
            values = {name: self._values(name, part[part.dtype.names[i]]) for i, name in enumerate(ordered)}
            yield self.sources.table(values, np.arange(start + 1, start + 1 + len(part), dtype=np.int64))

    def _parse(self) -> np.ma.MaskedArray:
        from astropy.io import votable

        # In the order of the file, which is the order that astropy gives TABLEDATA back in.
        columns = sorted(self.place.values())
        try:
            with parsing(self.path, "VOTable"), open_binary(self.path) as file:
                return votable.parse(file, columns=columns, table_number=0, verify="ignore").get_first_table().array
        except InputError:
            scan_votable(self.path, self._check_cell)
            raise

    def _check_cell(self, row: int, column: int, text: str) -> None:
        """Raise InputError where the value of a column that is read is no number: astropy names no row in the file."""
        name = next((name for name, place in self.place.items() if place == column), None)
        if name is None:
            return
        whole = self.scan.fields[column].datatype in WHOLE
        try:
            fits = not text.strip() or (-(2**63) <= int(text) < 2**63 if whole else float(text) is not None)
        except ValueError:
            fits = False
        if not fits:
            kind = "whole number" if whole else "number"
            raise InputError(f"{self.path} row {row}: {name} {shown(text)}: must be a {kind}, or empty")

    def _values(self, name: str, column: np.ma.MaskedArray) -> NDArray:
        if name == self.sources.id_column:
            return self.sources.ids_without_nulls(np.ma.filled(column.astype(np.int64), NO_ID))
        return self.sources.without_nulls(np.ma.filled(column.astype(np.float64), np.nan))
