"""Counts the rows of a VOTable's BINARY or BINARY2 stream: astropy silently stops at the last complete row."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence

VALUE_BYTES = {
    "boolean": 1,
    "unsignedByte": 1,
    "char": 1,
    "short": 2,
    "unicodeChar": 2,
    "int": 4,
    "float": 4,
    "long": 8,
    "double": 8,
    "floatComplex": 8,
    "doubleComplex": 16,
}
"""Bytes of one value by datatype: VOTable 1.4, section 2.1."""


def stream_rows(text: str, columns: Sequence[tuple[str, str]], nulls: bool) -> int:
    """Return the number of rows in the base64 `text`.

    `columns` are datatype and arraysize of each column; `nulls` says that every row begins with a bit for each column,
    as in BINARY2. Raises ValueError where the text is not base64, the type or size of a column is unknown, or the last
    row is incomplete.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"its stream is no base64: {error}") from error
    # For each column of varying length: bytes before it, and per item; `fixed` has the bytes since the last one.
    skips, items, fixed = [], [], (len(columns) + 7) // 8 if nulls else 0
    for datatype, arraysize in columns:
        *sizes, last = arraysize.lower().split("x") if arraysize.strip() else ["1"]
        if not all(size.strip().isdigit() for size in [*sizes, last.strip().removesuffix("*") or "1"]):
            raise ValueError(f"a column of arraysize {arraysize[:40]!r}")
        count = math.prod(int(size) for size in sizes)
        if datatype != "bit" and datatype not in VALUE_BYTES:
            raise ValueError(f"a column of the unknown type {datatype[:40]!r}")
        if not last.strip().endswith("*"):
            count *= int(last)
            fixed += (count + 7) // 8 if datatype == "bit" else count * VALUE_BYTES[datatype]
        elif datatype == "bit":
            raise ValueError("a column of bits of varying length")
        else:
            skips.append(fixed)
            items.append(count * VALUE_BYTES[datatype])
            fixed = 0
    row, place = 0, 0
    if not items:
        row, place = divmod(len(data), fixed) if fixed else (0, len(data))
        place = len(data) - place
    while items and place < len(data):
        start = place
        for skip, item in zip(skips, items):
            place += skip
            place += 4 + item * int.from_bytes(data[place : place + 4], "big")
        place += fixed
        if place > len(data):
            place = start
            break
        row += 1
    if place != len(data):
        raise ValueError(f"ends after row {row:,}, in the middle of the next")
    return row
