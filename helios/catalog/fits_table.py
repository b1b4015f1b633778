"""Reader of FITS tables, binary or text, gzipped or not."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios.catalog.astropy_header import declared_by, load_header
from helios.catalog.declared import Coordinates, Declared
from helios.catalog.file_reader import FileReader, parsing
from helios.catalog.schema import SchemaChoice, shown
from helios.catalog.sources import NoStars
from helios.catalog.table import NO_ID, StarTable
from helios.errors import InputError
from helios.gzipped import DAMAGED_GZIP, is_gzip, open_binary

CHUNK_ROWS = 1 << 16
"""Number of rows read at a time."""

MOST_FIELDS = 999
"""Most columns of a table: FITS standard 4.0, section 7.3.1."""


class FitsReader(FileReader):
    """The stars of a table extension of the FITS file `path`, by default the first.

    Rows are read through a memory map; a gzipped file is first unpacked to a temporary one. Raises InputError for a
    file that has no table, lacks needed columns, or ends before its last row.
    """

    def __init__(
        self, path: Path, choice: SchemaChoice | None = None, name: str | None = None, table: str | None = None
    ):
        super().__init__(path, choice, name, table)
        with ExitStack() as stack:
            opened = self._open(stack)
            with parsing(self.path, "FITS file"):
                columns = {column.name: column for column in opened.columns}
                if len(columns) < len(opened.columns):
                    raise InputError(f"{self.path}: two of its columns have one name; rename one of them")
                kinds = self._kinds(opened)
                self.rows = int(opened.header["NAXIS2"])
                width, full = int(opened.header["NAXIS1"]), opened.columns.dtype.itemsize
                if opened.header["XTENSION"].strip() == "BINTABLE" and width != full:
                    raise InputError(f"{self.path}: NAXIS1 {width}: must be {full}, the width of its columns together")
                self.nulls = {name: _null(column) for name, column in columns.items()}
                self.first = {
                    name: values for name, values in self._first(opened).items() if values.dtype.kind in "iuf"
                }
            self.interpret(declared_in(opened, self.path))
        for column in self.sources.all:
            allowed, must = ("iu", "whole numbers") if column == self.sources.id_column else ("iuf", "numbers")
            allowed, must = ("b", "true or false: it is a mask") if column in self.sources.flags else (allowed, must)
            if kinds[column].kind not in allowed or kinds[column].shape:
                raise InputError(
                    f"{self.path}: column {shown(column)} is {columns[column].format}, must be {must}, one per row"
                )

    @classmethod
    def tables(cls, path: Path) -> list[str]:
        """Return the EXTNAME of each table of the file, or its number, from 1, where that is no name of its own."""
        with parsing(path, "FITS file"), _unpacked(path) as file, _hdus(file) as hdus:
            found = [(number, hdu) for number, hdu in enumerate(hdus) if _is_table(hdu)]
            names = [hdu.name.strip() for _, hdu in found]
            return [name if name and names.count(name) == 1 else str(n) for name, (n, _) in zip(names, found)]

    def first_number(self, column: str) -> float:
        """Return the number in the first row of `column`; NaN where there is none."""
        return float(self.first[column][0]) if column in self.first and self.first[column].ndim == 1 else math.nan

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
        file = stack.enter_context(_unpacked(self.path))
        size = file.seek(0, 2)
        file.seek(0)
        if not size:
            raise InputError(f"{self.path}: empty, must be a FITS file with a table")
        with parsing(self.path, "FITS file"):
            hdus = stack.enter_context(_hdus(file))
            table = next((hdu for n, hdu in enumerate(hdus) if _is_table(hdu) and self._is_chosen(n, hdu)), None)
            if table is None:
                which, there = f" {shown(self.table)}" if self.table else "", ", ".join(self.tables(self.path))
                raise InputError(
                    f"{self.path}: no table{which} in this FITS file ({there}); must have one, a row per star"
                    if there
                    else f"{self.path}: no table in this FITS file; must have one, a row per star"
                )
            sizes = [table.header[key] for key in ("NAXIS1", "NAXIS2", "TFIELDS")]
            start = table.fileinfo()["datLoc"]
        for key, value, most in zip(("NAXIS1", "NAXIS2", "TFIELDS"), sizes, (size, size, MOST_FIELDS)):
            if not isinstance(value, int) or value < 1:
                if value == 0:
                    raise NoStars(f"{self.path}: has no rows")
                raise InputError(f"{self.path}: {key} {shown(str(value))}: must be a whole number above 0")
            if value > most:
                raise InputError(f"{self.path}: {key} {value:,}: must be at most {most:,} here; download it again")
        if start + sizes[0] * sizes[1] > size:
            whole = max(0, size - start) // sizes[0]
            raise InputError(f"{self.path}: ends after row {whole:,} of {sizes[1]:,}; download it again")
        return table

    def _is_chosen(self, number: int, hdu: Any) -> bool:
        return self.table is None or self.table.lower() in (str(number), hdu.name.strip().lower())

    def _first(self, table: Any) -> dict[str, NDArray]:
        """Return the values of the first row after scaling, by column."""
        first = table.data[:1]
        return {name: np.array(first.field(name)) for name in table.columns.names}

    def _kinds(self, table: Any) -> dict[str, np.dtype]:
        """Return the dtype and shape of a row's value after scaling, by column."""
        return {name: np.dtype((array.dtype, array.shape[1:])) for name, array in self._first(table).items()}

    def _values(self, name: str, column: NDArray) -> NDArray:
        if name in self.sources.flags:
            return column
        null = self.nulls[name]
        missing = column == null if null is not None else np.zeros(len(column), bool)
        if name == self.sources.id_column:
            if column.dtype.kind == "u" and (column[~missing] > np.iinfo(np.int64).max).any():
                raise InputError(f"{self.path}: {name} {column.max()}: must be a whole number below 2^63")
            return np.where(missing, NO_ID, column.astype(np.int64))
        return np.where(missing, np.nan, column.astype(np.float64))


