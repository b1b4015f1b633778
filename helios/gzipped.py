"""Files that may be gzipped, whatever their names."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import BinaryIO, cast

GZIP_MAGIC = b"\x1f\x8b"

DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
"""What Python's gzip raises for a stream that is cut short or damaged."""


def is_gzip(path: Path) -> bool:
    """Return whether the file begins as a gzip file does, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def open_binary(path: Path) -> BinaryIO:
    """Return the file opened for reading bytes, decompressed if it is a gzip file."""
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")
