"""The v2 format of packs: all stars, each once, and the levels that stand for them; `client_export/FORMAT.md`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from helios.errors import StoreError
from helios.grid import MAX_DEPTH, keys_at
from helios.levels.top import BRANCH_ROWS
from helios.packing import SMALL
from helios.packing.v2.branch import BranchTask, pack_branch
from helios.packing.v2.compare import CompareTask, cells_difference, compare_branch
from helios.packing.v2.files import GLOW, HEAD, SKY, SKY_STEM
from helios.packing.v2.reader import Part, V2Pack, read_tiles
from helios.packing.v2.reading_back import written_differences
from helios.packing.v2.side import IDS, SIDES, sides_of
from helios.packing.v2.tree import PackTree
from helios.packing.v2.write import assemble
from helios.progress import Advance, OnEvent, Stage, ignore
from helios.schedulers import open_scheduler
from helios.work_folders import own_folder, remove_folder

if TYPE_CHECKING:
    from helios.schedulers import Scheduler
    from helios.universe import Universe


@dataclass(frozen=True)
class V2:
    """A tree of stars and proxies in bit-packed tiles, found by pages of an index, with a CRC-32 of each."""

    marker: ClassVar[str] = HEAD
    written: ClassVar[frozenset[str]] = frozenset({HEAD, SKY, GLOW, IDS.file(SKY_STEM)})
    names: ClassVar[frozenset[str]] = written | {"tiles-*.bin", *(side.file("*") for side in SIDES)}

    def write(
        self,
        universe: Universe,
        folder: Path,
        *,
        stars_only: bool = False,
        on_event: OnEvent = ignore,
        workers: int | None = None,
        branch_rows: int = BRANCH_ROWS,
    ) -> V2Pack:
        """Write the pack of `universe` into an empty folder, read it back, compare it, and return it.

        Every star is in it, whether its cell is trained or not, and no trained splat. `workers` is how many processes
        work side by side, which does not change the bytes; by default one per core, one for few stars. A branch has at
        most `branch_rows` stars. Memory: a branch for each worker, some 300 MB, and the index of the cells.
        """
        with open_scheduler("local", workers or (1 if universe.offsets[-1] < SMALL else None)) as scheduler:
            tree = PackTree(universe, branch_rows)
            tasks = [
                BranchTask(number, Path(universe.path), universe.fingerprint, branch, folder / "parts")
                for number, branch in enumerate(tree.branches)
            ]
            tree.plan()  # while the workers' process starts
            own_folder(folder / "parts")
            done = _run(scheduler, pack_branch, tasks, "packing", on_event)
        tiles = assemble(universe, tree, tasks, done, folder)
        remove_folder(folder / "parts")
        pack = self.open(folder)
        for problem in written_differences(pack, tree, tiles, on_event):
            raise StoreError(f"{folder}: {problem} (is the disk sound?)")
        return pack

    def open(self, folder: Path) -> V2Pack:
        """Return the pack in `folder`. Raises StoreError as `V2Pack.open`."""
        return V2Pack.open(folder)

    def differences(self, universe: Universe, pack: V2Pack) -> Iterator[str]:
        """Say in words where a sound pack is not that of `universe`: every star is looked up."""
        with open_scheduler("local", 1 if universe.offsets[-1] < SMALL else None) as scheduler:
            yield from _differences(universe, pack, PackTree(universe), scheduler)


def _differences(universe: Universe, pack: V2Pack, tree: PackTree, scheduler: Scheduler) -> Iterator[str]:
    """Say where `pack` is not that of `universe`."""
    stars = int(universe.offsets[-1])
    if pack.head.stars != stars:
        yield f"it holds {pack.head.stars:,} stars, the universe {stars:,}"
        return
    wanted = sides_of(universe.emitter_columns)
    if pack.head.sides != wanted:
        has, due = (", ".join(side.name for side in sides) for sides in (pack.head.sides, wanted))
        yield f"it has side files {has}, those of the universe are {due}"
        return
    parts = pack.tiles()
    if not _same_cells(parts, tree):
        yield "it has other cells than the universe"
        return
    first = [part.cells[0] for part in parts]
    depth, key = (np.array([getattr(entry, name) for entry in first]) for name in ("depth", "key"))
    keys = keys_at(np.maximum(depth, 0), key.astype(np.uint64), MAX_DEPTH)
    # Of the sky the root itself, of a tile the cell whose children it has.
    above = np.where(depth < 0, -1, tree.parent[tree.levels.cells_of(keys, depth)]).tolist()
    upper = set(tree.upper.tolist()) | {-1}
    shared = [part for part, cell in zip(parts, above) if cell in upper]
    begins = [branch.begin for branch in tree.branches if branch.end > branch.begin]
    numbers = [number for number, branch in enumerate(tree.branches) if branch.end > branch.begin]
    own: list[list[Part]] = [[] for _ in tree.branches]
    held: dict[int, Part] = {}
    for part, cell in zip(parts, above):
        if cell in upper:
            held[cell] = part
        else:
            own[numbers[bisect_right(begins, cell) - 1]].append(part)
    tasks = [
        CompareTask(
            *(number, Path(universe.path), universe.fingerprint, branch, pack.folder, tuple(own[number])),
            tuple(held[cell] for cell in (-1, *(cell for _, cell in branch.path)) if cell in held),
        )
        for number, branch in enumerate(tree.branches)
    ]
    if problem := cells_difference(universe, shared, read_tiles(pack.folder, shared)):
        yield problem
    found = _run(scheduler, compare_branch, tasks, "reading back", ignore)
    yield from (problem for problem in found if problem)


def _same_cells(parts: Sequence[Part], tree: PackTree) -> bool:
    entries = [entry for part in parts for entry in part.cells]
    found = np.array([(entry.depth, entry.key) for entry in entries], object).reshape(-1, 2)
    depth, key = found[:, 0].astype(np.int64), found[:, 1].astype(np.uint64)
    order, wanted = np.lexsort((key, depth)), np.lexsort((tree.key, tree.depth))
    return np.array_equal(depth[order], tree.depth[wanted]) and np.array_equal(key[order], tree.key[wanted])


def _run(
    scheduler: Scheduler, work: Callable[[Any], Any], tasks: Sequence[Any], stage: str, on_event: OnEvent
) -> list[Any]:
    """Return the results of `work` on `tasks`, in order."""
    on_event(Stage(stage, len(tasks), "branches"))
    results: dict[int, Any] = {}
    for number, result in scheduler.run(work, tasks):
        results[number] = result
        on_event(Advance(len(results)))
    return [results[number] for number in range(len(tasks))]
