"""Files of small bodies: their bytes, gzipped or not, in blocks of whole lines, and the base of their readers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.files import sha256
from helios.gzipped import DAMAGED_GZIP, open_binary
from helios.solar.orbits import Orbits
from helios.solar.readers.counts import BodyCounts

BLOCK_BYTES = 1 << 20
"""Bytes that are read at a time: what bounds the memory of a reader."""

HEAD_BYTES = 1 << 16
"""Bytes at the start of a file by which its kind is recognised."""


@dataclass(frozen=True)
class Block:
    """Orbits that were read, [N], `row` of each, [N] int64, and what became of these and the rejected rows."""

    orbits: Orbits
    row: NDArray[np.int64]
    counts: BodyCounts


class BodyFile(ABC):
    """Base of the readers of the file `path`; `name`, in messages and provenance, is its base name by default."""

    kind: str
    """What the file is, for messages."""

    row_unit = "line"
    """What `row` counts, from 1."""

    def __init__(self, path: Path, name: str | None = None):
        self.path = Path(path)
        self.name = name or self.path.name

    @classmethod
    @abstractmethod
    def recognises(cls, head: bytes) -> bool:
        """Return whether a file that begins with `head`, decompressed, is one of this kind."""

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """Yield the bodies in order, some at a time. Raises InputError at the first row that contradicts itself."""

    def provenance(self) -> dict[str, Any]:
        """Return name, size in bytes and SHA-256 of the file as stored."""
        return {"file": self.name, "size_bytes": self.path.stat().st_size, "sha256": sha256(self.path)}

    def fault(self, row: int, problem: str) -> InputError:
        """Return the error that says that `row` of the file has `problem`."""
        return InputError(f"{self.name} {self.row_unit} {row:,}: {problem}")

    def text(self) -> str:
        """Return the whole file decoded, for the readers of small ones. Raises InputError where it is damaged."""
        return b"".join(data for data, _ in line_blocks(self.path, self.name)).decode("utf-8-sig", "replace")


def head_of(path: Path, name: str) -> bytes:
    """Return the first HEAD_BYTES of the file, decompressed. Raises InputError for a damaged gzip file."""
    try:
        with open_binary(path) as file:
            return file.read(HEAD_BYTES)
    except DAMAGED_GZIP as error:
        raise InputError(f"{name}: damaged gzip file ({error}); download it again") from error


def line_blocks(path: Path, name: str) -> Iterator[tuple[bytes, int]]:
    """Yield the file in blocks of whole lines, each with the number of its first line, from 1.

    Raises InputError for a gzip file that is cut short or damaged, saying after which line.
    """
    rest, line = b"", 1
    try:
        with open_binary(path) as file:
            while piece := file.read(BLOCK_BYTES):
                data = rest + piece
                cut = data.rfind(b"\n") + 1
                whole, rest = data[:cut], data[cut:]
                if whole:
                    yield whole, line
                line += whole.count(b"\n")
    except DAMAGED_GZIP as error:
        raise InputError(f"{name}: damaged gzip file after line {line - 1:,} ({error}); download it again") from error
    if rest:
        yield rest, line
