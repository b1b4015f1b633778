"""Finds what is wrong with a CSV file that the fast parser refused, by reading it again slowly."""

from __future__ import annotations

import csv
from pathlib import Path

from helios.catalog.csv_text import DAMAGED_GZIP, Header, open_text
from helios.errors import InputError

SHOWN = 40
"""Characters of a wrong value that a message shows."""


def find_fault(
    path: Path,
    header: Header,
    id_column: str | None,
    columns: tuple[str, ...],
    missing: tuple[str, ...],
    error: Exception,
) -> InputError:
    """Return the InputError that names the first unusable row of `path`: its line, column and value.

    `columns` are those of the header that must hold numbers, `id_column` the one of these that
    must hold whole numbers, `missing` the texts that stand for no value. `error` is what the fast parser said; it
    is passed on where the slow one finds no fault.
    """
    line = header.line
    try:
        with open_text(path) as binary:
            for _ in range(header.line):
                binary.readline()
            rows = csv.reader(text.decode("utf-8") for text in binary)
            for row in rows:
                line = header.line + rows.line_num
                problem = row and _problem(row, header.names, id_column, columns, missing)
                if problem:
                    return InputError(f"{path} line {line}: {problem}")
    except DAMAGED_GZIP as fault:
        return InputError(f"{path}: damaged gzip file after line {line} ({fault}); download it again")
    except (UnicodeDecodeError, csv.Error) as fault:
        return InputError(f"{path} line {line + 1}: not text ({fault}); must be a CSV file in UTF-8")
    if line == header.line:
        return InputError(f"{path}: has a header but no rows")
    return InputError(f"{path}: not readable as CSV: {str(error).splitlines()[0]}")


def _problem(row, names, id_column, columns, missing) -> str | None:
    if len(row) != len(names):
        return f"{len(row)} values, the header has {len(names)} columns; mend or remove the line"
    for name, value in zip(names, row):
        value = value.strip()
        if name not in columns or value in missing:
            continue
        shown = value if len(value) <= SHOWN else value[:SHOWN] + "..."
        if name == id_column:
            digits = value.removeprefix("-")
            # 20 digits: int() itself refuses thousands of them.
            if not (digits.isascii() and digits.isdigit() and len(digits) <= 20 and -(2**63) <= int(value) < 2**63):
                return f"{name} {shown!r}: must be a whole number below 2^63; mend or remove the line"
        elif not _is_number(value):
            return f"{name} {shown!r}: must be a number, or empty where it is missing; mend or remove the line"
    return None


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return value.isascii() and "_" not in value
