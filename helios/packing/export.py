"""Cells of a universe as one file that other programs read, in any format of `EXPORTERS`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from helios.errors import InputError
from helios.files import check_file, staged
from helios.packing import EXPORTERS
from helios.packing.pack_cells import Written

if TYPE_CHECKING:
    from helios.grid import CellId
    from helios.universe import Universe


@dataclass(frozen=True)
class Exported:
    """What an exporter wrote: the number of splats or stars, and what of them the file does not show.

    `faint_share`, 0 to 1, is the share of the light in splats of an opacity below 1/255, which most viewers do not
    draw; `notes` say in a line each what the format could not hold. A place x of the file is at origin_m + unit_m * x,
    ecliptic J2000 metres; None where the format has places of its own.
    """

    splats: int
    faint_share: float = 0.0
    notes: tuple[str, ...] = ()
    origin_m: tuple[float, float, float] | None = None
    unit_m: float | None = None


@dataclass(frozen=True)
class ExportResult(Written):
    """What an exported file holds; what `Written` lacks of it is that of `Exported`."""

    faint_share: float = 0.0
    notes: tuple[str, ...] = ()
    origin_m: tuple[float, float, float] | None = None
    unit_m: float | None = None


class Exporter(Protocol):
    """One format: an entry of `EXPORTERS` and a frozen dataclass of options."""

    def write(self, universe: Universe, cells: Sequence[int], file: BinaryIO) -> Exported:
        """Write the cells of these indices [C], at least one, and say what of them. The same cells give the same bytes.

        Raises InputError where the format cannot hold them at all.
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
    check_file(file)
    if not file.parent.is_dir():
        raise InputError(f"{file}: must be a file in a directory that exists")
    with staged(file) as new, new.open("wb") as out:
        wrote = exporter.write(universe, indices, out)
    return ExportResult(
        path=file,
        cells=len(indices),
        trained_cells=int(universe.trained[list(indices)].sum()),
        size_bytes=file.stat().st_size,
        **vars(wrote),
    )