def declared_in(table: Any, path: Path) -> Declared:
    """Return what the header of the FITS `table` says of it, in FITS's own keywords and in astropy's YAML.

    The frame is that of RADESYS and EQUINOX (FITS standard 4.0, section 8.3). Raises InputError for damaged YAML.
    """
    with parsing(path, "FITS file"):
        header, names = table.header, [column.name for column in table.columns]
        units = {column.name: str(column.unit) for column in table.columns if column.unit}
        comments = [str(comment) for comment in header.get("COMMENT", [])]
        system = str(header.get("RADESYS", header.get("RADECSYS", ""))).strip()
        year = header.get("EQUINOX")
    equinox = str(year) if isinstance(year, int | float) else ""
    if not system and isinstance(year, int | float):
        system = "FK4" if year < 1984.0 else "FK5"
    told = Coordinates(system, equinox, source="RADESYS and EQUINOX")
    coordinates = dict.fromkeys(names, told) if system else {}
    begin, end = (f"--{word}-ASTROPY-SERIALIZED-COLUMNS--" for word in ("BEGIN", "END"))
    if begin in comments and end in comments:
        # A line that was broken ends in a backslash.
        text = "\n".join(comments[comments.index(begin) + 1 : comments.index(end)]).replace("\\\n", "")
        more = declared_by(load_header(text, path), path)
        coordinates, units = {**coordinates, **more.coordinates}, {**more.units, **units}
    return Declared(names, units, coordinates, (str(table.name),))


@contextmanager
def _hdus(file: BinaryIO) -> Iterator[Any]:
    from astropy.io import fits

    with fits.open(file, memmap=True, lazy_load_hdus=True) as hdus:
        yield hdus


def _is_table(hdu: Any) -> bool:
    return hdu.header.get("XTENSION", "").strip() in ("BINTABLE", "TABLE")


@contextmanager
def _unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open the file `path` for reading; a gzipped one is unpacked to a temporary file."""
    if not is_gzip(path):
        with path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / "table.fits"
        try:
            with open_binary(path) as packed, unpacked.open("wb") as file:
                shutil.copyfileobj(packed, file)
        except DAMAGED_GZIP as error:
            raise InputError(f"{path}: damaged gzip file ({error}); download it again") from error
        with unpacked.open("rb") as file:
            yield file


def _null(column: Any) -> int | float | None:
    """Return the null value of a column of integers (TNULL), scaled by TSCAL and TZERO as its values are."""
    if not isinstance(column.null, int):
        return None
    return column.null * (column.bscale or 1) + (column.bzero or 0)
