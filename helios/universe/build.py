"""From catalogues to a universe: read, cut, place, bin, write."""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios import __version__
from helios.catalog import Reader
from helios.catalog.corrected import CorrectedReader
from helios.catalog.cuts import Rejections, brightest, first_of_each
from helios.catalog.files import BadFiles, Chunk, usable_chunks
from helios.catalog.places import at_epoch, positions_m, velocities_m_per_yr, with_edsd_distances
from helios.catalog.row_cuts import EDSD
from helios.catalog.table import StarTable
from helios.errors import InputError
from helios.grid import BEYOND_GRID, INSIDE_R_MIN, HLGrid, cell_keys
from helios.universe.build_config import STARS_PER_CELL, BuildConfig
from helios.universe.replace import check_replaceable, replacing

AUTO_DEPTHS = range(13)

LIBRARIES = ("astropy", "numcodecs", "numpy", "pyarrow", "zarr")
"""What reads, places and compresses stars: other versions of these may give other bytes."""


@dataclass(frozen=True)
class BuildReport:
    """What a build read and made: `inputs` as in the provenance, `white` the stars without a finite BP-RP.

    `bad_files` are the files left out, by name, with the reason. `epoch` is the Julian year to which stars were moved,
    None where they were not; of them `unmoved` have no proper motion, and `across` one but no radial velocity.
    `corrected` are the rows whose parallax was corrected by its zero point, and those that have none.
    """

    path: Path
    inputs: list[dict[str, Any]]
    rejections: Rejections
    bad_files: list[tuple[str, str]]
    white: int
    epoch: float | None
    unmoved: int
    across: int
    corrected: tuple[int, int] | None
    stars: int
    cells: int
    depth: int
    size_bytes: int

    @property
    def rows_read(self) -> int:
        """Rows of the catalogues, usable or not."""
        return self.rejections.rows_read


def build_universe(config: BuildConfig, output: Path, add: Callable[[Path], None]) -> BuildReport:
    """Make the universe that `config` describes, put it at `output` and return what was read and made.

    `add` is called with the directory of the new universe before it takes its place, to write landmarks there. A
    universe at `output` is replaced as a whole; on any error it stays as it was. Holds all stars in memory, about
    230 bytes each, 100 more where they are moved. Raises InputError for unusable options, catalogues or output, and
    where no row is a star.
    """
    check_replaceable(output)
    bad_files = BadFiles(config.skip_bad_files)
    readers = config.readers(bad_files)
    rejections = Rejections()
    stars = _read(readers, config, rejections, bad_files)
    position_m = positions_m(stars)
    grid = HLGrid(_auto_depth(position_m) if config.depth == "auto" else int(config.depth))
    readers = [reader for reader in readers if reader not in bad_files.readers]
    inputs = [_provenance(reader) for reader in readers]
    with np.errstate(over="ignore"):
        bp_rp = stars.bp_rp.astype(np.float32)
    bp_rp[~np.isfinite(bp_rp)] = np.nan
    white = int(np.isnan(bp_rp).sum())

    unmoved, across = _without_motion(stars) if config.epoch is not None else (0, 0)

    from helios.universe.writer import PlacedStars, write_universe

    placed = PlacedStars(
        stars.source_id,
        position_m,
        stars.phot_g_mean_mag.astype(np.float32),
        bp_rp,
        quantiles_pc=_quantiles_pc(stars) if config.distance == EDSD else None,
        velocity_m_per_yr=velocities_m_per_yr(stars) if config.epoch is not None else None,
    )
    provenance = {
        "helios": __version__,
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "command": "build",
        "options": config.provenance(),
        "inputs": inputs,
        "bad_files": [name for name, _ in bad_files.found],
        "rows_read": rejections.rows_read,
        "rejected": rejections.counts(),
        "kept": len(stars),
        "without_bp_rp": white,
    }
    if config.epoch is not None:
        provenance |= {"without_proper_motion": unmoved, "moved_across_only": across}
    corrected = _corrected(readers) if config.zero_point else None
    if corrected is not None:
        provenance |= {"zero_point_subtracted": corrected[0], "without_zero_point": corrected[1]}
    with replacing(output) as directory:
        cells = write_universe(directory, placed, grid, provenance)
        add(directory)
        size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    return BuildReport(
        output,
        inputs,
        rejections,
        bad_files.found,
        white,
        config.epoch_jyear,
        unmoved,
        across,
        corrected,
        len(stars),
        cells,
        grid.depth,
        size,
    )


