"""Cells of a universe as one file that other programs read, in any format of `EXPORTERS`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from helios.errors import InputError
from helios.files import staged
from helios.packing import EXPORTERS
from helios.packing.pack_cells import Written

if TYPE_CHECKING:
    from helios.grid import CellId
    from helios.universe import Universe


class ExportResult(Written):
    """What an exported file holds."""


class Exporter(Protocol):
    """One format: an entry of `EXPORTERS` and a frozen dataclass of options."""

    def write(self, universe: Universe, cells: Sequence[int], file: BinaryIO) -> int:
        """Write the cells of these indices [C], at least one, and return how many splats or stars these are.

        The same cells give the same bytes.
        """


def export(
    universe: Universe,
    file: Path | str,
    format: str = "ply",
    cells: Iterable[int | str | CellId] | None = None,
) -> ExportResult:
    """Write `cells`, indices, names or ids, all where None is given, to `file` and return what it holds.

    Each comes once, in the order of the universe. `format` is one of `EXPORTERS`, with its options, as in
    `csv:splats=true`. The file appears whole or not at all. Raises InputError for an unknown format or option, no cells
    or one that is not there, or a place where no file can be written.
    """
    exporter, file = EXPORTERS.make(format), Path(file)
    indices = range(len(universe)) if cells is None else sorted({universe.index_of(cell) for cell in cells})
    if not indices:
        raise InputError("no cells to export")
    if file.is_dir() or not file.parent.is_dir():
        raise InputError(f"{file}: must be a file in a directory that exists")
    with staged(file) as new, new.open("wb") as out:
        splats = exporter.write(universe, indices, out)
    return ExportResult(file, len(indices), int(universe.trained[list(indices)].sum()), splats, file.stat().st_size)
