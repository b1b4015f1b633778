"""Reader of Parquet files."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from helios.catalog import arrow_reader
from helios.catalog.arrow_reader import ArrowReader
from helios.catalog.file_reader import parsing

PART_ROWS = 500_000
"""Least rows of a part of a file, as a file of Gaia DR3 has: smaller ones would cost more than they save."""


class ParquetReader(ArrowReader):
    """The stars of the Parquet file `path`, decoded some rows at a time, with page checksums verified."""

    kind = "Parquet file"
    groups: tuple[int, int] | None = None
    """The row groups (first, stop) that are read, all where it is None."""

    def declared(self) -> tuple[Any, int]:
        """Return the Arrow schema of the file and its number of rows."""
        with self._open() as file:
            return file.schema_arrow, file.metadata.num_rows

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield record batches of the columns `names`."""
        with self._open() as file:
            groups = None if self.groups is None else list(range(*self.groups))
            yield from file.iter_batches(arrow_reader.BATCH_ROWS, groups, columns=list(names))

    def parts(self) -> list[ParquetReader]:
        """Return readers of parts of the file, in order, of whole row groups with PART_ROWS and more together."""
        with parsing(self.path, self.kind), self._open() as file:
            counts = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        parts, first, begin, end = [], 0, 0, 0
        for group, rows in enumerate(counts, 1):
            end += rows
            if (end - begin >= PART_ROWS and sum(counts) - end >= PART_ROWS) or group == len(counts):
                part = copy.copy(self)
                part.groups, part.skipped, part.rows = (first, group), begin, end - begin
                parts.append(part)
                first, begin = group, end
        return parts

    def _open(self) -> Any:
        import pyarrow.parquet as pq

        return pq.ParquetFile(self.path, page_checksum_verification=True)
