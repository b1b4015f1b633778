"""Reader of VOTables: TABLEDATA, BINARY and BINARY2, gzipped or not.

The standard is IVOA's VOTable 1.4 (doi:10.5479/ADS/bib/2019ivoa.spec.1021O).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.catalog.csv_text import open_binary
from helios.catalog.file_reader import FileReader, parsing
from helios.catalog.schema import SchemaChoice, find_sources, shown
from helios.catalog.table import NO_ID, StarTable
from helios.catalog.text_values import is_number, is_whole
from helios.catalog.votable_scan import CellCheck, Field, scan_votable
from helios.errors import InputError

WHOLE = ("unsignedByte", "short", "int", "long")
NUMBERS = (*WHOLE, "float", "double")

CHUNK_ROWS = 1 << 16
"""Number of rows yielded at a time."""


class VotableReader(FileReader):
    """The stars of the first table of the VOTable `path`.

    Astropy parses a VOTable as a whole: the columns that are read are held in memory, about 50 bytes per row, and for
    BINARY and BINARY2 the stream too; use other formats for whole surveys. The file is read twice, first to check that
    it refers to nothing outside and that its values are numbers. Raises InputError for a file without the columns and
    for a damaged one, naming row, column and value in a TABLEDATA.
    """

    def __init__(self, path: Path, choice: SchemaChoice | None = None, name: str | None = None):
        super().__init__(path, choice, name)
        self.place: dict[str, int] = {}
        self.scan = scan_votable(self.path, self._prepare)

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order. Raises InputError where astropy fails, or finds another number of rows."""
        from astropy.io import votable

        # In the order of the file, in which astropy returns the columns of TABLEDATA.
        ordered = sorted(self.sources.all, key=self.place.__getitem__)
        with parsing(self.path, "VOTable"), open_binary(self.path) as file:
            columns = [self.place[name] for name in ordered]
            parsed = votable.parse(file, columns=columns, table_number=0, verify="ignore")
            table = parsed.get_first_table().array
        if len(table) != self.scan.rows:
            raise InputError(f"{self.path}: {len(table):,} rows, must be {self.scan.rows:,}; download it again")
        for start in range(0, len(table), CHUNK_ROWS):
            part = table[start : start + CHUNK_ROWS]
            values = {name: self._values(name, part[part.dtype.names[i]]) for i, name in enumerate(ordered)}
            yield self.sources.table(values, start + 1)

    def _prepare(self, fields: list[Field]) -> dict[int, CellCheck]:
        """Find the columns among `fields`; return checks of their values, which astropy would make missing if bad."""
        names = [field.name for field in fields]
        units = {field.name: field.unit for field in fields}
        self.sources = find_sources(self.schema, names, str(self.path), units)
        self.place = {name: names.index(name) for name in self.sources.all}
        for name, place in self.place.items():
            field, allowed = fields[place], WHOLE if name == self.sources.id_column else NUMBERS
            if field.datatype not in allowed or field.arraysize not in ("", "1"):
                kind = f"{field.datatype}[{field.arraysize}]" if field.arraysize else field.datatype
                must = "whole numbers" if allowed is WHOLE else "numbers"
                raise InputError(f"{self.path}: column {shown(name)} is {shown(kind)}, must be {must}, one per row")
        return {place: partial(self._check, name, fields[place].datatype) for name, place in self.place.items()}

    def _check(self, name: str, datatype: str, row: int, text: str) -> None:
        whole = datatype in WHOLE
        if text and not (is_whole if whole else is_number)(text) and text not in self.schema.null:
            kind = "whole number below 2^63" if whole else "number"
            raise InputError(f"{self.path} row {row}: {name} {shown(text)}: must be a {kind}, or empty")

    def _values(self, name: str, column: np.ma.MaskedArray) -> NDArray:
        if name == self.sources.id_column:
            return self.sources.ids_without_nulls(np.ma.filled(column.astype(np.int64), NO_ID))
        return self.sources.without_nulls(np.ma.filled(column.astype(np.float64), np.nan))
