"""The comment lines by which a CSV file is an ECSV file, whatever its name: Gaia's bulk files are called `.csv`."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from helios.catalog.astropy_header import declared_by, load_header
from helios.catalog.csv_text import Header
from helios.catalog.declared import Declared
from helios.catalog.schema import shown
from helios.errors import InputError


def is_ecsv(header: Header) -> bool:
    """Return whether the comments of `header` are an ECSV header."""
    return bool(header.comments) and header.comments[0].strip().startswith("%ECSV")


def read_ecsv_header(header: Header, path: Path) -> tuple[Header, Declared]:
    """Return `header` with the delimiter and the names of an ECSV file, and what its comments declare.

    Raises InputError, which begins with `path`, for comments that are no ECSV header of these columns.
    """
    content = load_header("\n".join(comment.removeprefix(" ") for comment in header.comments[1:]), path)
    delimiter = content.get("delimiter", " ")
    if not isinstance(delimiter, str) or delimiter not in (" ", ","):
        told = shown(delimiter) if isinstance(delimiter, str) else "no text"
        raise InputError(f"{path}: delimiter {told} in the ECSV header: must be ' ' or ','")
    declared = declared_by(content, path)
    (names,) = csv.reader([header.text], delimiter=delimiter)
    names = [name.strip() for name in names]
    if names != list(declared.names):
        raise InputError(
            f"{path} line {header.line}: the column names are not those of the ECSV header; mend one of them"
        )
    return replace(header, delimiter=delimiter, names=tuple(names)), declared