def _provenance(reader: Reader) -> dict[str, Any]:
    sources = getattr(reader, "sources", None)
    return reader.provenance() | ({"schema": sources.provenance()} if sources else {})


def _read(readers: list[Reader], config: BuildConfig, rejections: Rejections, bad_files: BadFiles) -> StarTable:
    """The stars of all catalogues that have a cell."""
    tables, names = [], []
    for chunk in usable_chunks(readers, rejections, bad_files, config.cuts):
        tables.append(_placed(chunk, config))
        names.append(f"{chunk.reader.name} {chunk.reader.row_unit}")
    bad_files.check(tables)
    stars = StarTable.concatenate(tables)
    table_of = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    far = "parallax" if "distance_pc" in stars.absent else "distance_pc"
    cuts = [
        ("duplicate source_id", "source_id", lambda s: first_of_each(s.source_id)),
        ("inside the grid's inner radius", far, lambda s: HLGrid(0).locate(positions_m(s))[0] != INSIDE_R_MIN),
        ("beyond the grid's outer radius", far, lambda s: HLGrid(0).locate(positions_m(s))[0] != BEYOND_GRID),
    ]
    if config.limit is not None:
        cuts.append(
            ("beyond --limit", "phot_g_mean_mag", lambda s: brightest(s.phot_g_mean_mag, s.source_id, config.limit))
        )
    for why, column, kept_of in cuts:
        kept = kept_of(stars)
        if kept.all():
            continue
        first = np.flatnonzero(~kept)[0]
        where = f"{names[table_of[first]]} {stars.row[first]}, {column} {getattr(stars, column)[first]}"
        rejections.add(why, int(np.count_nonzero(~kept)), where)
        stars, table_of = stars[kept], table_of[kept]
    if not len(stars):
        raise InputError(f"no star left of {rejections.rows_read:,} rows: {rejections}")
    return stars


def _placed(chunk: Chunk, config: BuildConfig) -> StarTable:
    """The chunk's stars at the distance and the epoch that `config` asks for."""
    stars = chunk.stars
    if config.distance == EDSD:
        stars = with_edsd_distances(stars, config.length_scale)
    if config.epoch is not None:
        stars = at_epoch(stars, chunk.reader.schema.ref_epoch, config.epoch_jyear)
    return stars


def _corrected(readers: list[CorrectedReader]) -> tuple[int, int]:
    """How many rows had their parallax corrected, and how many have one that was not."""
    return sum(reader.corrected for reader in readers), sum(reader.uncorrected for reader in readers)


def _without_motion(stars: StarTable) -> tuple[int, int]:
    """How many stars have no proper motion, and how many have one but no radial velocity."""
    unmoved = np.isnan(stars.pmra) | np.isnan(stars.pmdec)
    return int(np.count_nonzero(unmoved)), int(np.count_nonzero(np.isnan(stars.radial_velocity) & ~unmoved))


def _quantiles_pc(stars: StarTable) -> NDArray[np.float64]:
    return np.stack([stars.distance_lower_pc, stars.distance_upper_pc], axis=-1)


def _auto_depth(position_m: NDArray[np.float64]) -> int:
    """The depth of AUTO_DEPTHS whose mean number of stars per cell is nearest to STARS_PER_CELL in ratio."""
    keys = np.sort(cell_keys(*HLGrid(AUTO_DEPTHS[-1]).locate(position_m)))

    def distance(depth: int) -> float:
        parents = keys >> np.uint64(3 * (AUTO_DEPTHS[-1] - depth))
        cells = 1 + np.count_nonzero(np.diff(parents))
        return abs(math.log(len(keys) / cells / STARS_PER_CELL))

    return min(AUTO_DEPTHS, key=distance)
