"""Reader of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from helios.catalog import arrow_reader
from helios.catalog.arrow_reader import ArrowReader


class ParquetReader(ArrowReader):
    """The stars of the Parquet file `path`, decoded some rows at a time, with page checksums verified."""

    kind = "Parquet file"

    def declared(self) -> tuple[Any, int]:
        """Return the Arrow schema of the file and its number of rows."""
        with self._open() as file:
            return file.schema_arrow, file.metadata.num_rows

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield record batches of the columns `names`."""
        with self._open() as file:
            yield from file.iter_batches(arrow_reader.BATCH_ROWS, columns=list(names))

    def _open(self) -> Any:
        import pyarrow.parquet as pq

        return pq.ParquetFile(self.path, page_checksum_verification=True)
