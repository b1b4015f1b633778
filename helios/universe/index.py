"""`index.json`: the manifest of a universe, a few lines however many cells.

What a universe holds stands in its store; the manifest says it again for people and for jq, and nothing here reads it
to open a universe. `helios pack` puts the v1 layout's list in its place, which that layout calls `index.json` too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helios.constants import R_MIN_M
from helios.errors import StoreError
from helios.files import read_json
from helios.grid import HLGrid
from helios.universe.tree import TreeRule

VERSION = 2
"""Version of the manifest."""

LIST_VERSION = 1
"""Version of the list of cells: the one that the original's browser client reads."""


def grid_config(grid: HLGrid) -> dict[str, float | int]:
    """The `config` entry: what a reader needs to find the cell of a position."""
    return {"r_min": R_MIN_M, "log_base": grid.log_base, "n_theta": grid.n_theta, "n_phi": grid.n_phi}


def manifest_text(rule: TreeRule, depths: ArrayLike, inner: int, stars: int, trained: int = 0, splats: int = 0) -> str:
    """Return the text of the manifest of a universe split by `rule`.

    `depths` [M] are those of its cells, `inner` the number of cells above them, `stars` that of all stars; `trained` of
    the cells have `splats` splats together.
    """
    depths = np.asarray(depths)
    config = {"r_min": R_MIN_M} if rule.depth is None else grid_config(HLGrid(rule.depth))
    tree = {"depth": rule.depth, "leaf_capacity": rule.leaf_capacity}
    tree |= {"shallowest": int(depths.min()), "deepest": int(depths.max())}
    totals = {"cells": len(depths), "inner_cells": inner, "stars": stars, "trained_cells": trained, "splats": splats}
    lines = {"version": VERSION, "config": config, "tree": tree, "totals": totals}
    return "{\n" + ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in lines.items()) + "\n}\n"


def read_index(path: Path) -> dict[str, Any]:
    """Return the content of the `index.json` at `path`: the manifest or, where a pack lies beside it, the v1 list.

    Raises StoreError where the file is missing, no JSON object or of a newer version.
    """
    index = read_json(path, "build the universe again")
    check_version(path, index.get("version"), VERSION, oldest=LIST_VERSION)
    return index


def packed_bytes(path: Path) -> int:
    """Return how many bytes the cells packed in the v1 layout have, as the `index.json` at `path` says; else 0.

    Raises StoreError where it says it in no number, and as `read_index` does.
    """
    size = read_index(path).get("total_size_bytes", 0)
    if type(size) is not int:
        raise StoreError(f"{path}: damaged, total_size_bytes is {size!r}; pack the universe again")
    return size


def check_version(path: Path, version: Any, known: int, oldest: int | None = None) -> None:
    """Raise StoreError unless `version`, found in the file at `path`, is `known` or, where given, from `oldest` on."""
    if type(version) is not int or version < 1:
        raise StoreError(f"{path}: damaged, version {version!r}; build the universe again")
    if version > known:
        raise StoreError(
            f"{path}: written in version {version}, this program reads up to version {known}: update helios"
        )
    if version < (known if oldest is None else oldest):
        raise StoreError(
            f"{path}: written in version {version}, this program reads version {known}: build the universe again"
        )


def check_list(index: dict[str, Any]) -> None:
    """Raise KeyError, TypeError or ValueError where a v1 list is not as `helios.pack.v1_index.index_text` writes it."""
    splats = size = 0
    for number, cell in enumerate(index["cells"]):
        values = (*(cell["id"][name] for name in ("l", "theta", "phi")), cell["splat_count"], cell["file_size_bytes"])
        if not all(type(value) is int and value >= 0 for value in values) or type(cell["trained"]) is not bool:
            raise ValueError(f"cell {number} is not as it should be")
        if cell["file_name"] != "{}_{}_{}.bin".format(*values[:3]):
            raise ValueError(f"cell {number} has the file name {cell['file_name']!r}")
        splats += values[3]
        size += values[4]
    for name, total in (("total_splats", splats), ("total_size_bytes", size)):
        if index[name] != total:
            raise ValueError(f"{name} is {index[name]}, its cells make {total}")
