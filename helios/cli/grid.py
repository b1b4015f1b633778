"""`helios grid`: the grid's shells, the cell of a place, the cells of a range of distances.

Everything is printed to standard output in plain columns after comment lines, so that it can be piped.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import numpy as np

from helios.cells import Cells
from helios.cli.printing import echo
from helios.constants import AU_M, LIGHT_YEAR_M, PARSEC_M, R_MIN_M
from helios.coords import icrs_to_ecliptic_m, parallax_to_distance_m
from helios.errors import InputError
from helios.grid import INSIDE_R_MIN, HLGrid

DEFAULT_DEPTH = 5

UNITS_M = {
    "m": 1.0,
    "km": 1e3,
    "au": AU_M,
    "ly": LIGHT_YEAR_M,
    "pc": PARSEC_M,
    "kpc": 1e3 * PARSEC_M,
    "mpc": 1e6 * PARSEC_M,
}


class Distance(click.ParamType):
    """A distance with a unit, converted to metres."""

    name = "distance"

    def convert(self, value, param, ctx) -> float:
        found = re.fullmatch(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*([a-z]+)\s*", str(value), re.IGNORECASE)
        try:
            number, unit = found.groups() if found else ("", "")
            return float(number) * UNITS_M[unit.lower()]
        except (ValueError, KeyError):
            self.fail(f"{value!r} is not a distance like 10pc or 1.5e3 au (units: {', '.join(UNITS_M)})", param, ctx)


def _which_grid(command):
    """Add the options that select a grid to `command`."""
    command = click.option("--universe", type=Path, metavar="DIR", help="The grid of this universe.")(command)
    return click.option(
        "--depth", type=int, help=f"The grid of this depth.  [default: {DEFAULT_DEPTH}, the published grid]"
    )(command)


@click.group()
def grid():
    """Look at the grid: its shells, the cell of a place, the cells of a range."""


@grid.command()
@_which_grid
def info(depth: int | None, universe: Path | None):
    """Print the grid's shells with their radii; with --universe their cells and stars too, or those of each depth."""
    grid, opened = _open(depth, universe)
    if opened is not None and opened.depth is None:
        _print_depths(opened)
        return
    _print_grid(grid)
    _print_shells(grid, np.arange(grid.n_l), opened)


@grid.command()
@click.option("--meters", nargs=3, type=float, metavar="X Y Z", help="Barycentric mean ecliptic J2000, metres.")
@click.option("--au", nargs=3, type=float, metavar="X Y Z", help="Barycentric mean ecliptic J2000, au.")
@click.option("--icrs", nargs=3, type=float, metavar="RA DEC PARALLAX", help="ICRS degrees, milliarcseconds.")
@_which_grid
def locate(meters, au, icrs, depth: int | None, universe: Path | None):
    """Print the cell of a place: its id, bounds, parent and neighbours."""
    grid, opened = _open(depth, universe)
    position_m = _position_m(meters, au, icrs)
    r_m = float(np.linalg.norm(position_m))
    cell = grid.locate_one(position_m) if opened is None else opened.tree.cells_at(position_m[None])[0]
    if cell is None:
        edge = (
            f"inside the grid's inner radius of {R_MIN_M:g} m"
            if grid.locate(position_m[None])[0][0] == INSIDE_R_MIN
            else f"beyond the grid's outer radius of {grid.shell_edges_m(grid.n_l - 1)[1]:.4g} m"
        )
        raise InputError(f"no cell at {r_m:.6g} m from the Sun: {edge}")
    cells = Cells.of_ids([cell])
    (low,), (high,) = cells.bounds_m()
    (inner,), (outer,) = cells.shell_edges_m()
    rows = {
        "cell": f"{cell}",
        "depth": f"{cell.depth}",
        "position_m": _vector(position_m),
        "distance": f"{r_m:.9g} m = {r_m / AU_M:.9g} au = {r_m / PARSEC_M:.9g} pc",
        "shell": f"{inner:.6g} to {outer:.6g} m = {inner / PARSEC_M:.6g} to {outer / PARSEC_M:.6g} pc",
        "bounds_min_m": _vector(low),
        "bounds_max_m": _vector(high),
        "parent": f"{cell.parent or '-'}",
        "neighbours": f"{len(cell.neighbours(1)) - 1}",
    }
    if opened is not None:
        i = opened.tree.index_of(cell)
        rows["stars"] = f"{np.diff(opened.offsets)[i] if i >= 0 else 0}"
    for name, value in rows.items():
        echo(f"{name:<14}{value}")


@grid.command()
@click.option("--from", "start", type=Distance(), required=True, help="Nearest distance, for example 1pc.")
@click.option("--to", "stop", type=Distance(), required=True, help="Farthest distance, for example 10pc.")
@_which_grid
def cells(start: float, stop: float, depth: int | None, universe: Path | None):
    """Print what lies in a range of distances: with --universe its cells, else the grid's shells."""
    if not 0 <= start < stop:
        raise InputError(f"--from {start:g} m --to {stop:g} m: must be an increasing range")
    grid, opened = _open(depth, universe)
    if opened is not None:
        _print_cells(opened, start, stop)
        return
    inner, outer = grid.shell_edges_m(np.arange(grid.n_l))
    shells = np.flatnonzero((inner < stop) & (outer > start))
    if not len(shells):
        raise InputError(f"no cells from {start:g} to {stop:g} m: the grid goes from {inner[0]:g} to {outer[-1]:g} m")
    _print_grid(grid)
    _print_shells(grid, shells, None)


