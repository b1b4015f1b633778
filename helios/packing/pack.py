"""Packs of any format: the contract that a format keeps, and what is done with packs through it alone.

A pack is a folder of its own that a static server can serve and a viewer reads. Whoever writes, reads or checks packs
talks to this module; only a format's own files know its layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from helios.errors import StoreError
from helios.files import replacing, restore
from helios.packing import DEFAULT_PACK, PACKS
from helios.packing.pack_cells import Written
from helios.packing.solar import SOLAR_FILES, solar_files
from helios.progress import Done, OnEvent, ignore
from helios.universe.findings import Finding
from helios.universe.index import read_landmarks
from helios.universe.paths import LANDMARKS, landmarks_path, pack_path

if TYPE_CHECKING:
    from helios.universe import Universe
    from helios.universe.validate import Validation


@dataclass(frozen=True)
class PackResult(Written):
    """What a pack holds: `size_bytes` are those of what a viewer draws.

    `raw_splat_bytes` is what a splat takes before compression, None where it has no such form, `depth` that of all its
    cells, None where they have several.
    """

    raw_splat_bytes: int | None
    depth: int | None


class Pack(Protocol):
    """A pack in `folder`, its lists read and checked; `len` counts its parts, which are read when they are asked for.

    `format` is its name in `PACKS`, by which a viewer chooses its decoder. `files` are the names of those that a viewer
    reads, relative to `folder`. `star_layer` is the format, with its options, of a second pack, of exact stars, that a
    viewer needs beside this one where cells are trained; None where the pack itself has them.
    """

    folder: Path
    format: str
    files: tuple[str, ...]
    star_layer: str | None

    @property
    def result(self) -> PackResult:
        """What the pack holds, as its lists say."""

    def __len__(self) -> int: ...

    def check(self, number: int) -> None:
        """Read the part at `number`; raises StoreError where any byte kept of it is not what was written.

        Others are read in spite of it.
        """


class PackFormat(Protocol):
    """How packs of one format are written and opened; an entry of `PACKS` and a frozen dataclass of options.

    `marker` is the name of a file that every pack of this format has and no other format has, `names` are patterns, as
    of `fnmatch`, of all files and folders that a pack may have at its top, `written` the names that one of ours always
    has.
    """

    marker: ClassVar[str]
    names: ClassVar[frozenset[str]]
    written: ClassVar[frozenset[str]]

    def write(self, universe: Universe, folder: Path, *, stars_only: bool = False, on_event: OnEvent = ignore) -> Pack:
        """Write the pack of `universe` into an empty folder, read all of it back, compare it, and return it.

        `stars_only` takes the exact stars of trained cells too. The stages "packing" and "reading back" are told to
        `on_event`. The same universe gives the same bytes. Raises StoreError where what is read back is not what was to
        be written.
        """

    def open(self, folder: Path) -> Pack:
        """Return the pack in `folder`; raises StoreError where its lists are damaged or do not fit each other."""

    def differences(self, universe: Universe, pack: Pack) -> Iterator[str]:
        """Say in words, one after the other, where a sound `pack` is not that of `universe`."""


def pack_universe(
    universe: Universe, output: Path | None = None, format: str = DEFAULT_PACK, on_event: OnEvent = ignore
) -> PackResult:
    """Write the pack of a universe into the folder `output`, by default `pack` in the universe; return what it holds.

    `format` is one of `PACKS`, with its options, as in `v1:loose_cells=false`. All of it is read back and compared
    before the folder takes the place of an older pack: killed at any moment, the old pack stays or the new one is
    there. The landmarks, the ephemeris and the bodies lie beside the cells. The same universe and format give the same
    bytes.

    Raises InputError for an unknown format or option, where `output` holds anything but a pack, and while another
    process writes it; StoreError where the landmarks are damaged, or what is read back is not what the universe holds.
    """
    made, output = PACKS.make(format), pack_path(universe.path) if output is None else Path(output)
    with replacing(output, is_pack, "pack") as stage:
        result = replace(made.write(universe, stage, on_event=on_event).result, path=output)
        copy_landmarks(universe.path, stage)
        for name, content in solar_files(universe.path).items():
            (stage / name).write_bytes(content)
    on_event(Done(result))
    return result


def copy_landmarks(universe: Path, folder: Path) -> None:
    """Copy the landmarks of the universe at this path, if it has any, into `folder`. Raises StoreError if damaged."""
    landmarks = read_landmarks(Path(universe))
    if landmarks is not None:
        (folder / LANDMARKS).write_bytes(landmarks)


def open_pack(folder: Path) -> Pack:
    """Return the pack in `folder`, whatever its format; cost: its lists, no cell.

    Raises StoreError where there is none, and where its lists are damaged.
    """
    folder = Path(folder)
    restore(folder)
    for format in _formats():
        if (folder / format.marker).is_file():
            return format().open(folder)
    raise StoreError(f"{folder}: no pack there; make one with `helios pack`")


def is_pack(folder: Path) -> bool:
    """Whether `folder` holds a pack, sound or damaged, and nothing else: what a new pack may replace."""
    found = {path.name for path in folder.iterdir()}
    return any(format.marker in found and all(_is_of(format, name) for name in found) for format in _formats())


def packed_bytes(universe: Path) -> int:
    """Return the bytes of the cells of the pack that lies in the universe at this path, 0 where there is none.

    Raises StoreError where the pack's lists are damaged.
    """
    return open_pack(pack_path(universe)).result.size_bytes if pack_path(universe).is_dir() else 0


def check_pack(universe: Path, validation: Validation) -> None:
    """Add to `validation`, that of the universe at this path, what is wrong with the pack that lies in it, if any.

    Reads every part of the pack. Where universe and pack are sound, they are compared too.
    """
    if not pack_path(universe).is_dir():
        return
    sound, add = validation.sound, lambda text: validation.findings.add(Finding("pack", text))
    try:
        pack = open_pack(pack_path(universe))
    except StoreError as error:
        add(str(error))
        return
    for name in sorted(PACKS.get(pack.format).written - {path.name for path in pack.folder.iterdir()}):
        add(f"{pack.folder / name}: missing; pack the universe again")
    damaged = False
    for number in range(len(pack)):
        try:
            pack.check(number)
        except StoreError as error:
            damaged = True
            add(str(error))
    own, copy = landmarks_path(universe), pack.folder / LANDMARKS
    if own.is_file() and not (copy.is_file() and copy.read_bytes() == own.read_bytes()):
        add(f"{copy}: is not a copy of {own}")
    for name, content in solar_files(universe).items() if sound else ():
        if not ((pack.folder / name).is_file() and (pack.folder / name).read_bytes() == content):
            add(f"{pack.folder / name}: is not that of the universe's bodies; pack the universe again")
    if sound and not damaged:
        from helios.universe import Universe

        for problem in PACKS.get(pack.format)().differences(Universe.open(universe), pack):
            add(problem)


def _is_of(format: type[PackFormat], name: str) -> bool:
    return name in (LANDMARKS, *SOLAR_FILES) or any(fnmatchcase(name, pattern) for pattern in format.names)


def _formats() -> Iterator[type[PackFormat]]:
    return map(PACKS.get, PACKS.names())
