"""Finds the fault in a CSV file that the fast parser refused, by reading it again slowly."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path

from helios.catalog.csv_text import Header, lines
from helios.catalog.schema import shown
from helios.catalog.sources import Sources
from helios.catalog.text_values import is_number, is_whole
from helios.errors import InputError
from helios.gzipped import DAMAGED_GZIP, open_binary


def find_fault(path: Path, header: Header, sources: Sources, error: Exception) -> InputError:
    """Return the InputError that names the first unusable row of `path`: its line, column and value.

    `sources` gives the columns that must hold numbers. `error` is the fast parser's; its message is used where the
    slow one finds no fault.
    """
    line = header.line
    numbers, missing = set(sources.numbers), {"", *sources.schema.null}
    try:
        with open_binary(path) as binary:
            for line, raw in enumerate(islice(lines(binary, path), header.line, None), header.line + 1):
                row = header.split(raw.decode("utf-8").rstrip("\r\n"))
                problem = row and _problem(row, header.names, sources.id_column, numbers, missing)
                if problem:
                    return InputError(f"{path} line {line}: {problem}")
    except InputError as fault:
        return fault
    except DAMAGED_GZIP as fault:
        return InputError(f"{path}: damaged gzip file after line {line} ({fault}); download it again")
    except UnicodeDecodeError as fault:
        return InputError(f"{path} line {line}: not text ({fault}); must be a CSV file in UTF-8")
    except csv.Error as fault:
        return InputError(f"{path} line {line}: not CSV ({fault}); mend or remove the line")
    if line == header.line:
        return InputError(f"{path}: has a header but no rows")
    return InputError(f"{path}: not readable as CSV: {str(error).splitlines()[0]}")


def _problem(
    row: list[str], names: tuple[str, ...], id_column: str | None, numbers: set[str], missing: set[str]
) -> str | None:
    if len(row) != len(names):
        return f"{len(row)} values, the header has {len(names)} columns; mend or remove the line"
    for name, value in zip(names, row):
        value = value.strip()
        if value in missing:
            continue
        if name == id_column:
            if not is_whole(value):
                return f"{name} {shown(value)}: must be a whole number below 2^63; mend or remove the line"
        elif name in numbers and not is_number(value):
            return f"{name} {shown(value)}: must be a number, or empty where it is missing; mend or remove the line"
    return None
