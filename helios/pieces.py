"""Resumable work: the results of finished pieces are kept in a folder; the same work, begun again, does the rest."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from helios.files import crc32c, locked, staged
from helios.progress import Advance, OnEvent, Stage, ignore
from helios.work_folders import own_folder, remove_folder

Result = TypeVar("Result")

LABEL = "made-for"
"""The file with the digest of what the folder's pieces depend on."""

_NAME_DIGITS = 16

_REMOVALS, _REMOVAL_PAUSE_S = 20, 0.1
"""How often a folder is tried to be removed, and the time between two tries."""


@dataclass(frozen=True)
class Pieces:
    """The results of pieces of work in `folder`, by stage and number; each is complete and undamaged, or absent.

    A result is a dataclass whose fields `from_json` can read, kept as JSON after its CRC-32. Files that belong to it
    are in `folder` too, and are complete before it is written; those in its field `files`, as `seal` gives them, are
    checked with it.
    """

    folder: Path

    def load(self, kind: type[Result], stage: str, number: int) -> Result | None:
        """Return the result of a piece, of the dataclass `kind`; None where the piece is not done, or damaged since.

        Reads all files of the piece.
        """
        try:
            checksum, _, text = self._path(stage, number).read_text(encoding="utf-8").partition("\n")
            if checksum != _checksum(text):
                return None
            content = json.loads(text)
            files: Mapping[str, int] = content.get("files", {})
            if any(crc32c(self.folder / name) != value for name, value in files.items()):
                return None
            return from_json(kind, content)
        except (FileNotFoundError, ValueError):
            return None

    def save(self, stage: str, number: int, result: Any) -> None:
        """Write the result of a piece. Raises OSError where it cannot be written."""
        text = json.dumps(dataclasses.asdict(result), default=str)
        with staged(self._path(stage, number), durable=False) as new:
            new.write_text(f"{_checksum(text)}\n{text}", encoding="utf-8")

    def complete(
        self,
        stage: str,
        count: int,
        run: Callable[[Sequence[int]], Iterable[tuple[int, Result]]],
        kind: type[Result],
        on_event: OnEvent = ignore,
        rows: Callable[[Result], int] | None = None,
    ) -> list[Result]:
        """Return the results, of the dataclass `kind`, of all `count` pieces of `stage`, in order.

        `run` takes the numbers of the pieces that are not done yet and yields (number, result) as each ends; the result
        is written at once. `on_event` receives Stage and Advance in pieces, with the value `rows/s` where `rows` gives
        the number of rows of a result. Raises OSError where a result cannot be written.
        """
        kept = ((number, self.load(kind, stage, number)) for number in range(count))
        results = {number: result for number, result in kept if result is not None}
        on_event(Stage(stage, count, "pieces", len(results)))
        began, done_rows = time.monotonic(), 0
        for number, result in run([number for number in range(count) if number not in results]):
            self.save(stage, number, result)
            results[number] = result
            done_rows += rows(result) if rows else 0
            rate = done_rows / max(time.monotonic() - began, 1e-9)
            on_event(Advance(len(results), {"rows/s": rate} if rows else {}))
        return [results[number] for number in range(count)]

    def _path(self, stage: str, number: int) -> Path:
        return self.folder / f"{_file_name(stage)}-{number:06d}.json"


def seal(folder: Path, files: Iterable[Path]) -> dict[str, int]:
    """Return the CRC-32C of `files` by their paths in `folder`."""
    return {file.relative_to(folder).as_posix(): crc32c(file) for file in files}


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _file_name(stage: str) -> str:
    return stage.replace(" ", "-")


def digest_of(label: Any) -> str:
    """Return the SHA-256 of `label`, a JSON value, as 64 hex digits; equal labels give equal digests."""
    return hashlib.sha256(json.dumps(label, sort_keys=True, default=str).encode()).hexdigest()


@contextlib.contextmanager
def resumable(
    folder: Path, label: Any, busy: str, keep: type[BaseException] | tuple[type[BaseException], ...] = BaseException
) -> Iterator[Pieces]:
    """Yield the Pieces in a folder of `folder`, which this process holds: those done for an equal `label`, or none.

    `label`, a JSON value, says what the pieces depend on. The folder is removed when the block ends, unless the
    process is killed, or the block raises one of `keep` with work done. Raises InputError, with the line `busy`, while
    another process holds the folder, and where `folder` is a link or has content but no label.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    digest = digest_of(label)
    # Named for the label: what a cluster's workers still write for another one finds no folder.
    pieces = Pieces(folder / digest[:_NAME_DIGITS])
    with locked(folder, busy):
        own_folder(folder, LABEL, digest)
        pieces.folder.mkdir(exist_ok=True)
        try:
            yield pieces
        except BaseException as error:
            if not isinstance(error, keep) or not any(pieces.folder.iterdir()):
                _remove(folder)
            raise
        remove_folder(folder, LABEL)


def _remove(folder: Path) -> None:
    """Remove `folder`, into which a cluster's workers may write for a while until they hear that they are cancelled."""
    for _ in range(_REMOVALS):
        with contextlib.suppress(OSError):
            return remove_folder(folder, LABEL)
        time.sleep(_REMOVAL_PAUSE_S)


def from_json(kind: Any, value: Any) -> Any:
    """Return the object of the type `kind` that `dataclasses.asdict` and JSON turned into `value`.

    `kind` may be composed of dataclasses, paths, lists, tuples of one type, mappings with text keys, optional types and
    the types of JSON.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        types, make = get_type_hints(kind), cast(Any, kind)
        return make(**{name: from_json(types[name], item) for name, item in value.items()})
    if origin in (Union, UnionType):
        return None if value is None else from_json(next(a for a in arguments if a is not NoneType), value)
    if origin in (list, tuple):
        return origin(from_json(arguments[0], item) for item in value)
    if origin in (dict, Mapping):
        return {key: from_json(arguments[1], item) for key, item in value.items()}
    return Path(value) if kind is Path else value
