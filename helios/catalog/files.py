"""Many files as one catalogue: directories and patterns, and what to do with bad files among them."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from helios.catalog import Reader, ending_of, endings, open_catalog, tables_of
from helios.catalog.hats_catalog import hats_files, is_hats
from helios.catalog.schema import SchemaChoice
from helios.catalog.sources import NoStars
from helios.errors import InputError

NAMED_ONLY = (".txt", ".xml")
"""Endings of catalogues that are read only where a file is named: in a folder most such files are none."""

SHOWN_FILES = 5
"""Most files that a note names."""


@dataclass
class BadFiles:
    """The files that could not be read so far: `found` has the (name, message) of each; empty unless `skip` is set.

    `notes` are sentences on the files in folders that are of no kind that is read.
    """

    skip: bool = False
    found: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

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


def catalogue_files(path: Path, bad_files: BadFiles | None = None) -> list[tuple[Path, str]]:
    """Return the files that `path` refers to, each with its name for messages, in order of name.

    A file refers to itself, and a HATS catalogue to the files that it lists. Any other directory refers to the
    catalogues in it, at any depth, recognised by their endings, without files and folders that begin with `.` or `_`;
    those of no such ending are noted in `bad_files`, as are those of NAMED_ONLY. Anything else is a pattern, in which
    `**` is any number of folders. Raises InputError where there is no file.
    """
    if path.is_dir() and is_hats(path):
        return hats_files(path)
    if path.is_dir():
        return _files_in(path, bad_files or BadFiles())
    if path.exists() or not glob.has_magic(str(path)):
        return [(path, path.name)]
    matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    files = [pair for match in matches if match.is_file() or match.is_dir() for pair in _expanded(match)]
    if not files:
        raise InputError(f"{path}: matches no file")
    return files


def _files_in(folder: Path, bad_files: BadFiles) -> list[tuple[Path, str]]:
    files = [file for file in folder.rglob("*") if not _hidden(file.relative_to(folder))]
    hats = [file for file in files if file.is_dir() and is_hats(file)]
    named = [
        (f"{part.relative_to(folder).as_posix()}/{name}", file) for part in hats for file, name in hats_files(part)
    ]
    passed = []
    for file in files:
        if file.is_file() and not any(part in file.parents for part in hats):
            name = file.relative_to(folder).as_posix()
            if ending_of(file) in (None, *NAMED_ONLY):
                passed.append(name)
            else:
                named.append((name, file))
    if not named:
        raise InputError(f"{folder}: is a directory without a star catalogue ({', '.join(endings())})")
    if passed:
        more = f" and {len(passed) - SHOWN_FILES:,} more" if len(passed) > SHOWN_FILES else ""
        bad_files.notes.append(
            f"{folder.name} has {len(passed):,} files that are no catalogues by their names, passed over: "
            f"{', '.join(sorted(passed)[:SHOWN_FILES])}{more}"
        )
    return [(file, name) for name, file in sorted(named)]


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
    readers: list[Reader] = []
    for given in paths:
        path, table = split_table(Path(given))
        for file, name in catalogue_files(path, bad_files):
            with bad_files.skipped(name):
                readers += open_tables(file, choice, name, table)
    bad_files.check(readers)
    return readers


def _short(error: NoStars, path: Path) -> str:
    return re.split(r" in the header|;", str(error).removeprefix(f"{path}: "))[0]


def split_table(path: Path) -> tuple[Path, str | None]:
    """Return the file and the table that FILE[TABLE] names; (path, None) for a path that is there or names no table."""
    named = re.fullmatch(r"(.+)\[([^\[\]]+)\]", str(path))
    if path.exists() or not named or not Path(named[1]).is_file():
        return path, None
    return Path(named[1]), named[2]


def open_tables(path: Path, choice: SchemaChoice | None, name: str, table: str | None = None) -> list[Reader]:
    """Return a reader for each table of the file `path` that has the columns, or for `table` alone.

    Where a file has several, a reader's name is `name[TABLE]`, and the first one's notes name the tables that are left
    out. Raises InputError as `open_catalog` does; where no table has the columns, for what the first one lacks.
    """
    if table is not None:
        if not tables_of(path):
            raise InputError(f"{path}: is one table; leave [{table}] away")
        return [open_catalog(path, choice, f"{name}[{table}]", table)]
    tables = tables_of(path)
    if len(tables) < 2:
        return [open_catalog(path, choice, name)]
    readers: list[Reader] = []
    lacking: list[tuple[str, NoStars]] = []
    for table in tables:
        try:
            readers.append(open_catalog(path, choice, f"{name}[{table}]", table))
        except NoStars as error:
            lacking.append((table, error))
    if not readers:
        raise InputError(f"{lacking[0][1]} (so of table {lacking[0][0]}; there are {', '.join(tables)})")
    if lacking:
        left = "; ".join(f"{table} ({_short(error, path)})" for table, error in lacking)
        vars(readers[0])["notes"] = (*readers[0].notes, f"{name} has tables that are left out: {left}")
    return readers
