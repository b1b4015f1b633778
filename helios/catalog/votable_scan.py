"""Scans the XML of a VOTable before astropy parses it: for external references, declared sizes, and faults.

Nothing outside the file is ever opened: a document type declaration, the only place where XML declares entities, and an
external stream are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from helios.catalog.declared import Coordinates, Declared, one_system
from helios.catalog.schema import shown
from helios.catalog.sources import NoStars
from helios.catalog.votable_stream import stream_rows
from helios.errors import InputError
from helios.gzipped import DAMAGED_GZIP, open_binary

SERIALISATIONS = ("TABLEDATA", "BINARY", "BINARY2")

LARGEST_ARRAY = 1 << 20
"""Number of values per row of a column that is allowed however small the file is."""


@dataclass(frozen=True)
class Field:
    """One column as the file declares it; `datatype` is that of one value, `arraysize` is empty for a scalar.

    `ref` is the ID of what it refers to, such as a COOSYS.
    """

    name: str
    datatype: str
    arraysize: str
    unit: str
    ref: str = ""

    @property
    def values(self) -> int:
        """The least number of values in a row; a size that is not a number counts as 1."""
        sizes = self.arraysize.split("x")
        return math.prod(int(n) for n in sizes if n.strip().isascii() and n.strip().isdigit() and len(n) < 20)


@dataclass
class Scan:
    """A table of a VOTable: its fields, serialisation, and number of rows, and what the file says beside it.

    `declared_rows` is the number that the file declares, None if it does not; `rows` is the number counted. `tables`
    are in the file. `systems` are the COOSYS of the file by ID. `titles` are texts that may name the survey. `status`
    is the last QUERY_STATUS that is not OK, with its `words`: section 3.3 of TAP 1.1
    (doi:10.5479/ADS/bib/2019ivoa.spec.0927D).
    """

    fields: list[Field] = field(default_factory=list)
    serialisation: str = ""
    declared_rows: int | None = None
    rows: int = 0
    tables: int = 0
    systems: dict[str, Coordinates] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    status: str = ""
    words: str = ""

    def declared(self) -> Declared:
        """Return what the file says of the table. A column that refers to nothing is in the only system there is."""
        names, systems = [field.name for field in self.fields], list(self.systems.values())
        told = {field.name: self.systems[field.ref] for field in self.fields if field.ref in self.systems}
        notes = []
        if not told and systems:
            told = one_system(names, systems)
            notes += [] if told else ["declares several COOSYS, none for its columns: its positions are taken as ICRS"]
        if self.status:
            why = "its service left rows out" if self.status == "OVERFLOW" else self.words or "no reason given"
            notes.append(f"says QUERY_STATUS {self.status[:40]}: {why[:200]}")
        units = {field.name: field.unit for field in self.fields if field.unit}
        return Declared(names, units, told, tuple(self.titles), tuple(notes))


CellCheck = Callable[[int, str], None]
"""Called with the row, from 1, and the text of a value in TABLEDATA; may raise InputError."""

Prepare = Callable[[Scan], Mapping[int, CellCheck]]
"""Called once the fields are known; returns the checks of the values, by index of the column."""


class _Scanner:
    def __init__(self, path: Path, prepare: Prepare, table: int):
        self.path, self.prepare, self.table = path, prepare, table
        self.scan, self.tables, self.cell = Scan(), -1, -1
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
            self.scan.tables += 1
            if self.tables == self.table:
                self.scan.declared_rows = self.declared(attributes.get("nrows"))
                self.scan.titles.append(attributes.get("name", ""))
        elif tag in ("COOSYS", "INFO", "PARAM"):
            self.told(tag, attributes)
        if self.tables != self.table:
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
            values = (attributes.get(key, "") for key in ("datatype", "arraysize", "unit", "ref"))
            self.scan.fields.append(Field(attributes.get("name") or attributes.get("ID", ""), *values))
        elif tag == "STREAM":
            self.parser.CharacterDataHandler = self.stream.append
        elif tag in (*SERIALISATIONS, "FITS", "PARQUET"):
            self.scan.serialisation = tag
            self.checks = self.prepare(self.scan)

    def end(self, tag: str) -> None:
        tag = tag.rsplit(":", 1)[-1]
        if tag == "INFO" and self.parser.CharacterDataHandler is not None:
            self.parser.CharacterDataHandler = None
            self.scan.words = " ".join("".join(self.text).split())
        if self.tables != self.table or tag not in ("TD", "STREAM"):
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

    def told(self, tag: str, attributes: dict[str, str]) -> None:
        value, name = attributes.get("value", ""), attributes.get("name", "")
        if tag == "COOSYS":
            system, equinox, epoch = (attributes.get(key, "") for key in ("system", "equinox", "epoch"))
            self.scan.systems[attributes.get("ID", f"#{len(self.scan.systems)}")] = Coordinates(
                system, equinox, epoch, "COOSYS"
            )
        elif name.upper() in ("RELEASE", "QUERY", "TABLE"):
            self.scan.titles.append(value)
        elif tag == "INFO" and name == "QUERY_STATUS" and value.upper() != "OK":
            self.scan.status, self.text = value.upper(), []
            self.parser.CharacterDataHandler = self.text.append

    def declared(self, text: str | None) -> int | None:
        if text is None:
            return None
        if not (text.strip().isascii() and text.strip().isdigit() and len(text) < 16):
            raise self.fail(f"nrows {shown(text)}: must be a number of rows")
        return int(text)


def table_labels(path: Path) -> list[str]:
    """Return the name of each table of the VOTable `path`, or its number, from 1, where that is no name of its own.

    None where the file is no XML: whoever reads it says so.
    """
    names: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rsplit(":", 1)[-1] == "TABLE":
            names.append((attributes.get("name") or attributes.get("ID", "")).strip())

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        with open_binary(path) as file:
            parser.ParseFile(file)
    except (expat.ExpatError, *DAMAGED_GZIP, LookupError, ValueError):
        return []
    return [name if name and names.count(name) == 1 else str(i) for i, name in enumerate(names, 1)]


def read_metadata(file: BinaryIO, path: Path) -> Declared:
    """Return what a VOTable without rows, in `file`, declares of its first table; `path` begins messages.

    Raises InputError where it is no XML or has a document type declaration.
    """
    scanner = _Scanner(path, lambda scan: {}, 0)
    try:
        scanner.parser.ParseFile(file)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: the VOTable in its metadata is no XML ({error}); download it again") from error
    return scanner.scan.declared()


def scan_votable(path: Path, prepare: Prepare, empty: bool = False, table: int = 0) -> Scan:
    """Return the Scan of the table with the number `table`, from 0, of the VOTable `path`, gzipped or not.

    All of the XML is read. Raises InputError, with the line where known, for a file that is not XML, a document type
    declaration, rows that are outside the file or cut short, a table without rows unless `empty`, and a service that
    says that it failed, and what `prepare` and its checks raise.
    """
    scanner = _Scanner(path, prepare, table)
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
    if scan.status == "ERROR":
        why = scan.words[:200] or "no reason given"
        raise InputError(f"{path}: its service says QUERY_STATUS ERROR: {why}; ask it again")
    if empty and scan.fields and not scan.serialisation:  # a TABLE without DATA has no rows
        prepare(scan)
        return scan
    if scan.serialisation not in SERIALISATIONS:
        kinds = f"must be a VOTable with {', '.join(SERIALISATIONS)}"
        if scan.serialisation:
            raise InputError(f"{path}: its rows are {scan.serialisation}; {kinds}")
        raise NoStars(f"{path}: it has no table with rows; {kinds}")
    # Checked before memory is allocated for the rows: each takes at least a byte.
    if scan.declared_rows is not None and scan.declared_rows > size:
        raise InputError(f"{path}: nrows {scan.declared_rows:,} in a file of {size:,} bytes; download it again")
    wide = next((field for field in scan.fields if field.values > max(size, LARGEST_ARRAY)), None)
    if wide:
        raise InputError(f"{path}: arraysize {shown(wide.arraysize)} in a file of {size:,} bytes; download it again")
    if scan.declared_rows not in (None, scan.rows):
        raise InputError(f"{path}: {scan.rows:,} rows, must be {scan.declared_rows:,} by its nrows; download it again")
    if not scan.rows and not empty:
        raise NoStars(f"{path}: has no rows")
    return scan
