"""The v1 format of packs: what the original's browser client reads; `client_export/FORMAT.md` has its bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from helios.cells import from_cell_units
from helios.errors import StoreError
from helios.options import option
from helios.packing.pack_cells import OwnCells, PackCell, PackCells, shown_counts
from helios.packing.regroup import RegroupedCells
from helios.packing.sight import misplaced
from helios.packing.v1_cell import DEEPEST, V1_DEPTH, encode_cell, file_name
from helios.packing.v1_index import CELLS, CHECKSUMS, INDEX, MANIFEST, PACK, Entry, index_text, manifest_text
from helios.packing.v1_reader import V1Pack
from helios.progress import Advance, OnEvent, Stage, ignore

if TYPE_CHECKING:
    from helios.universe import Universe

FLUX_TOLERANCE = 1e-6
"""Of a splat's flux after float32 metres: at most four roundings of 6e-8, with room."""


@dataclass(frozen=True)
class V1:
    """Cells of one uniform grid, one LZ4 block each, end to end in one file, with two JSON lists and CRCs beside it."""

    loose_cells: bool = option(True, "Also one file per cell under cells/, as the original's client may ask for.")
    depth: int = option(
        V1_DEPTH,
        "Depth of the grid that the cells of an adaptive universe, and larger ones, become.",
        limits=(0, DEEPEST),
    )

    marker: ClassVar[str] = MANIFEST
    written: ClassVar[frozenset[str]] = frozenset({INDEX, MANIFEST, PACK, CHECKSUMS})
    names: ClassVar[frozenset[str]] = written | {CELLS}

    def cells(self, universe: Universe, stars_only: bool = False) -> PackCells:
        """The cells of a universe of one depth as they are, those of an adaptive or shallower one regrouped at `depth`.

        In cells that are larger than those of V1_DEPTH, float32 metres do not hold the places of stars.
        """
        if universe.depth is None or universe.depth < self.depth:
            return RegroupedCells(universe, stars_only, self.depth)
        return OwnCells(universe, stars_only)

    def write(
        self, universe: Universe, folder: Path, *, stars_only: bool = False, on_event: OnEvent = ignore
    ) -> V1Pack:
        """Write the pack of `universe`, compare every cell that is read back, and return it.

        Memory: one cell, and a line for each. Raises StoreError where what is read back is not what was written.
        """
        source = self.cells(universe, stars_only)
        self._write(_told(source, "packing", on_event), folder)
        pack = self.open(folder)
        for made, found in zip(_told(source, "reading back", on_event), pack, strict=True):
            if problem := self.difference(made, found):
                raise StoreError(f"{folder}: cell {found.id}: {problem} (is the disk sound?)")
        return pack

    def _write(self, cells: Iterable[PackCell], folder: Path) -> None:
        """Write the pack of `cells`, all of one depth."""
        entries: list[Entry] = []
        offset = 0
        if self.loose_cells:
            (folder / CELLS).mkdir()
        with (folder / PACK).open("xb") as pack:
            for cell in cells:
                data = encode_cell(cell.id, cell.origin_m, cell.half_extent_m, cell.bounds_m, cell.splats)
                pack.write(data)
                if self.loose_cells:
                    (folder / CELLS / file_name(cell.id)).write_bytes(data)
                count, crc32 = len(cell.splats), zlib.crc32(data)
                entries.append(Entry(cell.id, offset, len(data), count, cell.trained, cell.levels_up, crc32))
                offset += len(data)
        sums = {entry.file_name: entry.crc32 for entry in entries}
        for name, text in ((MANIFEST, manifest_text(entries)), (INDEX, index_text(entries))):
            (folder / name).write_bytes(text.encode())
            sums[name] = zlib.crc32(text.encode())
        checksums = "".join(f"{name} {crc32:08X}\n" for name, crc32 in sums.items())
        (folder / CHECKSUMS).write_bytes(checksums.encode())

    def open(self, folder: Path) -> V1Pack:
        """Return the pack in `folder`. Raises StoreError as `V1Pack.open`."""
        return V1Pack.open(folder)

    def differences(self, universe: Universe, pack: V1Pack) -> Iterator[str]:
        """Say where a sound pack has another number of splats than `universe`."""
        shown = int(shown_counts(universe).sum())
        if pack.result.splats != shown:
            yield f"it holds {pack.result.splats:,} splats, the universe {shown:,}"

    def difference(self, made: PackCell, found: PackCell) -> str | None:
        """Say in words where a cell that was read back is not the splats that it was made of; None where it is."""
        expected, splats = made.splats, found.splats
        if found.id != made.id:
            return f"it is {found.id}, not {made.id}"
        if not np.array_equal(found.origin_m, made.origin_m):
            return f"its centroid is {found.origin_m.tolist()}, not {made.origin_m.tolist()}"
        wanted, places = (from_cell_units(c.splats.means, c.origin_m, c.half_extent_m) for c in (made, found))
        if misplaced(wanted, places, made.origin_m).any():
            return "positions differ"
        light, expected_light = (s.luminosities[:, None] * s.colors for s in (splats, expected))
        if not np.allclose(light, expected_light, rtol=FLUX_TOLERANCE, atol=0):
            return "light differs"
        if not np.array_equal(splats.quats, expected.quats):
            return "rotations differ"
        if (found.trained, found.levels_up) != (made.trained, made.levels_up):
            return "it is listed with other training"
        return None


def _told(source: PackCells, stage: str, on_event: OnEvent) -> Iterator[PackCell]:
    """Yield the cells of `source`, and tell `on_event` how far it is."""
    on_event(Stage(stage, len(source), "cells"))
    for number in range(len(source)):
        yield from source.step(number)
        on_event(Advance(number + 1))
