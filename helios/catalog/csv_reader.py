"""Reader of CSV files, gzipped or not, as archives and people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from helios.catalog.csv_text import Header, lines, read_header
from helios.catalog.declared import Coordinates, Declared, one_system
from helios.catalog.ecsv_header import is_ecsv, read_ecsv_header
from helios.catalog.file_reader import FileReader
from helios.catalog.schema import SchemaChoice
from helios.catalog.sources import NoStars
from helios.catalog.table import NO_ID, StarTable
from helios.catalog.text_values import is_number
from helios.errors import InputError
from helios.gzipped import is_gzip, open_binary

BLOCK_BYTES = 1 << 21
"""Bytes of text parsed at a time: about 25,000 rows of six columns, or two million of nothing."""

EMPTY_ROWS = 1 << 20
"""Rows without any value from which on a file is refused: such a block unpacks from a few hundred bytes."""

BLANKS = tuple(" " * n for n in range(1, 33))
"""Spellings of a missing value in files of fixed width."""

TRUE, FALSE = ("True", "true", "TRUE", "1"), ("False", "false", "FALSE", "0")
"""Spellings of a truth value."""


class CsvReader(FileReader):
    """The stars of the CSV file `path`; gzip is recognised by its first bytes.

    Columns may be in any order, among any others, and stand between commas, tabs or semicolons; `#` lines before the
    header are comments, by which it may be an ECSV file. Two lines below the header, of units and of dashes, are those
    of VizieR's tables. Raises InputError for a file without the columns, and for one that is not text.
    """

    row_unit = "line"

    def __init__(
        self, path: Path, choice: SchemaChoice | None = None, name: str | None = None, table: str | None = None
    ):
        super().__init__(path, choice, name, table)
        self.header, declared = self.read_header()
        line = self.header.line - (2 if self.header.units else 0)
        try:
            self.interpret(declared, f"{self.path} line {line}" if line else None)
        except NoStars as error:
            hidden = self._hidden_header(declared)
            if hidden is None:
                raise
            raise NoStars(f"{error}; the line before it, '# {hidden}', is a comment: take its # away") from error

    def read_header(self) -> tuple[Header, Declared]:
        """Return the file's header, and what it declares: units in ECSV files and VizieR's, else no more than names."""
        header = read_header(self.path)
        if is_ecsv(header):
            return read_ecsv_header(header, self.path)
        units = {name: unit for name, unit in zip(header.names, header.units) if unit}
        systems = [_coosys(comment) for comment in header.comments if comment.startswith("Coosys")]
        told = one_system(header.names, systems)
        notes = () if told or not systems else ("declares several Coosys; its positions are taken as ICRS",)
        tables = tuple(comment for comment in header.comments if re.match(r"(Name|Title|Table)\b", comment))
        return header, Declared(header.names, units, told, tables, notes)

    def first_number(self, column: str) -> float:
        """Return the number in the first row of `column`; NaN where there is none."""
        header = self.header
        with open_binary(self.path) as file:
            first = next(islice(lines(file, self.path), header.line, None), b"").decode("utf-8", "replace")
        values = header.split(first.rstrip("\r\n"))
        place = header.names.index(column)
        return float(values[place]) if place < len(values) and is_number(values[place]) else math.nan

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, BLOCK_BYTES of text at a time.

        Raises InputError, naming line, column and value, for text in a column of numbers, a row of the wrong length, a
        damaged gzip stream, or a file without rows.
        """
        import pyarrow as pa

        row = self.header.line
        try:
            try:
                for batch in self._batches(self._types()):
                    self._check_not_empty(batch, row)
                    values = {name: self._values(name, batch.column(name)) for name in self.sources.all}
                    table = self.sources.table(values, row + 1)
                    row += len(table)
                    yield table
            except pa.ArrowInvalid:
                # A missing value may have blanks around it, which the fast parser takes around numbers alone.
                done, row = row, self.header.line
                for batch in self._batches(dict.fromkeys(self.sources.all, pa.string())):
                    table = self.sources.table(self._parsed(batch), row + 1)
                    row += len(table)
                    if row > done:
                        yield table[max(0, done - row + len(table)) :]
        except (pa.ArrowInvalid, OSError) as error:
            from helios.catalog.csv_faults import find_fault

            raise find_fault(self.path, self.header, self.sources, error) from error
        if row == self.header.line:
            raise InputError(f"{self.path}: has a header but no rows")

    def _check_not_empty(self, batch: Any, row: int) -> None:
        """Raise InputError for a block of rows after `row` of many without a value."""
        if len(batch) >= EMPTY_ROWS and all(batch.column(name).null_count == len(batch) for name in batch.schema.names):
            raise InputError(f"{self.path} line {row + 1}: {len(batch):,} rows without a value follow, must be stars")

    def _types(self) -> dict[str, Any]:
        """Return the Arrow type of each column that is read."""
        import pyarrow as pa

        types = dict.fromkeys(self.sources.numbers, pa.float64()) | dict.fromkeys(self.sources.flags, pa.bool_())
        return types | ({self.sources.id_column: pa.int64()} if self.sources.id_column else {})

    def _missing(self) -> tuple[str, ...]:
        """Return the spellings of a missing value; a number that is one in a single column is left to `sources`."""
        words = [text for c in self.schema.columns.values() for text in c.null if not is_number(text)]
        return (*self.schema.null, *words, "", *BLANKS)

    def _batches(self, types: Mapping[str, Any]) -> Iterator[Any]:
        """Yield record batches of the columns `types`. May raise ArrowInvalid and OSError."""
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        header = self.header
        read = pa_csv.ReadOptions(block_size=BLOCK_BYTES, column_names=header.names)
        # An empty line must stay a row, or all later line numbers would be wrong.
        parse = pa_csv.ParseOptions(
            delimiter=header.delimiter, quote_char=header.quote or False, ignore_empty_lines=False
        )
        convert = pa_csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=self._missing(),
            strings_can_be_null=True,
            true_values=TRUE,
            false_values=FALSE,
        )
        with pa.input_stream(str(self.path), compression="gzip" if is_gzip(self.path) else None) as stream:
            stream.read(header.end)
            yield from pa_csv.open_csv(stream, read, parse, convert)

    def _parsed(self, texts: Any) -> dict[str, NDArray]:
        """Return the values of a record batch of texts, of which missing values may have blanks around them."""
        import pyarrow as pa
        import pyarrow.compute as pc

        types, values = self._types(), {}
        for name in self.sources.all:
            column = pc.utf8_trim_whitespace(texts.column(name))
            column = pc.if_else(pc.is_in(column, pa.array(self._missing())), None, column)
            values[name] = self._values(name, column.cast(types[name]))
        return values

    def _values(self, name: str, column: Any) -> NDArray:
        if name == self.sources.id_column:
            column = column.fill_null(NO_ID)
        elif name in self.sources.flags:
            column = column.fill_null(True)
        return column.to_numpy(zero_copy_only=False)

    def _hidden_header(self, declared: Declared) -> str | None:
        """Return the comment just before the header where it has more of the needed columns than the header."""
        comment = (self.header.comments or ("",))[-1].strip()
        words = {word.strip().lower() for word in re.split(r"[,;\t ]+", comment)}
        wanted = {name.lower() for column in self.schema.columns.values() for name in column.sources}
        return comment[:80] if len(words & wanted) > len(wanted & {n.lower() for n in declared.names}) else None


def _coosys(comment: str) -> Coordinates:
    """Return the system in a comment of VizieR's, such as `Coosys J2000_1991.250: eq_FK5 J2000`."""
    label, _, told = comment.removeprefix("Coosys").partition(":")
    system, _, equinox = told.strip().partition(" ")
    epoch = label.strip().partition("_")[2]
    return Coordinates(system, equinox.strip(), epoch, "Coosys")
