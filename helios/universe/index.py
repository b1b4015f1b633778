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
from helios.files import read_json, sha256
from helios.grid import HLGrid
from helios.universe.paths import bodies_path, index_path, landmarks_path
from helios.universe.tree import TreeRule

VERSION = 4
"""Version of the manifest."""

_REMEDY = "build the universe again"


def grid_config(grid: HLGrid) -> dict[str, float | int]:
    """Return the `config` entry: what a reader needs to find the cell of a position."""
    return {"r_min": R_MIN_M, "log_base": grid.log_base, "n_theta": grid.n_theta, "n_phi": grid.n_phi}


def manifest_text(
    universe: Path, rule: TreeRule, depths: ArrayLike, inner: int, stars: int, trained: int = 0, splats: int = 0
) -> str:
    """Return the text of the manifest of the universe in a folder, split by `rule`.

    Its landmarks and bodies are there already. `depths` [M] are those of its cells; `inner`, `stars`, `trained` and
    `splats` are the total numbers of inner cells, stars, trained cells and splats.
    """
    depths = np.asarray(depths)
    config = {"r_min": R_MIN_M} if rule.depth is None else grid_config(HLGrid(rule.depth))
    tree = {"depth": rule.depth, "leaf_capacity": rule.leaf_capacity}
    tree |= {"shallowest": int(depths.min()), "deepest": int(depths.max())}
    totals = {"cells": len(depths), "inner_cells": inner, "stars": stars, "trained_cells": trained, "splats": splats}
    lines: dict[str, Any] = {"version": VERSION, "config": config, "tree": tree, "totals": totals}
    lines["landmarks"] = {"sha256": _digest(landmarks_path(universe))}
    if bodies_path(universe).is_file():
        lines["bodies"] = {"sha256": _digest(bodies_path(universe))}
    return "{\n" + ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in lines.items()) + "\n}\n"


def read_index(path: Path) -> dict[str, Any]:
    """Return the content of the manifest at `path`.

    Raises StoreError if the file is missing, not a JSON object or of another version.
    """
    index = read_json(path, _REMEDY)
    check_version(path, index.get("version"), VERSION)
    return index


def read_landmarks(universe: Path) -> bytes | None:
    """Return the content of the landmarks' file of `universe`; None where it has none.

    Raises StoreError where it is not the one that was written with the manifest.
    """
    return _read_beside(universe, landmarks_path(universe), "landmarks")


def read_bodies(universe: Path) -> bytes | None:
    """Return the content of the file of bodies of `universe`, which `helios.solar.bodies_file` reads; None without one.

    Raises StoreError where it is not the one that was written with the manifest.
    """
    return _read_beside(universe, bodies_path(universe), "bodies")


def _read_beside(universe: Path, path: Path, entry: str) -> bytes | None:
    digest, known = _digest(path), read_index(index_path(universe)).get(entry, {"sha256": None})
    if known != {"sha256": digest}:
        raise StoreError(f"{path}: missing, damaged or altered: it is not the file that was written; {_REMEDY}")
    return None if digest is None else path.read_bytes()


def _digest(path: Path) -> str | None:
    return sha256(path) if path.is_file() else None


def check_version(path: Path, version: Any, known: int, remedy: str = _REMEDY) -> None:
    """Raise StoreError unless `version`, read at `path`, is `known`; `remedy` is the advice if it is older."""
    if type(version) is not int or version < 1:
        raise StoreError(f"{path}: damaged, version {version!r}; {remedy}")
    if version > known:
        raise StoreError(
            f"{path}: written in version {version}, this program reads up to version {known}: update helios"
        )
    if version < known:
        raise StoreError(f"{path}: written in version {version}, this program reads version {known}; {remedy}")
