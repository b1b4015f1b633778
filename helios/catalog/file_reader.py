"""What the readers of files have in common: name, schema, provenance, and how a parser's failure is told."""

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
    """Base of the readers of one file `path`, read under the schema that `choice` makes of the format's own.

    `name` stands for the file in messages and provenance: its base name, unless a directory's reader knows better.
    A subclass finds `sources` at once, so that a file without the columns is refused before any other is read.
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
        """Whether the file names its stars; the others have their row's number for an identifier."""
        return self.sources.id_column is not None

    def provenance(self) -> dict[str, Any]:
        """Name, size in bytes and SHA-256 of the file as it lies on the disk, and what its columns were taken for."""
        size, schema = self.path.stat().st_size, self.sources.provenance()
        return {"file": self.name, "size_bytes": size, "sha256": sha256(self.path), "schema": schema}

    @abstractmethod
    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows in order, some at a time. Raises InputError at the first one that cannot be parsed."""


@contextmanager
def parsing(path: Path | str, kind: str) -> Iterator[None]:
    """Turn whatever a parser raises on a damaged file into an InputError, and its warnings into nothing.

    For calls into astropy and pyarrow only: on arbitrary bytes they raise almost any exception, none of them
    documented. `kind` says what the file should be. Must not span a yield, for the warnings' sake.
    """
    with warnings.catch_warnings():
        # About units, names and padding of columns that are not read; what is read is checked by the reader.
        warnings.simplefilter("ignore")
        try:
            yield
        except InputError:
            raise
        except Exception as error:
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise InputError(f"{path}: damaged, or no {kind} ({said}); download it again") from error
