"""The base of the readers of files: name, schema, provenance, and how a parser's failure is reported."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helios.catalog.schema import SchemaChoice, Sources
from helios.catalog.schemas import DEFAULT, SCHEMAS
from helios.catalog.table import StarTable
from helios.errors import InputError
from helios.files import sha256


class FileReader(ABC):
    """Base of the readers of one file `path`; `choice` changes or replaces the default schema of the format.

    `name` is the file's name in messages and provenance: by default its base name, in a directory its relative path.
    A subclass sets `sources` in its constructor, so that a file without the columns is refused before rows are read.
    """

    row_unit = "row"
    default_schema = DEFAULT
    sources: Sources

    def __init__(self, path: Path, choice: SchemaChoice | None = None, name: str | None = None):
        self.path = Path(path)
        self.name = name or self.path.name
        self.schema = (choice or SchemaChoice()).over(SCHEMAS[self.default_schema])

    @property
    def identified(self) -> bool:
        """Whether the file identifies its stars; otherwise the row's number is the identifier."""
        return self.sources.id_column is not None

    def provenance(self) -> dict[str, Any]:
        """Return name, size in bytes and SHA-256 of the file as stored, and how its columns were interpreted."""
        size, schema = self.path.stat().st_size, self.sources.provenance()
        return {"file": self.name, "size_bytes": size, "sha256": sha256(self.path), "schema": schema}

    @abstractmethod
    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, some at a time. Raises InputError at the first row that cannot be parsed."""


@contextmanager
def parsing(path: Path | str, kind: str) -> Iterator[None]:
    """Turn whatever a parser raises on a damaged file into an InputError, and suppress its warnings.

    Only for calls into astropy, pyarrow and hats: on arbitrary bytes they raise almost any exception, none of them
    documented. `kind` says what the file should be. The block must not yield: the warning filters are global.
    """
    with warnings.catch_warnings():
        # They are about units, names and padding of columns that are not read; the reader checks what it reads.
        warnings.simplefilter("ignore")
        try:
            yield
        except InputError:
            raise
        except Exception as error:
            message = " ".join(str(error).split())[:200] or type(error).__name__
            raise InputError(f"{path}: damaged, or no {kind} ({message}); download it again") from error
