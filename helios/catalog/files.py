"""Many files as one catalogue: directories and patterns of names, and what to do with the bad ones among them."""

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
    """The files that could not be read so far, with their messages; none unless `skip` is set.

    `found` are their names, as in messages, and what is wrong.
    """

    skip: bool = False
    found: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def skipped(self, name: str) -> Iterator[None]:
        """Note an InputError or OSError of the block where bad files are to be skipped, else let it through."""
        try:
            yield
        except (InputError, OSError) as error:
            if not self.skip:
                raise
            self.found.append((name, str(error)))

    def check(self, left: list) -> None:
        """Raise InputError where nothing is `left` once the bad files are out."""
        if self.found and not left:
            raise InputError(f"none of {len(self.found):,} files could be read; the first: {self.found[0][1]}")


def catalogue_files(path: Path) -> list[tuple[Path, str]]:
    """Return the files that `path` stands for, each with its name for messages, in the order of these names.

    A file stands for itself; a HATS catalogue for the files that it lists; another directory for the catalogues in
    it, at any depth, by the endings of their names, files and folders that begin with `.` or `_` left out; anything
    else for what it matches as a pattern, where `**` is any number of folders. Raises InputError where that is no file.
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
    """Return a reader for each file that `paths` stand for, the headers read and nothing else.

    Raises InputError for the first that cannot be one; those that `bad_files` skips are noted there instead, but for
    a path that stands for no file at all.
    """
    bad_files = bad_files or BadFiles()
    readers = []
    for path in paths:
        for file, name in catalogue_files(Path(path)):
            with bad_files.skipped(name):
                readers.append(open_catalog(file, choice, name))
    bad_files.check(readers)
    return readers
