"""Scans the XML of a VOTable before astropy parses it: for external references, declared sizes, and faults.

Nothing outside the file is ever opened: a document type declaration, the only place where XML declares entities, and an
external stream are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from helios.catalog.csv_text import DAMAGED_GZIP, open_binary
from helios.catalog.schema import shown
from helios.catalog.votable_stream import stream_rows
from helios.errors import InputError

SERIALISATIONS = ("TABLEDATA", "BINARY", "BINARY2")

LARGEST_ARRAY = 1 << 20
"""Number of values per row of a column that is allowed however small the file is."""


@dataclass(frozen=True)
class Field:
    """One column as the file declares it; `datatype` is that of one value, `arraysize` is empty for a scalar."""

    name: str
    datatype: str
    arraysize: str
    unit: str

    @property
    def values(self) -> int:
        """The least number of values in a row; a size that is not a number counts as 1."""
        sizes = self.arraysize.split("x")
        return math.prod(int(n) for n in sizes if n.strip().isascii() and n.strip().isdigit() and len(n) < 20)


@dataclass
class Scan:
    """The first table of a VOTable: its fields, serialisation, and number of rows.

    `declared_rows` is the number that the file declares, None if it does not; `rows` is the number counted.
    """

    fields: list[Field] = field(default_factory=list)
    serialisation: str = ""
    declared_rows: int | None = None
    rows: int = 0


CellCheck = Callable[[int, str], None]
"""Called with the row, from 1, and the text of a value in TABLEDATA; may raise InputError."""

Prepare = Callable[[list[Field]], Mapping[int, CellCheck]]
"""Called with the fields once they are known; returns the checks of the values, by index of the column."""


class _Scanner:
    def __init__(self, path: Path, prepare: Prepare):
        self.path, self.prepare = path, prepare
        self.scan, self.tables, self.cell = Scan(), 0, -1
        self.checks: Mapping[int, CellCheck] = {}
        self.text: list[str] = []
        self.stream: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end

    def fail(self, problem: str) -> InputError:
        return InputError(f"{self.path} line {self.parser.CurrentLineNumber}: {problem}")

    def doctype(self, name, system_id, public_id, has_internal_subset) -> None:
        raise self.fail(
            "a document type declaration, which may declare entities; refused and nothing fetched: remove it"
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rsplit(":", 1)[-1]
        if tag == "STREAM" and "href" in attributes:
            raise self.fail(
                f"the rows lie elsewhere, at {shown(attributes['href'])}; refused and nothing fetched: download the "
                "table with its rows inside"
            )
        if tag == "TABLE":
            self.tables += 1
            if self.tables == 1:
                self.scan.declared_rows = self.declared(attributes.get("nrows"))
        if self.tables != 1:
            return
        if tag == "TD":
            self.cell += 1
            if self.cell in self.checks:
                self.text = []
                self.parser.CharacterDataHandler = self.text.append
        elif tag == "TR":
            self.scan.rows += 1
            self.cell = -1
        elif tag == "FIELD":
            values = (attributes.get(key, "") for key in ("datatype", "arraysize", "unit"))
            self.scan.fields.append(Field(attributes.get("name") or attributes.get("ID", ""), *values))
        elif tag == "STREAM":
            self.parser.CharacterDataHandler = self.stream.append
        elif tag in (*SERIALISATIONS, "FITS", "PARQUET"):
            self.scan.serialisation = tag
            self.checks = self.prepare(self.scan.fields)

    def end(self, tag: str) -> None:
        tag = tag.rsplit(":", 1)[-1]
        if self.tables != 1 or tag not in ("TD", "STREAM"):
            return
        self.parser.CharacterDataHandler = None
        if tag == "TD" and self.cell in self.checks:
            self.checks[self.cell](self.scan.rows, "".join(self.text).strip())
        elif tag == "STREAM" and self.scan.serialisation in ("BINARY", "BINARY2"):
            columns = [(field.datatype, field.arraysize) for field in self.scan.fields]
            try:
                self.scan.rows = stream_rows("".join(self.stream), columns, self.scan.serialisation == "BINARY2")
            except ValueError as error:
                raise InputError(f"{self.path}: {error}; download it again") from error
            self.stream.clear()

    def declared(self, text: str | None) -> int | None:
        if text is None:
            return None
        if not (text.strip().isascii() and text.strip().isdigit() and len(text) < 16):
            raise self.fail(f"nrows {shown(text)}: must be a number of rows")
        return int(text)


def scan_votable(path: Path, prepare: Prepare, empty: bool = False) -> Scan:
    """Return the Scan of the first table of the VOTable `path`, gzipped or not; all of the XML is read.

    Raises InputError, with the line where known, for a file that is not XML, a document type declaration, rows that
    are outside the file or cut short, and a table without rows unless `empty`, and what `prepare` and its checks raise.
    """
    scanner = _Scanner(path, prepare)
    try:
        with open_binary(path) as file:
            scanner.parser.ParseFile(file)
            size = file.tell()
    except expat.ExpatError as error:
        raise InputError(f"{path} line {error.lineno}: no XML ({error}); download it again") from error
    except DAMAGED_GZIP as error:
        raise InputError(f"{path}: damaged gzip file ({error}); download it again") from error
    except (LookupError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: no XML in an encoding that is known ({error})") from error
    scan = scanner.scan
    if empty and scan.fields and not scan.serialisation:  # a TABLE without DATA has no rows
        prepare(scan.fields)
        return scan
    if scan.serialisation not in SERIALISATIONS:
        found = f"its rows are {scan.serialisation}" if scan.serialisation else "it has no table with rows"
        raise InputError(f"{path}: {found}; must be a VOTable with {', '.join(SERIALISATIONS)}")
    # Checked before memory is allocated for the rows: each takes at least a byte.
    if scan.declared_rows is not None and scan.declared_rows > size:
        raise InputError(f"{path}: nrows {scan.declared_rows:,} in a file of {size:,} bytes; download it again")
    wide = next((field for field in scan.fields if field.values > max(size, LARGEST_ARRAY)), None)
    if wide:
        raise InputError(f"{path}: arraysize {shown(wide.arraysize)} in a file of {size:,} bytes; download it again")
    if scan.declared_rows not in (None, scan.rows):
        raise InputError(f"{path}: {scan.rows:,} rows, must be {scan.declared_rows:,} by its nrows; download it again")
    if not scan.rows and not empty:
        raise InputError(f"{path}: has no rows")
    return scan
