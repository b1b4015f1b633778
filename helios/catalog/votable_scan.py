"""Looks through the XML of a VOTable before astropy parses it: what it would fetch, what it declares, what is wrong.

Nothing outside the file is ever opened: a document type declaration, the only place where XML declares entities, and a
stream that lies elsewhere are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from helios.catalog.csv_text import DAMAGED_GZIP, open_binary
from helios.catalog.schema import shown
from helios.errors import InputError

SERIALISATIONS = ("TABLEDATA", "BINARY", "BINARY2")


@dataclass(frozen=True)
class Field:
    """One column of the table as the file declares it; `datatype` of one value, `arraysize` empty for a scalar."""

    name: str
    datatype: str
    arraysize: str
    unit: str


@dataclass
class Scan:
    """What stands in the first table of a VOTable: its fields, serialisation, and number of rows.

    `declared_rows` is what the file itself says, `rows` what was counted in TABLEDATA; None where there is neither.
    """

    fields: list[Field] = field(default_factory=list)
    serialisation: str = ""
    declared_rows: int | None = None
    rows: int | None = None


CellCheck = Callable[[int, int, str], None]
"""Called with row (the first is 1), column number and text of each value of a TABLEDATA; may raise InputError."""


class _Scanner:
    def __init__(self, path: Path, check: CellCheck | None):
        self.path, self.check = path, check
        self.scan, self.tables, self.depth_of_table = Scan(), 0, False
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.cell, self.text = -1, []

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
                self.scan.declared_rows = self._rows(attributes.get("nrows"))
        if self.tables != 1:
            return
        if tag == "FIELD":
            values = (attributes.get(key, "") for key in ("datatype", "arraysize", "unit"))
            self.scan.fields.append(Field(attributes.get("name") or attributes.get("ID", ""), *values))
        elif tag == "TR":
            self.scan.rows = (self.scan.rows or 0) + 1
            self.cell = -1
        elif tag == "TD":
            self.cell += 1
            self.text = []
            if self.check:
                self.parser.CharacterDataHandler = self.text.append
        elif tag in (*SERIALISATIONS, "FITS", "PARQUET"):
            self.scan.serialisation = tag
            self.scan.rows = 0 if tag == "TABLEDATA" else None

    def end(self, tag: str) -> None:
        if self.check and self.tables == 1 and tag.rsplit(":", 1)[-1] == "TD":
            self.parser.CharacterDataHandler = None
            self.check(self.scan.rows or 0, self.cell, "".join(self.text))

    def _rows(self, text: str | None) -> int | None:
        if text is None:
            return None
        if not (text.strip().isascii() and text.strip().isdigit() and len(text) < 16):
            raise self.fail(f"nrows {shown(text)}: must be a number of rows")
        return int(text)


def scan_votable(path: Path, check: CellCheck | None = None) -> Scan:
    """Return what the VOTable `path`, gzipped or not, declares of its first table, having read the XML to its end.

    Raises InputError, with the line, for what is no XML, for a document type declaration, for rows that lie outside
    the file, and what `check` raises.
    """
    scanner = _Scanner(path, check)
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
    if scan.serialisation not in SERIALISATIONS:
        found = f"its rows are {scan.serialisation}" if scan.serialisation else "it has no table with rows"
        raise InputError(f"{path}: {found}; must be a VOTable with {', '.join(SERIALISATIONS)}")
    # Checked before room is made for so many rows: none takes less than a byte.
    if scan.declared_rows is not None and scan.declared_rows > size:
        raise InputError(f"{path}: nrows {scan.declared_rows:,} in a file of {size:,} bytes; download it again")
    return scan