def _open(depth: int | None, universe: Path | None):
    if universe is None:
        return HLGrid(DEFAULT_DEPTH if depth is None else depth), None
    if depth is not None:
        raise InputError("--depth and --universe: only one of them can say which grid is meant")
    from helios.universe import Universe

    opened = Universe.open(universe)
    return HLGrid(DEFAULT_DEPTH if opened.depth is None else opened.depth), opened


def _print_cells(universe, start: float, stop: float) -> None:
    """Print the cells of `universe` that overlap the distances from `start` to `stop`, metres."""
    cells, stars = universe.cells, np.diff(universe.offsets)
    inner, outer = cells.shell_edges_m()
    shown = np.flatnonzero((inner < stop) & (outer > start))
    if not len(shown):
        raise InputError(
            f"no cells from {start:g} to {stop:g} m: those of {universe.path} go from {inner.min():g} m "
            f"to {outer.max():g} m"
        )
    if universe.depth is not None:
        _print_grid(HLGrid(universe.depth))
    echo(f"{'cell':<20} {'stars':>8} {'inner_pc':>12} {'outer_pc':>12}")
    for i in shown.tolist():
        near, far = inner[i] / PARSEC_M, outer[i] / PARSEC_M
        echo(f"{cells[i]!s:<20} {stars[i]:>8} {near:>12.6g} {far:>12.6g}")


def _print_depths(universe) -> None:
    """Print the numbers of cells and stars of an adaptive universe at each depth, and the ratio of its shells."""
    echo(f"# adaptive: cells split while they held more than {universe.leaf_capacity:,} stars")
    echo(f"{'depth':>7} {'cells':>12} {'stars':>12} {'inner_cells':>12} {'log_base':>12}")
    depths, stars = universe.cells.depth, np.diff(universe.offsets)
    inner = np.bincount(universe.inner.cells.depth, minlength=int(depths.max()) + 1)
    for depth in range(int(depths.max()) + 1):
        own = depths == depth
        counts = (int(own.sum()), int(stars[own].sum()), int(inner[depth]))
        echo(f"{depth:>7}" + "".join(f" {n:>12}" for n in counts) + f" {HLGrid(depth).log_base:>12.6g}")


def _position_m(meters, au, icrs) -> np.ndarray:
    given = {
        name: values for name, values in (("--meters", meters), ("--au", au), ("--icrs", icrs)) if values is not None
    }
    if len(given) != 1:
        raise InputError("a place is needed, as one of --meters X Y Z, --au X Y Z, --icrs RA DEC PARALLAX")
    ((name, values),) = given.items()
    if not np.all(np.isfinite(values)):
        raise InputError(f"{name} {' '.join(map(str, values))}: must be finite numbers")
    if icrs is None:
        return np.array(values) * (1.0 if au is None else AU_M)
    ra, dec, parallax = values
    if not (0 <= ra < 360 and -90 <= dec <= 90 and parallax > 0):
        raise InputError(f"--icrs {ra:g} {dec:g} {parallax:g}: must be ra in [0, 360), dec in [-90, 90], parallax > 0")
    return icrs_to_ecliptic_m([ra], [dec], parallax_to_distance_m([parallax]))[0]


def _print_grid(grid: HLGrid) -> None:
    echo(
        f"# depth {grid.depth}: {grid.n_l} shells of ratio {grid.log_base:.6g} from {R_MIN_M:g} m, "
        f"{grid.n_theta} longitudes, {grid.n_phi} colatitudes"
    )


def _print_shells(grid: HLGrid, shells: np.ndarray, universe) -> None:
    counts = np.zeros((2, grid.n_l), np.int64)
    header = ["inner_m", "outer_m", "inner_au", "outer_au", "inner_pc", "outer_pc"]
    if universe is not None:
        header += ["cells", "stars"]
        counts[0] = np.bincount(universe.cells.l, minlength=grid.n_l)
        counts[1] = np.bincount(universe.cells.l, weights=np.diff(universe.offsets), minlength=grid.n_l)
    echo(f"{'l':>7}" + "".join(f" {name:>12}" for name in header))
    inner, outer = grid.shell_edges_m(shells)
    for l, low, high in zip(shells.tolist(), inner, outer):
        values = [f"{edge / unit:.6g}" for unit in (1.0, AU_M, PARSEC_M) for edge in (low, high)]
        if universe is not None:
            values += [str(counts[0, l]), str(counts[1, l])]
        echo(f"{l:>7}" + "".join(f" {value:>12}" for value in values))


def _vector(values: np.ndarray) -> str:
    return " ".join(f"{value:.12g}" for value in values)
