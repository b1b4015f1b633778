"""The base of the readers of Parquet, Feather and other files that pyarrow reads as record batches."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.catalog.arrow_metadata import declared_in
from helios.catalog.file_reader import FileReader, parsing
from helios.catalog.schema import SchemaChoice, shown
from helios.catalog.table import NO_ID, StarTable
from helios.errors import InputError

BATCH_ROWS = 1 << 16
"""Number of rows decoded at a time. Arrow also holds one compressed page of each column."""


class ArrowReader(FileReader):
    """Base of the readers of columnar files: a subclass gives the `kind` of file, its schema and its record batches.

    Raises InputError for a file that is empty, damaged, without rows or without the columns. What a file declares
    beyond names stands in its metadata: units with each field, as `helios fetch` writes them, or what astropy or a
    VOTable says of the whole table, see `arrow_metadata`.
    """

    kind: str
    """What the file should be, for messages."""
    skipped = 0
    """Rows of the file before those that are read."""

    def __init__(
        self, path: Path, choice: SchemaChoice | None = None, name: str | None = None, table: str | None = None
    ):
        super().__init__(path, choice, name, table)
        if not self.path.stat().st_size:
            raise InputError(f"{self.path}: empty, must be a {self.kind}")
        with parsing(self.path, self.kind):
            schema, self.rows = self.declared()
        self.interpret(declared_in(schema, self.path))
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
            with parsing(f"{self.path} row {self.skipped + row + 1}", self.kind):
                batch = next(batches, None)
                if batch is None:
                    break
                values = {name: self._values(name, batch.column(name)) for name in self.sources.all}
            for start in range(0, len(batch), BATCH_ROWS):
                part = {name: column[start : start + BATCH_ROWS] for name, column in values.items()}
                yield self.sources.table(part, self.skipped + row + start + 1)
            row += len(batch)
        if not row:
            raise InputError(f"{self.path}: has no rows")
        if self.rows not in (None, row):
            raise InputError(f"{self.path}: {row:,} rows, its footer says {self.rows:,}; download it again")

    def first_number(self, column: str) -> float:
        """Return the number in the first row of `column`; NaN where there is none."""
        with parsing(self.path, self.kind):
            batch: Any = next(iter(self.batches([column])), None)
            value = batch.column(0)[0].as_py() if batch is not None and len(batch) else None
        return float(value) if isinstance(value, int | float) else math.nan

    def _check_types(self, schema: Any) -> None:
        import pyarrow.types as types

        for name in self.sources.all:
            kind = schema.field(name).type
            if name == self.sources.id_column:
                if not types.is_integer(kind):
                    raise InputError(f"{self.path}: column {shown(name)} is {kind}, must be whole numbers")
            elif name in self.sources.flags:
                if not types.is_boolean(kind):
                    raise InputError(
                        f"{self.path}: column {shown(name)} is {kind}, must be true or false: it is a mask"
                    )
            elif not (types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)):
                raise InputError(f"{self.path}: column {shown(name)} is {kind}, must be numbers")

    def _values(self, name: str, column: Any) -> NDArray:
        import pyarrow as pa
        import pyarrow.compute

        if name == self.sources.id_column:
            if pa.types.is_uint64(column.type):
                largest = pa.compute.max(column).as_py()
                if largest is not None and largest >= 1 << 63:
                    raise InputError(f"{self.path}: {name} {largest}: must be a whole number below 2^63")
            return _numbers(column.cast(pa.int64()), NO_ID)
        if name in self.sources.flags:
            return column.fill_null(True).to_numpy(zero_copy_only=False)
        # safe=False: integers above 2^53 lose their last digits, as in any float64.
        return _numbers(column.cast(pa.float64(), safe=False), np.nan)


def _numbers(column: Any, missing: float) -> NDArray:
    """Return the numbers of an Arrow `column`, with `missing` where it has none.

    Arrow's own `to_numpy`, and its `fill_null` with a number of Python's, import pandas where there is one, which takes
    as long as to read a million rows.
    """
    return np.from_dlpack(column.fill_null(missing) if column.null_count else column)
