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
from helios.catalog import READERS, Reader
from helios.catalog.cuts import Rejections, brightest, first_of_each
from helios.catalog.files import BadFiles, open_catalogs, usable_chunks
from helios.catalog.schema_file import choose_schema
from helios.catalog.schemas import DEFAULT, SCHEMAS
from helios.catalog.table import StarTable
from helios.catalogs_path import embedded
from helios.coords import icrs_to_ecliptic_m, parallax_to_distance_m
from helios.errors import InputError
from helios.grid import BEYOND_GRID, INSIDE_R_MIN, MAX_DEPTH, HLGrid, cell_keys
from helios.options import option
from helios.universe.replace import check_replaceable, replacing

EMBEDDED_STARS = "bright_stars.csv.gz"
EMBEDDED_SCHEMA = "bright_stars"

STARS_PER_CELL = 64
"""What `--depth auto` aims at: the mean number of stars in the cells that are not empty."""

AUTO_DEPTHS = range(13)

LIBRARIES = ("astropy", "numcodecs", "numpy", "pyarrow", "zarr")
"""What reads, places and compresses stars: other versions of these may give other bytes."""


@dataclass(frozen=True)
class BuildConfig:
    """What `helios build` makes a universe of. Raises InputError for values outside their range."""

    stars: tuple[Path, ...] = option(
        (),
        "Catalogue of stars: CSV, ECSV, FITS, Parquet, VOTable, Hipparcos .dat, a directory of them or a pattern in "
        "quotes; several may follow. [default: the embedded bright stars]",
        multiple=True,
        type=Path,
        metavar="FILE...",
    )
    schema: str | None = option(
        None,
        f"How the catalogue writes its stars: {', '.join(SCHEMAS)}, or a TOML file. [default: {DEFAULT}, or the "
        "format's own]",
        type=str,
        metavar="NAME|FILE",
    )
    column: tuple[str, ...] = option(
        (),
        "Read a column from another one, as in parallax=plx; may be given again.",
        multiple=True,
        type=str,
        metavar="NAME=SOURCE",
    )
    skip_bad_files: bool = option(False, "Leave out files that cannot be read, and count them.", is_flag=True)
    synthetic: int | None = option(None, "Make N stars instead of reading a catalogue.", type=int, metavar="N")
    seed: int = option(0, "Which stars --synthetic makes.")
    max_mag: float | None = option(None, "Leave out stars fainter than this apparent G magnitude.", type=float)
    limit: int | None = option(None, "Keep only the N brightest stars.", type=int, metavar="N")
    depth: str = option(
        "auto",
        f"Depth of the grid, 0 to {MAX_DEPTH}; auto: the one where cells hold {STARS_PER_CELL} stars on average.",
        metavar="auto|N",
    )

    def __post_init__(self):
        if self.synthetic is not None and self.stars:
            raise InputError("--synthetic and --stars: only one of them can say where the stars come from")
        if self.synthetic is not None and (self.schema or self.column):
            raise InputError(
                "--synthetic with --schema or --column: a made sky has no columns to name; drop one of them"
            )
        if self.limit is not None and self.limit < 1:
            raise InputError(f"--limit {self.limit}: must be at least 1 star")
        if self.max_mag is not None and not math.isfinite(self.max_mag):
            raise InputError(f"--max-mag {self.max_mag}: must be a number of magnitudes")
        if self.depth != "auto" and not (self.depth.isdecimal() and int(self.depth) <= MAX_DEPTH):
            raise InputError(f"--depth {self.depth}: must be auto or a whole number from 0 to {MAX_DEPTH}")

    def readers(self, bad_files: BadFiles) -> list[Reader]:
        """The catalogues, none of them read yet. Raises InputError as open_catalogs does."""
        if self.synthetic is not None:
            return [READERS.get("synthetic")(self.synthetic, self.seed)]
        if not self.stars:
            choice = choose_schema(self.schema or EMBEDDED_SCHEMA, self.column)
            return open_catalogs([embedded(EMBEDDED_STARS)], choice)
        return open_catalogs(self.stars, choose_schema(self.schema, self.column), bad_files)

    def provenance(self) -> dict[str, Any]:
        """What chose the stars and the grid; the catalogues stand beside it with their hashes."""
        return {"max_mag": self.max_mag, "limit": self.limit, "depth": self.depth}


