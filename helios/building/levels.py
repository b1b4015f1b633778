"""The stage that makes the levels of detail: one piece for each branch, and what is above the branches from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.building.runs import load, save
from helios.building.shards import read_points
from helios.building.sorting import by_key
from helios.building.work import Work
from helios.cells import Cells
from helios.color import color_from_bp_rp
from helios.levels.branch import (
    LevelCells,
    draw_stars,
    flux_of,
    grow_branch,
    table_from,
)
from helios.levels.error_table import WIDTHS
from helios.levels.glow import GLOW_N, texels_of
from helios.levels.own_stars import BRIGHT, KEPT_WHOLE, OWN_STARS, ROOT_DEPTH, UNOWNED
from helios.levels.proxies import PROXIES, STOOD_FOR, Lights
from helios.levels.top import Top, candidates, keepers_above, proxies_above, top_of
from helios.pieces import seal
from helios.universe.level_columns import LevelParts

CANDIDATE_COLUMNS = ("position", "luminosity", "phot_g_mean_mag", "bp_rp")

RULE = (OWN_STARS, BRIGHT, KEPT_WHOLE, PROXIES, STOOD_FOR)
"""Which stars cells keep, and how many proxies stand for the others: branches of another rule do not go together."""


@dataclass(frozen=True)
class BranchTask:
    """The branch number `number`: the cell of `depth` and the stars of the store in `rows` (first, stop).

    The store has `stars`, which shards left in `folder` as points. `levels` are the cells above the branch, without the
    root. `kept_rows` int64 [K], `kept_by` int8 [K]: which of its rows are kept above, and at which depths. `above` are
    the proxies that stand for the branch, and for the cells above it.
    """

    number: int
    folder: Path
    depth: int
    rows: tuple[int, int]
    stars: int
    levels: int
    kept_rows: NDArray[np.int64]
    kept_by: NDArray[np.int8]
    above: tuple[Lights, ...] = ()
    depths_above: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"branch {self.number}"

    def read(self, *names: str) -> dict[str, NDArray]:
        """Return what is known of the branch's stars (`read_points`)."""
        return read_points(self.folder, self.rows, *names)

    def lights(self, colored: bool = False) -> Lights:
        """Return the stars as points of light, all white unless `colored`."""
        points, rows = self.read("position", "luminosity", "bp_rp"), self.rows[1] - self.rows[0]
        color = color_from_bp_rp(points["bp_rp"]) if colored else np.broadcast_to(np.float32(1), (rows, 3))
        return Lights(points["position"], np.zeros(rows), points["luminosity"], color)

    def owner(self) -> NDArray[np.int8]:
        """Return the depths of who keeps each star, as far as they are known."""
        owner = np.full(self.rows[1] - self.rows[0], UNOWNED, np.int8)
        owner[self.kept_rows - self.rows[0]] = self.kept_by
        return owner


@dataclass(frozen=True)
class BranchResult:
    """What a piece wrote to `path`; `files` are sealed."""

    path: Path
    rows: int
    files: dict[str, int]


def find_candidates(task: BranchTask) -> BranchResult:
    """Write the stars of a branch that cells above it may keep."""
    lights, mag = task.lights(), task.read("phot_g_mean_mag")["phot_g_mean_mag"]
    rows = candidates(flux_of(lights), lights.luminosity, mag, task.levels, task.stars)
    found = {name: column[rows] for name, column in task.read(*CANDIDATE_COLUMNS).items()}
    found["position"] = found["position"].ravel()
    return _written(task, "candidates", row=rows + task.rows[0], **found)


def make_branch(task: BranchTask) -> BranchResult:
    """Write the cells and proxies of a branch, who keeps each of its stars, and its part of the glow map."""
    lights, owner, keys = task.lights(colored=True), task.owner(), task.read("key")["key"]
    order = by_key(keys)
    lights = lights.take(order)
    sorted_owner = owner[order]
    unseen = sorted_owner != ROOT_DEPTH
    flux = flux_of(lights)[unseen]
    glow = np.bincount(texels_of(lights.position_m)[unseen], flux, 6 * GLOW_N**2).astype(np.float64)  # where none are
    tint = np.array([np.sum(flux * color[unseen].astype(np.float64)) for color in lights.color.T])
    level, own = grow_branch(keys[order], lights, sorted_owner, task.depth)
    owner[order] = sorted_owner
    return _written(
        task, "branch", owner=owner, glow=glow, tint=tint, **_columns("", level.proxies), **_columns("own_", own),
        depth=level.depth, key=level.key, own=level.own, extent_m=level.extent_m, table=level.table.ravel(),
        child=level.child, starts=level.starts,
    )  # fmt: skip


def draw_branch(task: BranchTask) -> BranchResult:
    """Write the stars of a branch as the errors of the branch itself and of the cells above it need them drawn."""
    owner = load(task.folder / f"branch-{task.number:06d}")["owner"]
    lights = task.lights()
    drawn = [draw_stars(p, lights, owner, depth) for p, depth in zip(task.above, task.depths_above)]
    images = np.stack([images for images, _ in drawn])
    return _written(task, "drawn", images=images.ravel(), light=np.stack([light for _, light in drawn]).ravel())


