"""Reads the answer of a TAP service: the rows of a VOTable, or the service's own message on why there are none.

Nothing in an answer is executed, and nothing that it refers to is fetched. TAP 1.1 (doi:10.5479/ADS/bib/2019ivoa.spec
.0927D), section 3.3: the INFO element QUERY_STATUS says OK, ERROR, or OVERFLOW where rows were left out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat

import numpy as np

from helios.catalog.file_reader import parsing
from helios.catalog.text_values import is_number
from helios.catalog.votable import NUMBERS
from helios.catalog.votable_scan import Field, Scan, scan_votable
from helios.errors import ArchiveError, InputError
from helios.gzipped import DAMAGED_GZIP, open_binary

if TYPE_CHECKING:
    import pyarrow as pa

TEXTS = ("char", "unicodeChar")

SHOWN = 300
"""Number of characters of the archive's own message that are shown."""


class BrokenAnswer(Exception):
    """An answer that did not arrive complete; asking again may help."""


@dataclass
class _Status:
    root: str = ""
    value: str = ""
    words: str = ""


def read_answer(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return the rows of the VOTable `path`, gzipped or not, as an Arrow table of the `columns`, in their order.

    Numbers keep their type, texts become strings; missing values, which include NaN, are null; a field's unit is in its
    metadata. Raises BrokenAnswer for a file that was cut short or damaged in transit, and ArchiveError for a query that
    was refused, an answer that lacks rows or columns, and one that is not a VOTable.
    """
    try:
        with open_binary(path) as file:
            status = _read_status(file)
        if status.value == "ERROR":
            raise ArchiveError(f"refuses the query: {one_line(status.words) or 'no reason given'}")
        if status.value == "OVERFLOW":
            raise ArchiveError(
                "leaves rows out of its answer (OVERFLOW), so it is not used; fewer --rows-per-piece may come whole"
            )
        scan = scan_votable(path, partial(_checks, columns), empty=True)
        with parsing(path, "VOTable"), open_binary(path) as file:
            from astropy.io import votable

            rows = votable.parse(file, table_number=0, verify="ignore").get_first_table().array
    except DAMAGED_GZIP as error:
        raise BrokenAnswer(f"damaged gzip file ({error})") from error
    except InputError as error:
        raise BrokenAnswer(
            str(error).removeprefix(f"{path}").strip(" :").removesuffix("; download it again")
        ) from error
    if len(rows) != scan.rows:
        raise BrokenAnswer(f"{len(rows):,} rows, must be {scan.rows:,}")
    return _arrow(rows, scan.fields, columns)


def check_job(body: bytes) -> None:
    """Raise ArchiveError unless `body` is the description of a UWS job (doi:10.5479/ADS/bib/2016ivoa.spec.1024H).

    Raises BrokenAnswer for one that was cut short or damaged in transit.
    """
    _read_status(io.BytesIO(body), "job")


def words_of(body: bytes) -> str:
    """Return the message in the body of an HTTP error, on one line: that of a VOTable, else its text without tags."""
    try:
        status = _read_status(io.BytesIO(body))
        if status.words:
            return one_line(status.words)
    except (ArchiveError, BrokenAnswer):
        pass
    text = body[:20_000].decode("utf-8", "replace")
    return one_line(re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE))


def one_line(text: str) -> str:
    """Return `text` on one line, only printable characters, cut after SHOWN of them."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def _read_status(file: BinaryIO, root: str = "VOTABLE") -> _Status:
    kind = {"VOTABLE": "a VOTable", "job": "the description of a job"}[root]
    status = _Status()
    texts: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def doctype(name: str, *rest: object) -> None:
        if name.lower() == "html":
            raise ArchiveError(f"answers with a web page, must be {kind}; is --url the address of its TAP service?")
        raise ArchiveError("answers with a document type declaration, which may declare entities; refused")

    def start(tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rsplit(":", 1)[-1]
        status.root = status.root or tag
        if status.root != root:
            raise ArchiveError(f"answers with <{one_line(tag)[:40]}>, must be {kind}; is --url its TAP service?")
        if tag == "STREAM" and "href" in attributes:
            raise ArchiveError("answers with rows that lie elsewhere; refused and nothing fetched")
        if tag == "INFO" and attributes.get("name") == "QUERY_STATUS" and attributes.get("value", "").upper() != "OK":
            status.value = attributes.get("value", "").upper()
            parser.CharacterDataHandler = texts.append

    def end(tag: str) -> None:
        parser.CharacterDataHandler = None

    parser.StartDoctypeDeclHandler, parser.StartElementHandler, parser.EndElementHandler = doctype, start, end
    try:
        parser.ParseFile(file)
    except (expat.ExpatError, LookupError) as error:
        if status.root or not _begins(file):
            raise BrokenAnswer(f"cut short or damaged ({error})") from error
        raise ArchiveError(f"answers with {one_line(_begins(file))[:60]!r}..., must be {kind}") from error
    status.words = "".join(texts)
    return status


def _begins(file: BinaryIO) -> str:
    file.seek(0)
    return file.read(200).decode("utf-8", "replace")


def _checks(columns: Sequence[str], scan: Scan) -> dict[int, Callable[[int, str], None]]:
    fields = scan.fields
    names = [field.name.lower() for field in fields]
    if names != list(columns):
        raise ArchiveError(f"answers with the columns {one_line(', '.join(names))}, not those asked for")
    for field in fields:
        if field.datatype not in (*NUMBERS, "boolean", *TEXTS) or _is_array(field):
            raise ArchiveError(f"has arrays in the column {field.name}, must be one value per row; leave it out")
    return {place: _check_number for place, field in enumerate(fields) if field.datatype in NUMBERS}


def _is_array(field: Field) -> bool:
    return field.datatype not in TEXTS and field.arraysize not in ("", "1")


def _check_number(row: int, text: str) -> None:
    if text and not is_number(text) and text.lower() not in ("nan", "null"):
        raise InputError(f"row {row}: {text[:40]!r} is no number")


def _arrow(rows: np.ma.MaskedArray, fields: Sequence[Field], columns: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    arrays, schema = [], []
    for column, name, field in zip(columns, rows.dtype.names or (), fields):
        values, missing = np.ma.getdata(rows[name]), np.ma.getmaskarray(rows[name])
        if field.datatype in TEXTS:
            texts = [None if m or v is None else str(v) for v, m in zip(values, missing)]
            array = pa.array([text or None for text in texts], pa.string())
        else:
            if values.dtype.kind == "f":
                missing = missing | np.isnan(values)
            array = pa.array(np.ascontiguousarray(values, values.dtype.newbyteorder("=")), mask=missing)
        arrays.append(array)
        schema.append(pa.field(column, array.type, metadata={"unit": field.unit} if field.unit else None))
    return pa.Table.from_arrays(arrays, schema=pa.schema(schema))
