"""Which photographs are trained on and which are held out to judge by."""

from __future__ import annotations

from pathlib import Path

from helios.errors import InputError
from helios.photos.data.options import EVERY_EIGHTH

FILES = ("splits/train.txt", "splits/test.txt")
"""Lists of photographs, a name in each line; # begins a comment."""


def split(
    folder: Path, names: tuple[str, ...], test_every: int | None
) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Return those of the sorted `names` to train on, those to judge by, and a line for what is left out.

    `test_every` N holds out the first name and every Nth after it, 0 none. None takes what the files of splits/ in
    `folder` say, else 8. Of two files, a photograph in neither is left out; beside one file the rest is the other part.
    Raises InputError for a name that is in both, for a list of none, and where nothing is left to train on.
    """
    listed = [folder / file for file in FILES if (folder / file).is_file()]
    if test_every is None and listed:
        return _as_listed(folder, names)
    every = EVERY_EIGHTH if test_every is None else test_every
    test = names[::every] if every else ()
    train = tuple(name for name in names if name not in set(test))
    if not train:
        raise InputError(
            f"--test-every {every}: holds out all {len(names):,} photographs, none is left to train on; "
            "take more photographs, or --test-every 0"
        )
    return train, test, []


def _as_listed(folder: Path, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    notes: list[str] = []
    parts = [_read(folder / file, names, notes) if (folder / file).is_file() else None for file in FILES]
    train, test = parts
    if train is None:
        train = set(names) - (test or set())
    if test is None:
        test = set(names) - train
    if both := sorted(train & test):
        raise InputError(f"{folder / FILES[1]}: {both[0]} is in {FILES[0]} too; a photograph is for one of them only")
    if not train:
        raise InputError(
            f"{folder / FILES[0]}: no photograph of the model is left to train on; name some, or remove it"
        )
    if left := len(names) - len(train) - len(test):
        notes.append(f"{left:,} photographs are in neither file of splits/ and left out")
    return tuple(n for n in names if n in train), tuple(n for n in names if n in test), notes


def _read(file: Path, names: tuple[str, ...], notes: list[str]) -> set[str]:
    """The names that `file` lists, with or without their endings; those without a pose are counted in `notes`."""
    by_stem: dict[str, list[str]] = {}
    for name in names:
        by_stem.setdefault(name.rpartition(".")[0], []).append(name)
    try:
        rows = [row.partition("#")[0].strip() for row in file.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not text in UTF-8 ({error.reason} at byte {error.start:,})") from None
    found, unknown = set(), []
    known = set(names)
    for number, row in enumerate(rows, start=1):
        if not row:
            continue
        same = [row] if row in known else by_stem.get(row, [])
        if len(same) > 1:
            raise InputError(f"{file} row {number:,}: {row} may be {' or '.join(same)}; write its ending too")
        found.update(same)
        if not same:
            unknown.append((number, row))
    if unknown and not found:
        number, row = unknown[0]
        raise InputError(
            f"{file} row {number:,}: {row} is no photograph in use, nor is any other in the file; "
            f"names are as below images/, such as {names[0]}"
        )
    if unknown:
        notes.append(f"{len(unknown):,} names in {file.name} are no photographs in use, the first is {unknown[0][1]}")
    return found
