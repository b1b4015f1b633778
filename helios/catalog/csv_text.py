"""The text of a CSV file: its bytes, decompressed where need be, and its header."""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from helios.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"

DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
"""What Python's gzip raises for a stream that is cut short or altered."""


@dataclass(frozen=True)
class Header:
    """The columns of a file: `names` as they stand in it, `line` the number of that line, 1 for the first."""

    names: tuple[str, ...]
    line: int

    def column(self, wanted: str) -> str | None:
        """The file's own spelling of the column `wanted`, which may be in capitals; None where it has none."""
        return next((name for name in self.names if name.lower() == wanted), None)


def is_gzip(path: Path) -> bool:
    """Whether the file begins as a gzip file does, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def open_text(path: Path) -> BinaryIO:
    """The file's bytes, decompressed where it is a gzip file."""
    return gzip.open(path, "rb") if is_gzip(path) else path.open("rb")


def read_header(path: Path) -> Header:
    """Return the columns of the CSV file `path`; empty lines and `#` lines before them are skipped.

    Raises InputError for a file that is empty, damaged or no text.
    """
    number = 0
    try:
        with open_text(path) as file:
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8-sig")
                if text.strip() and not text.startswith("#"):
                    names = next(csv.reader([text], strict=True))
                    return Header(tuple(name.strip() for name in names), number)
    except DAMAGED_GZIP as error:
        raise InputError(f"{path}: damaged gzip file ({error}); download it again") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} line {number}: not text, must be the column names of a CSV file") from error
    raise InputError(f"{path}: empty, must be a CSV file with a header and a row per star")
