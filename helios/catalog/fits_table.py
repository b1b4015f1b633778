"""Reader of FITS tables, binary or text, gzipped or not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios.catalog.csv_text import DAMAGED_GZIP, is_gzip, open_binary
from helios.catalog.file_reader import FileReader, parsing
from helios.catalog.schema import SchemaChoice, find_sources, shown
from helios.catalog.table import NO_ID, StarTable
from helios.errors import InputError

CHUNK_ROWS = 1 << 16
"""Number of rows read at a time."""

MOST_FIELDS = 999
"""Most columns of a table: FITS standard 4.0, section 7.3.1."""


class FitsReader(FileReader):
    """The stars of the first table extension of the FITS file `path`.

    Rows are read through a memory map; a gzipped file is first unpacked to a temporary one. Raises InputError for a
    file that has no table, lacks needed columns, or ends before its last row.
    """

    def __init__(self, path: Path, choice: SchemaChoice | None = None, name: str | None = None):
        super().__init__(path, choice, name)
        with ExitStack() as stack:
            table = self._open(stack)
            with parsing(self.path, "FITS file"):
                columns = {column.name: column for column in table.columns}
                if len(columns) < len(table.columns):
                    raise InputError(f"{self.path}: two of its columns have one name; rename one of them")
                kinds = self._kinds(table)
                units = {name: column.unit for name, column in columns.items() if column.unit}
                self.rows = int(table.header["NAXIS2"])
                width, full = int(table.header["NAXIS1"]), table.columns.dtype.itemsize
                if table.header["XTENSION"].strip() == "BINTABLE" and width != full:
                    raise InputError(f"{self.path}: NAXIS1 {width}: must be {full}, the width of its columns together")
                self.nulls = {name: _null(column) for name, column in columns.items()}
        self.sources = find_sources(self.schema, columns, str(self.path), units)
        for name in self.sources.all:
            allowed, must = ("iu", "whole numbers") if name == self.sources.id_column else ("iuf", "numbers")
            if kinds[name].kind not in allowed or kinds[name].shape:
                raise InputError(
                    f"{self.path}: column {shown(name)} is {columns[name].format}, must be {must}, one per row"
                )

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, CHUNK_ROWS at a time. Raises InputError for a damaged table, naming the row."""
        with ExitStack() as stack:
            table = self._open(stack)
            for start in range(0, self.rows, CHUNK_ROWS):
                with parsing(f"{self.path} row {start + 1}", "FITS file"):
                    part = table.data[start : start + CHUNK_ROWS]
                    values = {name: self._values(name, part.field(name)) for name in self.sources.all}
                yield self.sources.table(values, start + 1)

    def _open(self, stack: ExitStack) -> Any:
        """Return the table extension, open until `stack` is closed. Raises InputError unless it is complete."""
        from astropy.io import fits

        file = stack.enter_context(self._unpacked())
        size = file.seek(0, 2)
        file.seek(0)
        if not size:
            raise InputError(f"{self.path}: empty, must be a FITS file with a table")
        with parsing(self.path, "FITS file"):
            hdus = stack.enter_context(fits.open(file, memmap=True, lazy_load_hdus=True))
            table = next((hdu for hdu in hdus if hdu.header.get("XTENSION", "").strip() in ("BINTABLE", "TABLE")), None)
            if table is None:
                raise InputError(f"{self.path}: no table in this FITS file; must have one, a row per star")
            sizes = [table.header[key] for key in ("NAXIS1", "NAXIS2", "TFIELDS")]
            start = table.fileinfo()["datLoc"]
        for key, value, most in zip(("NAXIS1", "NAXIS2", "TFIELDS"), sizes, (size, size, MOST_FIELDS)):
            if not isinstance(value, int) or value < 1:
                problem = "has no rows" if value == 0 else f"{key} {shown(str(value))}: must be a whole number above 0"
                raise InputError(f"{self.path}: {problem}")
            if value > most:
                raise InputError(f"{self.path}: {key} {value:,}: must be at most {most:,} here; download it again")
        if start + sizes[0] * sizes[1] > size:
            whole = max(0, size - start) // sizes[0]
            raise InputError(f"{self.path}: ends after row {whole:,} of {sizes[1]:,}; download it again")
        return table

    @contextmanager
    def _unpacked(self) -> Iterator[BinaryIO]:
        if not is_gzip(self.path):
            with self.path.open("rb") as file:
                yield file
            return
        with tempfile.TemporaryDirectory() as folder:
            unpacked = Path(folder) / "table.fits"
            try:
                with open_binary(self.path) as packed, unpacked.open("wb") as file:
                    shutil.copyfileobj(packed, file)
            except DAMAGED_GZIP as error:
                raise InputError(f"{self.path}: damaged gzip file ({error}); download it again") from error
            with unpacked.open("rb") as file:
                yield file

    def _kinds(self, table: Any) -> dict[str, np.dtype]:
        """Return the dtype and shape of a row's value after scaling, by column."""
        first = table.data[:1]
        arrays = {name: first.field(name) for name in table.columns.names}
        return {name: np.dtype((array.dtype, array.shape[1:])) for name, array in arrays.items()}

    def _values(self, name: str, column: NDArray) -> NDArray:
        null = self.nulls[name]
        missing = column == null if null is not None else np.zeros(len(column), bool)
        if name == self.sources.id_column:
            if column.dtype.kind == "u" and (column[~missing] > np.iinfo(np.int64).max).any():
                raise InputError(f"{self.path}: {name} {column.max()}: must be a whole number below 2^63")
            return self.sources.ids_without_nulls(np.where(missing, NO_ID, column.astype(np.int64)))
        return self.sources.without_nulls(np.where(missing, np.nan, column.astype(np.float64)))


def _null(column: Any) -> int | float | None:
    """Return the null value of a column of integers (TNULL), scaled by TSCAL and TZERO as its values are."""
    if not isinstance(column.null, int):
        return None
    return column.null * (column.bscale or 1) + (column.bzero or 0)
