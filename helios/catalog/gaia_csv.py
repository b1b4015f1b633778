"""Reader of CSV and gzipped CSV with Gaia's column names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from helios.catalog.csv_text import Header, is_gzip, read_header
from helios.catalog.table import FLOAT_COLUMNS, NO_ID, StarTable
from helios.errors import InputError

ID_COLUMNS = ("source_id", "row_id")
"""Columns that name a star, the best first; a catalogue with neither gets its line numbers."""

REQUIRED = ("ra", "dec", "parallax", "phot_g_mean_mag")
"""Columns without which there is no star; `bp_rp` may be absent, and then every star is white."""

MISSING = ("", "null", "NULL", "nan", "NaN", "NAN")
"""How archives write that there is no value."""

BLOCK_BYTES = 1 << 24
"""Text parsed at a time, bytes: about 200,000 rows of six columns."""


class GaiaCsv:
    """The stars of the CSV file `path`; gzip is recognised by its first bytes.

    Columns are found by Gaia's names, in any order and among any others; `#` lines before the header are comments.
    Raises InputError for a file without the columns or one that is no text.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self.name = self.path.name
        self.header = read_header(self.path)
        _check_columns(self.path, self.header)
        self.id_column = next(filter(None, map(self.header.column, ID_COLUMNS)), None)

    def provenance(self) -> dict[str, Any]:
        """Base name, size in bytes and SHA-256 of the file as it lies on the disk."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"file": self.name, "size_bytes": self.path.stat().st_size, "sha256": digest}

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, BLOCK_BYTES of text at a time.

        Raises InputError, naming line, column and value, for text in a number, a row of the wrong length, a
        damaged gzip stream, or a file without rows.
        """
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        found = {name: self.header.column(name) for name in FLOAT_COLUMNS}
        types = {column: pa.float64() for column in found.values() if column}
        if self.id_column:
            types[self.id_column] = pa.int64()
        row = self.header.line
        read = pa_csv.ReadOptions(block_size=BLOCK_BYTES, skip_rows=self.header.line, column_names=self.header.names)
        # An empty line must stay a row, or the line numbers of all that follow would be wrong.
        parse = pa_csv.ParseOptions(ignore_empty_lines=False)
        convert = pa_csv.ConvertOptions(
            column_types=types, include_columns=list(types), null_values=MISSING, strings_can_be_null=True
        )
        try:
            with pa.input_stream(str(self.path), compression="gzip" if is_gzip(self.path) else None) as stream:
                for batch in pa_csv.open_csv(stream, read, parse, convert):
                    yield _table(batch, found, self.id_column, first_row=row + 1)
                    row += len(batch)
        except (pa.ArrowInvalid, OSError) as error:
            from helios.catalog.csv_faults import find_fault

            raise find_fault(self.path, self.header, self.id_column, tuple(types), MISSING, error) from error
        if row == self.header.line:
            raise InputError(f"{self.path}: has a header but no rows")


def _table(batch, found: dict[str, str | None], id_column: str | None, first_row: int) -> StarTable:
    row = np.arange(first_row, first_row + len(batch), dtype=np.int64)
    absent = np.full(len(batch), np.nan)
    ids = row if id_column is None else batch.column(id_column).fill_null(NO_ID).to_numpy(zero_copy_only=False)
    floats = {
        name: absent if column is None else batch.column(column).to_numpy(zero_copy_only=False)
        for name, column in found.items()
    }
    return StarTable(source_id=ids, row=row, **floats)


def _check_columns(path: Path, header: Header) -> None:
    names = [name.lower() for name in header.names]
    absent = [name for name in REQUIRED if name not in names]
    if absent:
        raise InputError(
            f"{path} line {header.line}: no column {', '.join(absent)} in the header (needed: {', '.join(REQUIRED)})"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{path} line {header.line}: column {twice!r} stands there twice; rename one of them")
