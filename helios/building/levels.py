"""The stage that makes the levels of detail: one piece for each branch, and what is above the branches from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.building.runs import load, save
from helios.building.work import Work
from helios.cells import Cells
from helios.color import color_from_bp_rp
from helios.grid import deepest_keys
from helios.levels.branch import (
    LIGHT_COLUMNS,
    LevelCells,
    draw_stars,
    flux_of,
    grow_branch,
    stars_as_lights,
    table_from,
)
from helios.levels.error_table import WIDTHS
from helios.levels.glow import GLOW_N, texels_of
from helios.levels.own_stars import BRIGHT, KEPT_WHOLE, OWN_STARS, ROOT_DEPTH, UNOWNED
from helios.levels.proxies import PROXIES, STOOD_FOR, Lights
from helios.levels.top import Top, candidates, keepers_above, proxies_above, top_of
from helios.pieces import seal
from helios.universe.arrays import open_root, read_rows
from helios.universe.level_columns import LevelParts

POINT_COLUMNS = tuple(name for name in LIGHT_COLUMNS if name != "bp_rp")

RULE = (OWN_STARS, BRIGHT, KEPT_WHOLE, PROXIES, STOOD_FOR)
"""Which stars cells keep, and how many proxies stand for the others: branches of another rule do not go together."""


@dataclass(frozen=True)
class BranchTask:
    """The branch number `number`: the cell of `depth` and the stars of the store at `store` in `rows` (first, stop).

    The store has `stars`. `levels` are the cells above the branch, without the root. `kept_rows` int64 [K], `kept_by`
    int8 [K]: which of its rows are kept above, and at which depths. `above` are the proxies that stand for the branch,
    and for the cells above it.
    """

    number: int
    store: Path
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
        """Return the columns `names` of the branch's stars."""
        root = open_root(self.store)
        return {name: read_rows(root, f"emitters/{name}", *self.rows) for name in names}

    @property
    def points_path(self) -> Path:
        """The file of where the stars are and their light, as they are, for the later stages to map into memory."""
        return self.folder / f"points-{self.number:06d}"

    def lights(self, bp_rp: NDArray | None = None) -> Lights:
        """Return the stars as points of light, all white without their `bp_rp` [N]."""
        points, rows = load(self.points_path), self.rows[1] - self.rows[0]
        color = np.broadcast_to(np.float32(1), (rows, 3)) if bp_rp is None else color_from_bp_rp(bp_rp)
        return Lights(points["position"].reshape(-1, 3), np.zeros(rows), points["luminosity"], color)

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
    """Write the stars of a branch that cells above it may keep, and all as points of light."""
    columns = task.read(*POINT_COLUMNS)
    lights = stars_as_lights(columns)
    save(task.points_path, position=lights.position_m.ravel(), luminosity=lights.luminosity)
    rows = candidates(flux_of(lights), lights.luminosity, columns["phot_g_mean_mag"], task.levels, task.stars)
    columns |= task.read("bp_rp")
    found = {name: column[rows] for name, column in columns.items()}
    return _written(task, "candidates", task.points_path, row=rows + task.rows[0], **found)


def make_branch(task: BranchTask) -> BranchResult:
    """Write the cells and proxies of a branch, who keeps each of its stars, and its part of the glow map."""
    lights, owner = task.lights(task.read("bp_rp")["bp_rp"]), task.owner()
    keys = deepest_keys(lights.position_m)
    order = np.argsort(keys, kind="stable")
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


def make_levels(work: Work, store: Path, leaves: Cells, offsets: NDArray[np.int64]) -> LevelParts:
    """Return the parts of the levels of detail of the stars in the `store`, whose cells are `leaves`, at `offsets`.

    The pieces run where `work` says; those of a killed build that are whole are not made again.
    """
    top = top_of(leaves, offsets)
    nothing = np.zeros(0, np.int64), np.zeros(0, np.int8)
    tasks = [
        BranchTask(
            *(number, store, work.folder, int(top.depth[cell]), (int(top.first[cell]), int(top.stop[cell]))),
            *(int(offsets[-1]), len(top.path(int(top.parent[cell]))), *nothing),
        )
        for number, cell in enumerate(top.branches.tolist())
    ]
    found = _joined([load(r.path) for r in work.stage("finding bright stars", find_candidates, tasks, BranchResult)])
    bright = stars_as_lights(found)
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


def _written(task: BranchTask, kind: str, *others: Path, **arrays: NDArray) -> BranchResult:
    path = task.folder / f"{kind}-{task.number:06d}"
    save(path, **arrays)
    return BranchResult(path, task.rows[1] - task.rows[0], seal(task.folder, [path, *others]))


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
