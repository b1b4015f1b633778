"""Reader of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.catalog.file_reader import FileReader, parsing
from helios.catalog.schema import SchemaChoice, find_sources, shown
from helios.catalog.table import NO_ID, StarTable
from helios.errors import InputError

BATCH_ROWS = 1 << 16
"""Rows decoded at a time. Arrow holds one compressed page of each column beside them."""


class ParquetReader(FileReader):
    """The stars of the Parquet file `path`. Raises InputError for a file without the columns or a damaged one."""

    def __init__(self, path: Path, choice: SchemaChoice | None = None, name: str | None = None):
        super().__init__(path, choice, name)
        if not self.path.stat().st_size:
            raise InputError(f"{self.path}: empty, must be a Parquet file")
        with parsing(self.path, "Parquet file"), self._open() as file:
            schema, self.rows = file.schema_arrow, file.metadata.num_rows
        # Where a file says units, as those of `helios fetch` do, they are each field's own.
        units = {field.name: (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace") for field in schema}
        self.sources = find_sources(self.schema, schema.names, str(self.path), units)
        self._check_types(schema)
        if not self.rows:
            raise InputError(f"{self.path}: has no rows")

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, BATCH_ROWS at a time. Raises InputError for a damaged file, naming the row."""
        row = 0
        with parsing(self.path, "Parquet file"):
            file = self._open()
            batches = file.iter_batches(BATCH_ROWS, columns=list(self.sources.all))
        with file:
            while True:
                with parsing(f"{self.path} row {row + 1}", "Parquet file"):
                    batch = next(batches, None)
                    if batch is None:
                        break
                    values = {name: self._values(name, batch.column(name)) for name in self.sources.all}
                yield self.sources.table(values, np.arange(row + 1, row + 1 + len(batch), dtype=np.int64))
                row += len(batch)
        if row != self.rows:
            raise InputError(f"{self.path}: {row:,} rows, its footer says {self.rows:,}; download it again")

    def _open(self):
        import pyarrow.parquet as pq

        return pq.ParquetFile(self.path, page_checksum_verification=True)

    def _check_types(self, schema: Any) -> None:
        import pyarrow.types as types

        for name in self.sources.all:
            kind = schema.field(name).type
            if name == self.sources.id_column:
                if not types.is_integer(kind):
                    raise InputError(f"{self.path}: column {shown(name)} is {kind}, must be whole numbers")
            elif not (types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)):
                raise InputError(f"{self.path}: column {shown(name)} is {kind}, must be numbers")

    def _values(self, name: str, column: Any) -> NDArray:
        import pyarrow as pa

        if name == self.sources.id_column:
            return self.sources.ids_without_nulls(column.cast(pa.int64()).fill_null(NO_ID).to_numpy())
        # safe=False: whole numbers past 2^53 lose their last digits, as they do in any float64.
        values = column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy()
        return self.sources.without_nulls(values)
