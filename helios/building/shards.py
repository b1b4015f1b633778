"""The second stage: a piece sorts the stars of one shard and writes that shard of every column."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from helios.building.brightest import Faintest
from helios.building.placing import ACROSS, UNMOVED
from helios.building.plan import Plan
from helios.building.runs import Columns, Run, load, save
from helios.building.sorting import BUCKET_DEPTH, Sorting, by_rank_and_light
from helios.catalog.counts import Counts
from helios.cells import Bounds, Cells, boxes_around
from helios.grid import MAX_DEPTH, keys_at
from helios.levels.branch import stars_as_lights
from helios.pieces import seal
from helios.universe.arrays import SHARD_ROWS, chunk_sums, open_root, write_shard
from helios.universe.emitters import EMITTER_COLUMNS, OPTIONAL_EMITTER_COLUMNS
from helios.universe.tree import Leaves, leaves_of

AXES, SHOWN = ("x_m", "y_m", "z_m"), ("phot_g_mean_mag", "bp_rp")
PLACED = (*AXES, "phot_g_mean_mag")


@dataclass(frozen=True)
class ShardTask:
    """A piece of the second stage: the shard `number` of the store at `store`, made from `runs`.

    Its stars are the `rows` stars that follow the first `skip` in the buckets from `buckets[0]` to before `buckets[1]`.
    `whole` are the planned leaves there, which do not split further. Of the leaves that splitting makes, the piece
    lists those whose key is `new_from` or more; the shard before lists the others.
    """

    number: int
    store: Path
    folder: Path
    runs: Sequence[Run]
    buckets: tuple[int, int]
    skip: int
    rows: int
    whole: Leaves
    new_from: int
    faintest: Faintest | None
    sorting: Sorting

    def __repr__(self) -> str:
        return f"shard {self.number}"


@dataclass(frozen=True)
class ShardResult:
    """The result of a ShardTask: its number of stars, and the counts of those without a colour or a motion.

    `path` is the file of the leaves that it lists, and of the box around its stars in each leaf that has some there.
    `sums` has the checksums of the chunks of each column; `files` are sealed.
    """

    rows: int
    counts: Counts
    path: Path
    sums: dict[str, list[int]]
    files: dict[str, int]


def shard_tasks(
    plan: Plan, runs: Sequence[Run], faintest: Faintest | None, sorting: Sorting, store: Path
) -> list[ShardTask]:
    """Return the pieces that write all shards of the store at `store`; their lists of leaves go beside it."""
    pieces = []
    whole_from = plan.leaves.cells.first_keys
    unit_from = sorting.first_keys_of(plan.buckets)
    for number in range(plan.shards()):
        first, stop = plan.units_of(number)
        begin = number * SHARD_ROWS
        new = first if plan.rows[first] >= begin else first + 1
        least = max(int(np.searchsorted(whole_from, unit_from[first], side="right")) - 1, 0)
        beyond = int(np.searchsorted(whole_from, unit_from[stop - 1], side="right"))
        pieces.append(
            ShardTask(
                number,
                store,
                store.parent,
                runs,
                (int(plan.buckets[first]), int(plan.buckets[stop]) if stop < len(plan.buckets) else 1 << 64),
                int(begin - plan.rows[first]),
                min(SHARD_ROWS, plan.stars - begin),
                plan.leaves.take(slice(least, beyond)),
                int(unit_from[new]) if new < len(unit_from) else 1 << 64,
                faintest,
                sorting,
            )
        )
    return pieces


def make_shard(shard: ShardTask) -> ShardResult:
    """Write `shard` and the leaves it lists; return its result. Raises StoreError where writing fails."""
    stars = _gathered(shard)
    lights = stars_as_lights({name: stars[name] for name in PLACED})
    keys = shard.sorting.held(stars["key"])
    leaves, new = _leaves(shard, keys)
    rank = np.searchsorted(leaves.cells.first_keys, keys, side="right") - 1
    order = by_rank_and_light(rank, lights.luminosity, stars["source_id"])[shard.skip : shard.skip + shard.rows]
    position = lights.position_m.take(order, axis=0)
    group: Any = open_root(shard.store, mode="r+")["emitters"]
    columns = _stored(stars, order, position)
    files = [write_shard(group, name, shard.number, column) for name, column in columns.items()]
    sums = {name: chunk_sums(column) for name, column in columns.items()}
    path, points = shard.folder / f"leaves-{shard.number:06d}", points_path(shard.folder, shard.number)
    save(
        points,
        position=position.ravel(),
        luminosity=lights.luminosity[order],
        key=stars["key"][order],
        **{name: columns[name] for name in SHOWN},
    )
    own = rank[order]
    starts = np.flatnonzero(np.r_[True, own[1:] != own[:-1]])
    low, high = boxes_around(position, starts)
    boxes = {"boxed": leaves.cells.first_keys[own[starts]], "low": low.ravel(), "high": high.ravel()}
    save(path, depth=new.cells.depth, key=new.cells.key, count=new.count, **boxes)
    motion = stars["motion"][order] if "motion" in stars else np.zeros(0, np.uint8)
    counts = Counts(
        white=int(np.isnan(columns["bp_rp"]).sum()),
        unmoved=int(np.count_nonzero(motion == UNMOVED)),
        across=int(np.count_nonzero(motion == ACROSS)),
    )
    return ShardResult(shard.rows, counts, path, sums, seal(shard.folder, [*files, path, points]))


def points_path(folder: Path, number: int) -> Path:
    """Return the file of where the stars of the shard `number` are, their keys and light, as they are, to be mapped."""
    return folder / f"points-{number:06d}"


def read_points(folder: Path, rows: tuple[int, int], *names: str) -> Columns:
    """Return what shards wrote to `folder` of the stars of the store's rows (first, stop), mapped where it can be.

    `names` are of `position` float64 [N, 3] metres, `luminosity` float64 [N], `key` uint64 [N], and those of SHOWN.
    """
    parts: list[Columns] = []
    for number in range(rows[0] // SHARD_ROWS, -(-rows[1] // SHARD_ROWS)):
        columns, begin = load(points_path(folder, number)), number * SHARD_ROWS
        columns["position"] = columns["position"].reshape(-1, 3)
        inside = slice(max(rows[0] - begin, 0), rows[1] - begin)
        parts.append({name: columns[name][inside] for name in names})
    if len(parts) == 1:
        return parts[0]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in names}
    for column in joined.values():
        column.flags.writeable = False  # as mapped ones, so that kernels are compiled once
    return joined


def read_leaves(result: ShardResult) -> Leaves:
    """Return the leaves that a shard listed."""
    columns = load(result.path)
    return Leaves(Cells(columns["depth"], columns["key"]), columns["count"])


def _gathered(shard: ShardTask) -> Columns:
    """Return the used stars in the buckets of `shard` that are not beyond its faintest, in the order of the runs."""
    found: list[Columns] = []
    for run in shard.runs:
        buckets, starts = run.index()
        first, stop = (starts[bisect_left(buckets, bucket)] for bucket in shard.buckets)
        if first == stop:
            continue
        columns = run.columns(rows=slice(first, stop))
        used = None
        if run.dropped_path.exists():
            used = run.used()[first:stop]
        if shard.faintest is not None:
            bright = shard.faintest.keeps(columns["phot_g_mean_mag"], columns["source_id"])
            used = bright if used is None else used & bright
        found.append(columns if used is None else {name: column[used] for name, column in columns.items()})
    return {name: np.concatenate([columns[name] for columns in found]) for name in found[0]}


def _leaves(shard: ShardTask, keys: NDArray[np.uint64]) -> tuple[Leaves, Leaves]:
    """Return the leaves of the stars with `keys`, and those of them that `shard` lists."""
    whole, rule = shard.whole, shard.sorting.rule
    if len(whole.count):
        place = np.searchsorted(whole.cells.first_keys, keys, side="right") - 1
        keys = keys[(place < 0) | (keys >= whole.cells.end_keys[place])]
    below, counts = np.unique(keys_at(MAX_DEPTH, keys, rule.deepest), return_counts=True)
    split = leaves_of(below, counts, rule.deepest, rule.capacity, from_depth=min(BUCKET_DEPTH, rule.deepest))
    leaves = Leaves.joined([whole, split])
    new = split.cells.first_keys >= shard.new_from if shard.new_from < 1 << 64 else np.zeros(len(split.count), bool)
    return leaves, split.take(new)


def star_boxes_m(leaves: Leaves, results: Sequence[ShardResult]) -> Bounds:
    """Return (min, max), each float64 [M, 3] metres: the boxes around the stars of the M `leaves` of all shards.

    A leaf may have stars in several shards: least and greatest values do not depend on how its stars are divided.
    """
    first = leaves.cells.first_keys
    low, high = np.full((len(first), 3), np.inf), np.full((len(first), 3), -np.inf)
    for result in results:
        columns = load(result.path)
        place = np.searchsorted(first, columns["boxed"])
        low[place] = np.minimum(low[place], columns["low"].reshape(-1, 3))
        high[place] = np.maximum(high[place], columns["high"].reshape(-1, 3))
    return low, high


StoredColumns = dict[str, tuple[DTypeLike, tuple[int, ...]]]
"""Columns of the store by name: dtype and shape of a row."""


def stored_columns(names: Collection[str]) -> StoredColumns:
    """Return the columns of the store that runs with the columns `names` give."""
    columns: StoredColumns = {name: (dtype, ()) for name, dtype in EMITTER_COLUMNS.items()}
    for name, dtype in OPTIONAL_EMITTER_COLUMNS.items():
        if name in names:
            columns[name] = (dtype, ())
        elif f"{name}_x" in names:
            columns[name] = (dtype, (3,))
    return columns


def _stored(stars: Columns, order: NDArray[np.intp], position_m: NDArray[np.float64]) -> Columns:
    """Return the columns of the store, in `order`, in which `position_m` is already."""
    columns: Columns = {name: np.ascontiguousarray(axis) for name, axis in zip(AXES, position_m.T)}
    for name, (dtype, shape) in stored_columns(stars).items():
        if name not in AXES:
            whole = np.stack([stars[f"{name}_{axis}"] for axis in "xyz"], axis=-1) if shape else stars[name]
            columns[name] = whole.take(order, axis=0).astype(dtype, copy=False)
    return columns
