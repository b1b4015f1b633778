"""Files and directories that appear whole or not at all, locks that end with the process that holds them, JSON, hashes.

What is to become NAME is made beside it as `.NAME.new`, under the lock `.NAME.lock`; where NAME is a directory, its
former content waits as `.NAME.old` until the new one is in place. The next process that makes NAME removes what a
killed one left of these.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from helios.errors import InputError, StoreError


def staging_path(target: Path) -> Path:
    """Return the path beside `target` at which its next content is made."""
    return _beside(target, "new")


def retired_path(target: Path) -> Path:
    """Return the path of the former content of the directory `target` until the new content is in place."""
    return _beside(target, "old")


def lock_path(target: Path) -> Path:
    """Return the path of the file that exists while a process holds `target`, see `locked`."""
    return _beside(target, "lock")


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(f".{target.name}.{ending}")


def write_file(target: Path, data: bytes) -> None:
    """Write `data` as the file `target`, whole or not at all, even if the power fails.

    Raises OSError, naming `target`, where it cannot be written; then nothing is left beside it.
    """
    with staged(target) as new:
        new.write_bytes(data)


@contextlib.contextmanager
def staged(target: Path, durable: bool = True) -> Iterator[Path]:
    """Yield the path at which to write what becomes the file `target` when the block ends without an error.

    The file appears whole or not at all, even if the power fails, unless `durable` is False, which does not wait for
    the disk. Processes that write the same file do so one after the other. Raises OSError, naming `target`, where it
    cannot be written; then, and after any other error, nothing is left beside it.
    """
    target = Path(target)
    new = staging_path(target)
    try:
        with locked(target):
            try:
                new.unlink(missing_ok=True)
                yield new
                if durable:
                    _sync(new)
                new.replace(target)
            except BaseException:
                with contextlib.suppress(OSError):
                    new.unlink(missing_ok=True)
                raise
            if durable:
                _sync_folder(target.parent)
    except OSError as error:
        if str(error.filename) not in ("None", str(new), str(lock_path(target))):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error


@contextlib.contextmanager
def locked(target: Path, busy: str | None = None) -> Iterator[None]:
    """Hold `target` exclusively: no other process, and nothing else in this one, is in such a block for it.

    The system releases the lock of a killed process; the lock file stays until the next process has held the lock.
    Waits for the lock, or, where `busy` says in a line who else may hold it, raises InputError with that line at once.
    """
    from filelock import FileLock, Timeout

    path = lock_path(Path(target))
    if not path.parent.is_dir():  # filelock would create it
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target))
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(blocking=busy is None, poll_interval=0.01)
    except Timeout as error:
        raise InputError(busy) from error
    try:
        yield
    finally:
        # Unlinked while the lock is held: a process that has opened the file meanwhile sees that its name is gone, and
        # starts over. Windows cannot unlink an open file; there filelock does so after the release, if nobody holds it.
        with contextlib.suppress(OSError):
            path.unlink()
        lock.release()


@contextlib.contextmanager
def replacing(target: Path, may_replace: Callable[[Path], bool], kind: str) -> Iterator[Path]:
    """Yield an empty directory beside `target`; it takes the place of `target` when the block ends without error.

    On an error, and when the process is killed, `target` stays as it was; what a killed process left behind is
    removed by the next call. Two renames make the swap: a process killed between them leaves no `target` but both
    its contents beside it, which the next call or `restore` puts right.
    It does not wait for the content to reach the disk: a power failure right after the swap may lose it.
    Raises InputError where `check_replaceable` does, and while another process replaces `target`.
    """
    target = Path(os.path.realpath(target))
    check_replaceable(target, may_replace, kind)
    target.parent.mkdir(parents=True, exist_ok=True)
    staging, retired = staging_path(target), retired_path(target)
    with locked(target, _being_replaced(target)):
        _restore(target)
        staging.mkdir()
        try:
            yield staging
            if target.exists():
                target.rename(retired)
            staging.rename(target)
        except BaseException:
            _restore(target)
            raise
        _sync_folder(target.parent)
        shutil.rmtree(retired, ignore_errors=True)


def check_replaceable(target: Path, may_replace: Callable[[Path], bool], kind: str) -> None:
    """Raise InputError where `target` is a file, or a directory with content for which `may_replace` is False.

    `kind` says what the directory should be, such as a universe.
    """
    if target.is_dir():
        if any(target.iterdir()) and not may_replace(target):
            raise InputError(f"{target}: a directory that is not a {kind}, left as it is; name another output")
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
        with locked(target, _being_replaced(target)):
            _restore(target)
    except InputError as error:
        raise StoreError(str(error)) from error


def _restore(target: Path) -> None:
    """Remove what a killed process left beside `target`; where `target` is missing, put back its former content."""
    retired, staging = retired_path(target), staging_path(target)
    if retired.exists():
        if target.exists():
            shutil.rmtree(retired)
        else:
            retired.rename(target)
    shutil.rmtree(staging, ignore_errors=True)


def _being_replaced(target: Path) -> str:
    return f"{target}: another process is replacing it; try again when it has ended"


def empty(folder: Path) -> None:
    """Remove all that is in `folder`."""
    for leftover in folder.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() and not leftover.is_symlink() else leftover.unlink()


@contextlib.contextmanager
def writing(target: Path, kept: str) -> Iterator[None]:
    """Turn an OSError of the block into a StoreError of one line: what could not be written, then `kept`."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or target
        raise StoreError(f"{place}: {error.strerror or error}; {kept}") from error


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """Return the object in the JSON file `path`. Raises StoreError, ending in `remedy`, where there is none."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise StoreError(f"{path}: missing; {remedy}") from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: damaged, not JSON ({error}); {remedy}") from error
    if not isinstance(content, dict):
        raise StoreError(f"{path}: damaged, not a JSON object; {remedy}")
    return content


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file `path`, as 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Wait until the file `path` is on the disk."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk, where the system and its file system support that."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(OSError):
                os.fsync(handle)
        finally:
            os.close(handle)
