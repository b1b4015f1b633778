"""Replaces a directory, or a file, as a whole: a command killed at any moment leaves the old one or the new one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from helios.errors import InputError, StoreError
from helios.universe.paths import is_universe, retired_path, staging_path


@contextlib.contextmanager
def replacing(target: Path, may_replace: Callable[[Path], bool] = is_universe) -> Iterator[Path]:
    """Yield an empty directory beside `target`; it takes the place of `target` when the block ends without error.

    On an error, and when the process is killed, `target` stays as it was; what a killed process left behind is
    removed by the next call. Two renames make the swap: a process killed between them leaves no `target` but both
    its contents beside it, which the next call or `restore` puts right.
    Raises InputError where `target` is something that `may_replace` refuses, or while another process replaces it.
    """
    target = Path(os.path.realpath(target))
    check_replaceable(target, may_replace)
    target.parent.mkdir(parents=True, exist_ok=True)
    staging, retired = staging_path(target), retired_path(target)
    with _locked(staging, target):
        _restore(target)
        try:
            yield staging
            if target.exists():
                target.rename(retired)
            staging.rename(target)
        except BaseException:
            _restore(target)
            shutil.rmtree(staging, ignore_errors=True)
            raise
        shutil.rmtree(retired, ignore_errors=True)


def write_file(target: Path, data: bytes) -> None:
    """Make `data` the content of the file `target`, whole or not at all, also where the power fails.

    Raises OSError, naming `target`, where that cannot be; then nothing is left beside it.
    """
    staged = target.with_name(f".{target.name}.new")
    try:
        with open(staged, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(target)) from error


def check_replaceable(target: Path, may_replace: Callable[[Path], bool] = is_universe) -> None:
    """Raise InputError where `target` is a file, or a directory with content that `may_replace` refuses."""
    if target.is_dir():
        if any(target.iterdir()) and not may_replace(target):
            raise InputError(f"{target}: a directory that is not a universe, left as it is; name another output")
    elif target.exists():
        raise InputError(f"{target}: a file stands there, left as it is; name another output")


def restore(target: Path) -> None:
    """Put `target` back where a process was killed between the two renames of its replacement.

    Raises StoreError while another process is between them.
    """
    target = Path(os.path.realpath(target))
    if target.exists() or not retired_path(target).exists():
        return
    try:
        with _locked(staging_path(target), target):
            _restore(target)
            shutil.rmtree(staging_path(target))
    except InputError as error:
        raise StoreError(str(error)) from error


def _restore(target: Path) -> None:
    retired = retired_path(target)
    if not retired.exists():
        return
    if target.exists():
        shutil.rmtree(retired)
    else:
        retired.rename(target)


@contextlib.contextmanager
def locked(folder: Path, target: Path) -> Iterator[None]:
    """Hold `folder`, in which `target` is made, as this process's alone; it is made where it is not there.

    The system lets go of the lock of a killed process. Raises InputError while another process has it.
    """
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = os.path.samestat(os.fstat(handle), os.stat(folder))
        except (BlockingIOError, FileNotFoundError):
            held = False
        if not held:
            raise InputError(f"{target}: another process is replacing it; try again when it has ended")
        yield
    finally:
        os.close(handle)


def empty(folder: Path) -> None:
    """Remove all that is in `folder`."""
    for leftover in folder.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() and not leftover.is_symlink() else leftover.unlink()


@contextlib.contextmanager
def _locked(staging: Path, target: Path) -> Iterator[None]:
    """Hold `staging`, made empty, as this process's alone."""
    with locked(staging, target):
        empty(staging)
        yield
