"""Files and directories that appear whole or not at all, locks that end with the process that holds them, JSON, hashes.

What is to become the file NAME is made beside it as `.NAME.new`, under the lock `.NAME.lock`. What is to become the
directory NAME is made in the folder `.NAME.new`, where its former content waits too until the new one is in place. The
next process that makes NAME removes what a killed one left of these.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from helios.errors import InputError, StoreError
from helios.work_folders import own_folder, remove_folder


def staging_path(target: Path) -> Path:
    """Return the path beside the file `target` at which its next content is made, or of the folder for a directory."""
    return _beside(target, "new")


def retired_path(target: Path) -> Path:
    """Return the path of the former content of the directory `target` until the new content is in place."""
    return staging_path(target) / "former"


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
    the disk. Processes that write the same file do so one after the other. A link at `target` is replaced, what it
    points to is not touched. Raises InputError where `check_file` does, OSError, naming `target`, where it cannot be
    written; then, and after any other error, nothing is left beside it.
    """
    target = Path(target)
    check_file(target)
    new = staging_path(target)
    try:
        with locked(target):
            try:
                new.unlink(missing_ok=True)
                yield new
                if durable:
                    sync(new)
                new.replace(target)
            except BaseException:
                with contextlib.suppress(OSError):
                    new.unlink(missing_ok=True)
                raise
            if durable:
                sync_folder(target.parent)
    except OSError as error:
        if str(error.filename) not in ("None", str(new), str(lock_path(target))):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error


@contextlib.contextmanager
def unlocked(target: Path) -> Iterator[Path]:
    """Yield the path at which to write what becomes `target`, as `staged` does, but without a lock and the disk's word.

    So several processes may write the same at once, and none makes anew a folder that another has removed. What a
    killed one leaves beside `target` ends in `.partial`.
    """
    new = _beside(target, f"{uuid.uuid4().hex}.partial")
    try:
        yield new
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def check_file(target: Path) -> None:
    """Raise InputError where `target` is there and is no file: a directory, a device, a pipe, or a link to one."""
    try:
        mode = os.stat(target).st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        kind = "directory" if stat.S_ISDIR(mode) else "device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "pipe"
        raise InputError(f"{target}: a {kind} stands there, left as it is; name a file")


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
def replacing(target: Path, may_replace: Callable[[Path], bool], kind: str, durable: bool = False) -> Iterator[Path]:
    """Yield an empty directory beside `target`; it takes the place of `target` when the block ends without error.

    On an error, and when the process is killed, `target` stays as it was; what a killed process left behind is
    removed by the next call. Two renames make the swap: a process killed between them leaves no `target` but both
    its contents beside it, which the next call or `restore` puts right.
    With `durable` it waits before the swap until all files are on the disk, so that a power failure leaves the old or
    the new content; without, one right after the swap may lose it.
    Raises InputError where `check_replaceable` and `own_folder` do, and while another process replaces `target`.
    """
    target = Path(os.path.realpath(target))
    check_replaceable(target, may_replace, kind)
    target.parent.mkdir(parents=True, exist_ok=True)
    work, retired = staging_path(target), retired_path(target)
    staging = work / "next"
    with locked(target, _being_replaced(target)):
        _restore(target)
        try:
            own_folder(work)
            staging.mkdir()
            yield staging
            if durable:
                for file in staging.rglob("*"):
                    if file.is_file():
                        sync(file)
            if target.exists():
                target.rename(retired)
            staging.rename(target)
        except BaseException:
            _restore(target)
            raise
        sync_folder(target.parent)
        with contextlib.suppress(OSError):
            remove_folder(work)


def check_replaceable(target: Path, may_replace: Callable[[Path], bool], kind: str) -> None:
    """Raise InputError where `target` is a file, or a directory with content for which `may_replace` is False.

    `kind` says what the directory should be, such as a universe.
    """
    if target.is_dir():
        if any(target.iterdir()) and not may_replace(target):
            raise InputError(
                f"{target}: a directory that is not a {kind}, or holds other files too, left as it is; "
                "name another output"
            )
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


def tidy(target: Path) -> None:
    """Remove what a process that was killed at the very end of the replacement of `target` left beside it.

    Whoever finds that nothing is left to do calls this in the place of a replacement. Does nothing while another
    process replaces `target`, and to what is not ours.
    """
    target = Path(os.path.realpath(target))
    if os.path.lexists(staging_path(target)) or os.path.lexists(lock_path(target)):
        with contextlib.suppress(InputError), locked(target, _being_replaced(target)):
            _restore(target)


def _restore(target: Path) -> None:
    """Remove what a killed process left beside `target`; where `target` is missing, put back its former content."""
    work, retired = staging_path(target), retired_path(target)
    if not os.path.lexists(work):
        return
    own_folder(work, clear=False)
    if retired.exists() and not target.exists():
        retired.rename(target)
    remove_folder(work)


def _being_replaced(target: Path) -> str:
    return f"{target}: another process is replacing it; try again when it has ended"


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


def crc32(path: Path) -> int:
    """Return the CRC-32 of the file `path`."""
    value = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def crc32c(path: Path) -> int:
    """Return the CRC-32C of the file `path`, which the processor has an instruction for."""
    import google_crc32c

    value = 0
    with open(path, "rb", buffering=0) as file:
        while block := file.read(1 << 18):  # no more than the processor's cache holds
            value = google_crc32c.extend(value, block)
    return value


def sync(path: Path) -> None:
    """Wait until the file `path` is on the disk."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk, where the system and its file system support that."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(OSError):
                os.fsync(handle)
        finally:
            os.close(handle)
