"""Packs of any format: the contract that a format keeps, and what is done with packs through it alone.

A pack is a folder of its own that a static server can serve and a viewer reads. Whoever writes, reads or checks packs
talks to this module; only a format's own files know its layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from helios.errors import StoreError
from helios.files import replacing, restore
from helios.grid import CellId
from helios.packing import PACKS
from helios.packing.pack_cells import PackCell, PackCells, Written, shown_counts
from helios.progress import Advance, Done, OnEvent, Stage, ignore
from helios.universe.findings import Finding
from helios.universe.index import read_landmarks
from helios.universe.paths import LANDMARKS, landmarks_path, pack_path

if TYPE_CHECKING:
    from helios.universe import Universe
    from helios.universe.validate import Validation


@dataclass(frozen=True)
class PackResult(Written):
    """What a pack holds: `size_bytes` are those of its cells.

    `raw_splat_bytes` is what a splat takes before compression, `depth` that of all its cells, None where they have
    several.
    """

    raw_splat_bytes: int
    depth: int | None


class Pack(Protocol):
    """A pack in `folder`, its lists read and checked, its cells read when they are asked for; `len` counts these.

    `format` is its name in `PACKS`, by which a viewer chooses its decoder. `cell_ids` are in the order of the pack.
    `files` are the names of those that a viewer reads, relative to `folder`. `star_layer` is the format, with its
    options, of a second pack, of exact stars, that a viewer needs beside this one where cells are trained; None where
    the pack itself has them.
    """

    folder: Path
    format: str
    cell_ids: Sequence[CellId]
    result: PackResult
    files: tuple[str, ...]
    star_layer: str | None

    def __len__(self) -> int: ...

    def read(self, number: int) -> PackCell:
        """Return the cell at `number`; raises StoreError where any byte kept of it is not what was written."""

    def __iter__(self) -> Iterator[PackCell]:
        """All cells in order, each as `read` gives it."""


class PackFormat(Protocol):
    """How packs of one format are written and opened; an entry of `PACKS` and a frozen dataclass of options.

    `marker` is the name of a file that every pack of this format has and no other format has, `names` are those of all
    files and folders that a pack may have at its top, `written` those that one of ours always has.
    """

    marker: ClassVar[str]
    names: ClassVar[frozenset[str]]
    written: ClassVar[frozenset[str]]

    def cells(self, universe: Universe, stars_only: bool = False) -> PackCells:
        """The cells that the pack of `universe` has; of exact stars alone with `stars_only`."""

    def write(self, cells: Iterable[PackCell], folder: Path) -> None:
        """Write the pack of `cells` into an empty folder; the same cells give the same bytes."""

    def open(self, folder: Path) -> Pack:
        """Return the pack in `folder`; raises StoreError where its lists are damaged or do not fit each other."""

    def difference(self, made: PackCell, found: PackCell) -> str | None:
        """Say where `found`, read back, is further from `made` than the format rounds; None where it is not."""


def pack_universe(
    universe: Universe, output: Path | None = None, format: str = "v1", on_event: OnEvent = ignore
) -> PackResult:
    """Write the pack of a universe into the folder `output`, by default `pack` in the universe; return what it holds.

    `format` is one of `PACKS`, with its options, as in `v1:loose_cells=false`. Every cell is read back and compared
    before the folder takes the place of an older pack: killed at any moment, the old pack stays or the new one is
    there. The landmarks lie beside the cells. The same universe and format give the same bytes.

    Raises InputError for an unknown format or option, where `output` holds anything but a pack, and while another
    process writes it; StoreError where the landmarks are damaged, or what is read back is not what the universe holds.
    """
    made, output = PACKS.make(format), pack_path(universe.path) if output is None else Path(output)
    with replacing(output, is_pack, "pack") as stage:
        result = replace(write_pack(universe, stage, made, on_event=on_event).result, path=output)
        copy_landmarks(universe.path, stage)
    on_event(Done(result))
    return result


def copy_landmarks(universe: Path, folder: Path) -> None:
    """Copy the landmarks of the universe at this path, if it has any, into `folder`. Raises StoreError if damaged."""
    landmarks = read_landmarks(Path(universe))
    if landmarks is not None:
        (folder / LANDMARKS).write_bytes(landmarks)


def write_pack(
    universe: Universe, folder: Path, format: PackFormat, *, stars_only: bool = False, on_event: OnEvent = ignore
) -> Pack:
    """Write the pack of a universe into an empty folder, compare every cell that is read back, and return the pack.

    `stars_only` takes the exact stars of trained cells too. Memory: one cell, and a line for each. Raises StoreError
    where what is read back is not what was to be written.
    """
    source = format.cells(universe, stars_only)
    format.write(_cells(source, "packing", on_event), folder)
    pack = format.open(folder)
    for made, found in zip(_cells(source, "reading back", on_event), pack, strict=True):
        if problem := format.difference(made, found):
            raise StoreError(f"{folder}: cell {found.id}: {problem} (is the disk sound?)")
    return pack


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
    return any(format.marker in found <= format.names | {LANDMARKS} for format in _formats())


def packed_bytes(universe: Path) -> int:
    """Return the bytes of the cells of the pack that lies in the universe at this path, 0 where there is none.

    Raises StoreError where the pack's lists are damaged.
    """
    return open_pack(pack_path(universe)).result.size_bytes if pack_path(universe).is_dir() else 0


def check_pack(universe: Path, validation: Validation) -> None:
    """Add to `validation`, that of the universe at this path, what is wrong with the pack that lies in it, if any.

    Reads every cell of the pack. Where the universe is sound, the number of splats is compared too.
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
    for number in range(len(pack)):
        try:
            pack.read(number)
        except StoreError as error:
            add(str(error))
    own, copy = landmarks_path(universe), pack.folder / LANDMARKS
    if own.is_file() and not (copy.is_file() and copy.read_bytes() == own.read_bytes()):
        add(f"{copy}: is not a copy of {own}")
    if sound:
        from helios.universe import Universe

        shown = int(shown_counts(Universe.open(universe)).sum())
        if pack.result.splats != shown:
            add(f"it holds {pack.result.splats:,} splats, the universe {shown:,}")


def _formats() -> Iterator[type[PackFormat]]:
    return map(PACKS.get, PACKS.names())


def _cells(source: PackCells, stage: str, on_event: OnEvent) -> Iterator[PackCell]:
    on_event(Stage(stage, len(source), "cells"))
    for number in range(len(source)):
        yield from source.step(number)
        on_event(Advance(number + 1))