@dataclass(frozen=True)
class BuildReport:
    """What a build read and made: `inputs` as in the provenance, `white` the stars without a finite BP-RP.

    `bad_files` are the files left out, by name, with the reason.
    """

    path: Path
    inputs: list[dict[str, Any]]
    rejections: Rejections
    bad_files: list[tuple[str, str]]
    white: int
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
    230 bytes each. Raises InputError for unusable options, catalogues or output, and where no row is a star.
    """
    check_replaceable(output)
    bad_files = BadFiles(config.skip_bad_files)
    readers = config.readers(bad_files)
    rejections = Rejections()
    stars = _read(readers, config, rejections, bad_files)
    position_m = _position_m(stars)
    grid = HLGrid(_auto_depth(position_m) if config.depth == "auto" else int(config.depth))
    inputs = [_provenance(reader) for reader in readers if reader not in bad_files.readers]
    with np.errstate(over="ignore"):
        bp_rp = stars.bp_rp.astype(np.float32)
    bp_rp[~np.isfinite(bp_rp)] = np.nan
    white = int(np.isnan(bp_rp).sum())

    from helios.universe.writer import PlacedStars, write_universe

    placed = PlacedStars(stars.source_id, position_m, stars.phot_g_mean_mag.astype(np.float32), bp_rp)
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
    with replacing(output) as directory:
        cells = write_universe(directory, placed, grid, provenance)
        add(directory)
        size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    return BuildReport(output, inputs, rejections, bad_files.found, white, len(stars), cells, grid.depth, size)


def _provenance(reader: Reader) -> dict[str, Any]:
    sources = getattr(reader, "sources", None)
    return reader.provenance() | ({"schema": sources.provenance()} if sources else {})


def _read(readers: list[Reader], config: BuildConfig, rejections: Rejections, bad_files: BadFiles) -> StarTable:
    """The stars of all catalogues that have a cell."""
    tables, names = [], []
    for chunk in usable_chunks(readers, rejections, bad_files, config.max_mag):
        tables.append(chunk.stars)
        names.append(f"{chunk.reader.name} {chunk.reader.row_unit}")
    bad_files.check(tables)
    stars = StarTable.concatenate(tables)
    table_of = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    cuts = [
        ("duplicate source_id", "source_id", lambda s: first_of_each(s.source_id)),
        ("inside the grid's inner radius", "parallax", lambda s: HLGrid(0).locate(_position_m(s))[0] != INSIDE_R_MIN),
        ("beyond the grid's outer radius", "parallax", lambda s: HLGrid(0).locate(_position_m(s))[0] != BEYOND_GRID),
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


def _position_m(stars: StarTable) -> NDArray[np.float64]:
    # A parallax of almost 0 gives an infinite distance, which is beyond the grid.
    with np.errstate(over="ignore", invalid="ignore"):
        return icrs_to_ecliptic_m(stars.ra, stars.dec, parallax_to_distance_m(stars.parallax))


def _auto_depth(position_m: NDArray[np.float64]) -> int:
    """The depth of AUTO_DEPTHS whose mean number of stars per cell is nearest to STARS_PER_CELL in ratio."""
    keys = np.sort(cell_keys(*HLGrid(AUTO_DEPTHS[-1]).locate(position_m)))

    def distance(depth: int) -> float:
        parents = keys >> np.uint64(3 * (AUTO_DEPTHS[-1] - depth))
        cells = 1 + np.count_nonzero(np.diff(parents))
        return abs(math.log(len(keys) / cells / STARS_PER_CELL))

    return min(AUTO_DEPTHS, key=distance)
