"""Many files as one catalogue: directories and patterns, and what to do with bad files among them."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from helios.catalog import Reader, ending_of, endings, open_catalog
from helios.catalog.hats_catalog import hats_files, is_hats
from helios.catalog.schema import SchemaChoice
from helios.errors import InputError


@dataclass
class BadFiles:
    """The files that could not be read so far: `found` has the (name, message) of each; empty unless `skip` is set."""

    skip: bool = False
    found: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def skipped(self, name: str) -> Iterator[None]:
        """Record an InputError or OSError of the block if bad files are to be skipped, else raise it."""
        try:
            yield
        except (InputError, OSError) as error:
            if not self.skip:
                raise
            self.found.append((name, str(error)))

    def check(self, left: list) -> None:
        """Raise InputError if files were bad and none is `left`."""
        if self.found and not left:
            raise InputError(f"none of {len(self.found):,} files could be read; the first: {self.found[0][1]}")


def catalogue_files(path: Path) -> list[tuple[Path, str]]:
    """Return the files that `path` refers to, each with its name for messages, in order of name.

    A file refers to itself, and a HATS catalogue to the files that it lists. Any other directory refers to the
    catalogues in it, at any depth, recognised by their endings, without files and folders that begin with `.` or `_`.
    Anything else is a pattern, in which `**` is any number of folders. Raises InputError where there is no file.
    """
    if path.is_dir() and is_hats(path):
        return hats_files(path)
    if path.is_dir():
        named = sorted(
            (file.relative_to(path).as_posix(), file)
            for file in path.rglob("*")
            if ending_of(file) and file.is_file() and not _hidden(file.relative_to(path))
        )
        if not named:
            raise InputError(f"{path}: is a directory without a star catalogue ({', '.join(endings())})")
        return [(file, name) for name, file in named]
    if path.exists() or not glob.has_magic(str(path)):
        return [(path, path.name)]
    matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    files = [pair for match in matches if match.is_file() or match.is_dir() for pair in _expanded(match)]
    if not files:
        raise InputError(f"{path}: matches no file")
    return files


def _expanded(match: Path) -> list[tuple[Path, str]]:
    if match.is_dir():
        return [(file, f"{match.name}/{name}") for file, name in catalogue_files(match)]
    return [(match, match.name)]


def _hidden(relative: Path) -> bool:
    return any(part.startswith((".", "_")) for part in relative.parts)


def open_catalogs(
    paths: Iterable[Path], choice: SchemaChoice | None = None, bad_files: BadFiles | None = None
) -> list[Reader]:
    """Return a reader for each file that `paths` refer to; only headers are read.

    Raises InputError for the first file that cannot be read, or, if `bad_files` skips such files, records them there;
    it raises in any case for a path that refers to no file, and where no file can be read.
    """
    bad_files = bad_files or BadFiles()
    readers = []
    for path in paths:
        for file, name in catalogue_files(Path(path)):
            with bad_files.skipped(name):
                readers.append(open_catalog(file, choice, name))
    bad_files.check(readers)
    return readers
