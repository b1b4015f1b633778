"""Reader of CSV files, gzipped or not, as archives and people write them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from helios.catalog.csv_text import Header, is_gzip, read_header
from helios.catalog.file_reader import FileReader
from helios.catalog.schema import SchemaChoice, Sources, find_sources
from helios.catalog.table import NO_ID, StarTable
from helios.errors import InputError

BLOCK_BYTES = 1 << 24
"""Bytes of text parsed at a time: about 200,000 rows of six columns."""

BLANKS = tuple(" " * n for n in range(1, 33))
"""Spellings of a missing value in files of fixed width."""


class CsvReader(FileReader):
    """The stars of the CSV file `path`; gzip is recognised by its first bytes.

    Columns may be in any order, among any others; `#` lines before the header are comments. Raises InputError for a
    file without the columns, and for one that is not text.
    """

    row_unit = "line"

    def __init__(self, path: Path, choice: SchemaChoice | None = None, name: str | None = None):
        super().__init__(path, choice, name)
        self.header, units = self.read_header()
        where = f"{self.path} line {self.header.line}" if self.header.line else str(self.path)
        self.sources: Sources = find_sources(self.schema, self.header.names, where, units)

    def read_header(self) -> tuple[Header, dict[str, str]]:
        """Return the file's header, and the units that it declares, by column: none in plain CSV."""
        return read_header(self.path), {}

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, BLOCK_BYTES of text at a time.

        Raises InputError, naming line, column and value, for text in a column of numbers, a row of the wrong length, a
        damaged gzip stream, or a file without rows.
        """
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        header, id_column = self.header, self.sources.id_column
        types = dict.fromkeys(self.sources.numbers, pa.float64())
        if id_column:
            types[id_column] = pa.int64()
        row = header.line
        read = pa_csv.ReadOptions(block_size=BLOCK_BYTES, column_names=header.names)
        # An empty line must stay a row, or all later line numbers would be wrong.
        parse = pa_csv.ParseOptions(
            delimiter=header.delimiter, quote_char=header.quote or False, ignore_empty_lines=False
        )
        convert = pa_csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=(*self.schema.null, "", *BLANKS),
            strings_can_be_null=True,
        )
        try:
            with pa.input_stream(str(self.path), compression="gzip" if is_gzip(self.path) else None) as stream:
                stream.read(header.end)
                for batch in pa_csv.open_csv(stream, read, parse, convert):
                    columns = {name: batch.column(name) for name in types}
                    if id_column:
                        columns[id_column] = columns[id_column].fill_null(NO_ID)
                    values = {name: column.to_numpy(zero_copy_only=False) for name, column in columns.items()}
                    yield self.sources.table(values, row + 1)
                    row += len(batch)
        except (pa.ArrowInvalid, OSError) as error:
            from helios.catalog.csv_faults import find_fault

            raise find_fault(self.path, header, self.sources, error) from error
        if row == header.line:
            raise InputError(f"{self.path}: has a header but no rows")
