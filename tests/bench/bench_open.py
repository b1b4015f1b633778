"""How long a universe takes to open, and how large its index.json is, by the number of its cells.

Run as `python -m tests.bench.bench_open`. Universes of one star per cell are made of a random histogram, without a
catalogue. Opening is timed with and without finding a cell by name and a place; the last column compares the time to
open with that of the smallest universe.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from helios.grid import HLGrid, cell_keys
from helios.universe import Universe
from helios.universe.arrays import open_root
from helios.universe.emitters import EMITTER_COLUMNS
from helios.universe.paths import index_path, store_path
from helios.universe.tree import TreeRule, inner_cells, leaves_of
from helios.universe.writer import write_columns, write_tree

COUNTS = (1_000, 100_000, 1_000_000)
DEPTH = 12


def make(directory: Path, count: int) -> float:
    """Write a universe of about `count` cells; return the seconds that its tree took."""
    rng, grid = np.random.default_rng(count), HLGrid(DEPTH)
    keys = cell_keys(*(rng.integers(0, n, count) for n in (grid.n_l, grid.n_theta, grid.n_phi)))
    keys, held = np.unique(keys, return_counts=True)
    started = time.perf_counter()
    leaves = leaves_of(keys, held, DEPTH, 1)
    inner_cells(leaves)
    seconds = time.perf_counter() - started
    root = open_root(store_path(directory), mode="w")
    stars = int(leaves.count.sum())
    write_columns(root, "emitters", EMITTER_COLUMNS, (np.ones(stars) for _ in EMITTER_COLUMNS))
    write_tree(directory, root, leaves, leaves.cells.bounds_m(), TreeRule(leaf_capacity=1), {})
    return seconds


def open_and_find(directory: Path) -> None:
    """Open a universe, look a place up, and a cell by its name."""
    universe = Universe.open(directory)
    universe.locate(np.ones((1, 3)) * 1e17)
    universe.index_of(str(universe.cells[len(universe) // 2]))


def best(action: Callable[[Path], object], directory: Path, times: int = 5) -> float:
    """The least of the seconds that `action` takes with `directory`."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        action(directory)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def main() -> None:
    """Print a line for each number of cells."""
    print(f"{'cells':>10} {'tree':>9} {'index.json':>11} {'open':>9} {'and find':>9} {'ratio':>7}")
    smallest = None
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder)
            tree = make(directory, count)
            opening = best(Universe.open, directory)

            finding = best(open_and_find, directory)
            smallest = smallest or opening
            size, cells = index_path(directory).stat().st_size, len(Universe.open(directory))
            print(
                f"{cells:>10,} {1e3 * tree:>6.0f} ms {size:>9} B {1e3 * opening:>6.1f} ms {1e3 * finding:>6.1f} ms "
                f"{opening / smallest:>6.1f}x"
            )


if __name__ == "__main__":
    main()
