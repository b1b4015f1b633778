"""Reader of Feather files, version 2: Arrow's IPC file format, as pyarrow, pandas and polars write it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from helios.catalog.arrow_reader import ArrowReader


class FeatherReader(ArrowReader):
    """The stars of the Feather file `path`; only the columns that are read are decoded."""

    kind = "Feather file"

    def declared(self) -> tuple[Any, None]:
        """Return the Arrow schema of the file, and None: it does not declare its number of rows."""
        with self._open() as file:
            return file.schema, None

    def batches(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield record batches of the columns `names`."""
        schema, _ = self.declared()
        with self._open(included_fields=sorted(map(schema.get_field_index, names))) as file:
            for number in range(file.num_record_batches):
                yield file.get_batch(number)

    def _open(self, **options: Any) -> Any:
        import pyarrow as pa

        return pa.ipc.open_file(pa.OSFile(str(self.path)), options=pa.ipc.IpcReadOptions(**options))