def make_levels(work: Work, leaves: Cells, offsets: NDArray[np.int64]) -> LevelParts:
    """Return the parts of the levels of detail of the stars in the store, whose cells are `leaves`, at `offsets`.

    The pieces run where `work` says; those of a killed build that are whole are not made again.
    """
    top = top_of(leaves, offsets)
    nothing = np.zeros(0, np.int64), np.zeros(0, np.int8)
    tasks = [
        BranchTask(
            *(number, work.folder, int(top.depth[cell]), (int(top.first[cell]), int(top.stop[cell]))),
            *(int(offsets[-1]), len(top.path(int(top.parent[cell]))), *nothing),
        )
        for number, cell in enumerate(top.branches.tolist())
    ]
    found = _joined([load(r.path) for r in work.stage("finding bright stars", find_candidates, tasks, BranchResult)])
    position, color = found["position"].reshape(-1, 3), color_from_bp_rp(found["bp_rp"])
    bright = Lights(position, np.zeros(len(position)), found["luminosity"], color)
    keeper = keepers_above(top, found["row"], flux_of(bright), bright.luminosity, found["phot_g_mean_mag"])
    tasks = [_with_kept(task, top, found["row"], keeper) for task in tasks]
    branches = [load(r.path) for r in work.stage("making levels", make_branch, tasks, BranchResult, _rows)]

    own = [bright.take(np.flatnonzero(keeper == cell)) for cell in range(len(top.depth))]
    held = [Lights.none()] * len(top.depth)
    for cell, branch in zip(top.branches.tolist(), branches):
        own[cell] = _from_columns("own_", branch)
        held[cell] = _first_proxies(branch)
    proxies, of_cell, starts = proxies_above(top, own, held)
    standing = [proxies.take(of_cell == cell) for cell in range(len(top.depth))]
    paths = [top.path(cell) for cell in top.branches.tolist()]
    tasks = [
        BranchTask(
            **vars(task) | {"above": tuple(standing[c] for c in path), "depths_above": tuple(top.depth[path].tolist())}
        )
        for task, path in zip(tasks, paths)
    ]
    drawn = [load(r.path) for r in work.stage("measuring levels", draw_branch, tasks, BranchResult)]
    extent_m, table = _errors_above(top, standing, paths, drawn)
    child = (top.key[np.maximum(of_cell, 0)] & np.uint64(7)).astype(np.uint8)
    counts = np.array([len(stars) for stars in own])
    above = LevelCells(top.depth, top.key, counts, extent_m, table, proxies, child, starts)
    glow = np.sum([branch["glow"] for branch in branches], axis=0)
    tint = np.sum([branch["tint"] for branch in branches], axis=0)
    return LevelParts(top, above, [_level(branch) for branch in branches], [b["owner"] for b in branches], glow, tint)


def _errors_above(top: Top, standing, paths, drawn) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return (extent_m [T + B], table [T + B, 2, WIDTHS]) of the cells of `top`; the root has none."""
    images: dict[int, NDArray] = {}
    light: dict[int, NDArray] = {}
    for path, parts in zip(paths, drawn):
        for i, cell in enumerate(path):
            image = parts["images"].reshape(len(path), 2, WIDTHS, *[-1])[i]
            images[cell] = images[cell] + image if cell in images else image.copy()
            light[cell] = light.get(cell, 0.0) + parts["light"].reshape(len(path), 2)[i]
    extent_m, table = np.zeros(len(top.depth)), np.zeros((len(top.depth), 2, WIDTHS), np.float32)
    for cell in images:
        side = int(np.sqrt(images[cell].shape[-1]))
        whole = images[cell].reshape(2, WIDTHS, side, side)
        extent_m[cell], table[cell] = table_from(standing[cell], whole, light[cell])
    return extent_m, table


def _with_kept(task: BranchTask, top: Top, rows: NDArray[np.int64], keeper: NDArray[np.int64]) -> BranchTask:
    inside = slice(*np.searchsorted(rows, task.rows))
    kept = keeper[inside] >= 0
    depths = top.depth[keeper[inside][kept]]
    return BranchTask(**vars(task) | {"kept_rows": rows[inside][kept], "kept_by": depths})


def _rows(result: BranchResult) -> int:
    return result.rows


def _written(task: BranchTask, kind: str, **arrays: NDArray) -> BranchResult:
    path = task.folder / f"{kind}-{task.number:06d}"
    save(path, **arrays)
    return BranchResult(path, task.rows[1] - task.rows[0], seal(task.folder, [path]))


def _columns(prefix: str, lights: Lights) -> dict[str, NDArray]:
    return {f"{prefix}{name}": column.ravel() for name, column in vars(lights).items()}


def _from_columns(prefix: str, columns: dict[str, NDArray]) -> Lights:
    position, sigma, light, color = (columns[f"{prefix}{name}"] for name in Lights.__dataclass_fields__)
    return Lights(position.reshape(-1, 3), sigma, light, color.reshape(-1, 3))


def _first_proxies(branch: dict[str, NDArray]) -> Lights:
    """The proxies that the first cell of a branch holds; none where the branch has no cell left."""
    stop = int(branch["starts"][1]) if len(branch["depth"]) else 0
    return _from_columns("", branch).take(slice(0, stop))


def _joined(parts: list[dict[str, NDArray]]) -> dict[str, NDArray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _level(branch: dict[str, NDArray]) -> LevelCells:
    return LevelCells(
        branch["depth"],
        branch["key"],
        branch["own"],
        branch["extent_m"],
        branch["table"].reshape(-1, 2, WIDTHS),
        _from_columns("", branch),
        branch["child"],
        branch["starts"],
    )
