"""`index.json`: the manifest of a universe, a few lines for any number of cells.

It repeats facts from the store for people and for jq; opening a universe does not read it.
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


def grid_config(grid: HLGrid) -> dict[str, float | int]:
    """Return the `config` entry: what a reader needs to find the cell of a position."""
    return {"r_min": R_MIN_M, "log_base": grid.log_base, "n_theta": grid.n_theta, "n_phi": grid.n_phi}


def manifest_text(rule: TreeRule, depths: ArrayLike, inner: int, stars: int, trained: int = 0, splats: int = 0) -> str:
    """Return the text of the manifest of a universe split by `rule`.

    `depths` [M] are those of its cells; `inner`, `stars`, `trained` and `splats` are the total numbers of inner cells,
    stars, trained cells and splats.
    """
    depths = np.asarray(depths)
    config = {"r_min": R_MIN_M} if rule.depth is None else grid_config(HLGrid(rule.depth))
    tree = {"depth": rule.depth, "leaf_capacity": rule.leaf_capacity}
    tree |= {"shallowest": int(depths.min()), "deepest": int(depths.max())}
    totals = {"cells": len(depths), "inner_cells": inner, "stars": stars, "trained_cells": trained, "splats": splats}
    lines = {"version": VERSION, "config": config, "tree": tree, "totals": totals}
    return "{\n" + ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in lines.items()) + "\n}\n"


def read_index(path: Path) -> dict[str, Any]:
    """Return the content of the manifest at `path`.

    Raises StoreError if the file is missing, not a JSON object or of another version.
    """
    remedy = "`helios pack` writes it anew"
    index = read_json(path, remedy)
    check_version(path, index.get("version"), VERSION, remedy)
    return index


def check_version(path: Path, version: Any, known: int, remedy: str = "build the universe again") -> None:
    """Raise StoreError unless `version`, read at `path`, is `known`; `remedy` is the advice if it is older."""
    if type(version) is not int or version < 1:
        raise StoreError(f"{path}: damaged, version {version!r}; {remedy}")
    if version > known:
        raise StoreError(
            f"{path}: written in version {version}, this program reads up to version {known}: update helios"
        )
    if version < known:
        raise StoreError(f"{path}: written in version {version}, this program reads version {known}; {remedy}")
