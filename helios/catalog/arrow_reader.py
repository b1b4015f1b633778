"""The base of the readers of Parquet, Feather and other files that pyarrow reads as record batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.catalog.file_reader import FileReader, parsing
from helios.catalog.schema import SchemaChoice, find_sources, shown
from helios.catalog.table import NO_ID, StarTable
from helios.errors import InputError

BATCH_ROWS = 1 << 16
"""Number of rows decoded at a time. Arrow also holds one compressed page of each column."""


class ArrowReader(FileReader):
    """Base of the readers of columnar files: a subclass gives the `kind` of file, its schema and its record batches.

    Raises InputError for a file that is empty, damaged, without rows or without the columns. Where a file declares
    units, as those of `helios fetch` do, they are in the metadata of each field.
    """

    kind: str
    """What the file should be, for messages."""

    def __init__(self, path: Path, choice: SchemaChoice | None = None, name: str | None = None):
        super().__init__(path, choice, name)
        if not self.path.stat().st_size:
            raise InputError(f"{self.path}: empty, must be a {self.kind}")
        with parsing(self.path, self.kind):
            schema, self.rows = self.declared()
        units = {field.name: (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace") for field in schema}
        self.sources = find_sources(self.schema, schema.names, str(self.path), units)
        self._check_types(schema)
        if self.rows == 0:
            raise InputError(f"{self.path}: has no rows")

    @abstractmethod
    def declared(self) -> tuple[Any, int | None]:
        """Return the Arrow schema of the file, and its number of rows if declared. May raise whatever pyarrow does."""

    @abstractmethod
    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield the record batches of the columns `names`, in order. May raise whatever pyarrow does."""

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, BATCH_ROWS at a time. Raises InputError for a damaged file, naming the row."""
        row = 0
        batches = self.batches(self.sources.all)
        while True:
            with parsing(f"{self.path} row {row + 1}", self.kind):
                batch = next(batches, None)
                if batch is None:
                    break
                values = {name: self._values(name, batch.column(name)) for name in self.sources.all}
            for start in range(0, len(batch), BATCH_ROWS):
                part = {name: column[start : start + BATCH_ROWS] for name, column in values.items()}
                yield self.sources.table(part, row + start + 1)
            row += len(batch)
        if not row:
            raise InputError(f"{self.path}: has no rows")
        if self.rows not in (None, row):
            raise InputError(f"{self.path}: {row:,} rows, its footer says {self.rows:,}; download it again")

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
        # safe=False: integers above 2^53 lose their last digits, as in any float64.
        values = column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy()
        return self.sources.without_nulls(values)
