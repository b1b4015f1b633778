"""Folders in which Helios works beside an output: each has a label, and none is a link, so that no other is emptied."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from helios.errors import InputError

LABEL = "made-by-helios"
"""The file in a folder that says that Helios works there, and may remove all that is in it."""


def own_folder(folder: Path, label: str = LABEL, text: str = "", clear: bool = True) -> bool:
    """Make the folder `folder` with the file `label`, which says that Helios works there; return whether it was there.

    What is in the folder is kept where the file has the content `text`, else removed, unless `clear` is False. Raises
    InputError where `folder` is a link or a file, or a folder with content that has no such file, which may be
    somebody's own.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
    mark = folder / label
    if folder.is_symlink() or not folder.is_dir() or (not mark.is_file() and any(folder.iterdir())):
        raise InputError(f"{folder}: not a folder that Helios made, left as it is; remove it, or name another output")
    if not clear or (mark.is_file() and mark.read_bytes() == text.encode()):
        return True
    empty(folder, last=label)
    mark.write_bytes(text.encode())
    return False


def empty(folder: Path, last: str = "") -> None:
    """Remove all that is in `folder`, the file named `last` after all others. Links in it are removed, not followed."""
    with _opened(folder) as (handle, names):
        for name in sorted(names, key=lambda name: name == last):
            path = name if handle is not None else folder / name
            try:
                os.unlink(path, dir_fd=handle)
            except (IsADirectoryError, PermissionError):  # systems let unlink raise either for a folder
                shutil.rmtree(path, dir_fd=handle)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[tuple[int | None, list[str]]]:
    """Yield a handle on `folder`, None where the system has none, and the names in it. Raises OSError for a link."""
    if not hasattr(os, "O_DIRECTORY"):
        if folder.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, "is a link", str(folder))
        yield None, os.listdir(folder)
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield handle, os.listdir(handle)
    finally:
        os.close(handle)


def remove_folder(folder: Path, label: str = LABEL) -> None:
    """Remove `folder`, whose file `label` goes last, so that what a killed process leaves of it is still known."""
    empty(folder, last=label)
    folder.rmdir()
