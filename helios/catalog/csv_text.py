"""The text of a CSV file: its bytes, decompressed if gzipped, its lines and its header."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from helios.errors import InputError
from helios.gzipped import DAMAGED_GZIP, open_binary

DELIMITERS = (",", "\t", ";")
"""What stands between two values; the first where a header has as many of another."""

LONGEST_HEADER = 1 << 23
"""Most bytes of comments and empty lines before the header, and of the header."""

LONGEST_LINE = 1 << 24
"""Longest line that is read, in bytes."""


@dataclass(frozen=True)
class Header:
    """The columns of a file: their `names` as written in it, and where its rows begin.

    `line` is the number of the header's last line, from 1, or 0 for no header; `end` is the number of decompressed
    bytes up to its end. `comments` are the comment lines before it, without their `#`, and `text` is the line of the
    names. `units` are those in the line below it, as VizieR writes tables; empty in other files.
    """

    names: tuple[str, ...]
    line: int
    end: int
    delimiter: str = ","
    quote: str | None = '"'
    comments: tuple[str, ...] = ()
    text: str = ""
    units: tuple[str, ...] = ()

    def split(self, text: str) -> list[str]:
        """Return the values of one line; none for an empty line."""
        rows = csv.reader(
            [text],
            delimiter=self.delimiter,
            quotechar=self.quote or '"',
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
        )
        return next(rows, [])


def lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield the lines of `file` as the fast parser counts them, each with its line ending, which may be of any kind.

    `path` is for messages. Raises InputError for a line of more than LONGEST_LINE bytes.
    """
    rest = b""
    number = 0
    while piece := file.readline(1 << 20):
        *whole, rest = (rest + piece).splitlines(keepends=True)
        if rest.endswith(b"\n"):
            whole.append(rest)
            rest = b""
        number += len(whole)
        yield from whole
        if len(rest) > LONGEST_LINE:
            raise InputError(f"{path} line {number + 1}: longer than {LONGEST_LINE:,} bytes, must be a row of a table")
    yield from rest.splitlines(keepends=True)


def read_header(path: Path) -> Header:
    """Return the columns of the CSV file `path`; empty lines and `#` lines before them are skipped.

    Their delimiter is whichever of DELIMITERS they have most often. Raises InputError for a file that is empty, damaged
    or not text.
    """
    number = end = 0
    comments = []
    try:
        with open_binary(path) as file:
            rest = lines(file, path)
            for number, line in enumerate(rest, 1):
                end += len(line)
                if end > LONGEST_HEADER:
                    raise InputError(
                        f"{path} line {number}: {LONGEST_HEADER:,} bytes without a header, must be the column names"
                    )
                bare = line.removeprefix(codecs.BOM_UTF8)
                if bare.startswith(b"#"):
                    # A comment may have a letter in another encoding: nothing depends on it.
                    comments.append(bare.decode("utf-8", "replace").rstrip("\r\n")[1:])
                elif bare.strip():
                    text = bare.decode("utf-8").rstrip("\r\n")
                    delimiter = max(DELIMITERS, key=text.count)
                    names = next(csv.reader([text], delimiter=delimiter, strict=True))
                    header = Header(
                        tuple(n.strip() for n in names), number, end, delimiter, comments=tuple(comments), text=text
                    )
                    return _with_units(header, list(islice(rest, 2)))
    except DAMAGED_GZIP as error:
        raise InputError(f"{path}: damaged gzip file ({error}); download it again") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} line {number}: not text, must be the column names of a CSV file in UTF-8") from error
    raise InputError(f"{path}: empty, must be a CSV file with a header and a row per star")


def _with_units(header: Header, below: list[bytes]) -> Header:
    """Return `header` with the units below it where the two lines `below` are units and dashes; otherwise as it is."""
    texts = [line.decode("utf-8", "replace").rstrip("\r\n") for line in below]
    if len(texts) < 2 or not set(texts[1]) <= {"-", " ", header.delimiter} or "-" not in texts[1]:
        return header
    units = tuple(unit.strip() for unit in texts[0].split(header.delimiter))
    return replace(header, line=header.line + 2, end=header.end + sum(map(len, below)), units=units)
