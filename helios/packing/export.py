"""Cells of a universe as one file that other programs read, in any format of `EXPORTERS`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from helios.errors import InputError
from helios.files import check_file, staged
from helios.packing import EXPORTERS
from helios.packing.pack_cells import Written
from helios.packing.shown import Shown, ShownCells, ShownCut

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

    def write(self, shown: Shown, file: BinaryIO) -> Exported:
        """Write what is `shown`, at least one splat, and say what of it. The same parts give the same bytes.

        Raises InputError where the format cannot hold it at all.
        """


def export(
    universe: Universe,
    file: Path | str,
    format: str = "ply",
    cells: Iterable[int | str | CellId] | None = None,
    *,
    level: int | None = None,
    budget: int | None = None,
) -> ExportResult:
    """Write `cells`, indices, names or ids, all where None is given, to `file` and return what it holds.

    Each comes once, in the order of the universe. `format` is one of `EXPORTERS`, with its options, as in
    `csv:splats=true`. With `level` or `budget`, instead of cells, it is a cut of the levels of detail (`ShownCut`), of
    which `cells` in the result counts parts. The file appears whole or not at all. Raises InputError for an unknown
    format or option, no cells or one that is not there, cells and a cut at once, or a place where no file can be
    written.
    """
    exporter, file = EXPORTERS.make(format), Path(file)
    indices = range(len(universe)) if cells is None else sorted({universe.index_of(cell) for cell in cells})
    if not indices:
        raise InputError("no cells to export")
    if sum(given is not None for given in (cells, level, budget)) > 1:
        raise InputError("cells, a level and a budget of splats are three ways to choose: only one can be given")
    check_file(file)
    if not file.parent.is_dir():
        raise InputError(f"{file}: must be a file in a directory that exists")
    is_cut = level is not None or budget is not None
    shown: Shown = ShownCut(universe, level, budget) if is_cut else ShownCells(universe, indices)
    with staged(file) as new, new.open("wb") as out:
        wrote = exporter.write(shown, out)
    return ExportResult(
        path=file,
        cells=len(shown),
        trained_cells=0 if is_cut else int(universe.trained[list(indices)].sum()),
        size_bytes=file.stat().st_size,
        **vars(wrote),
    )
