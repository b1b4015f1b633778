"""`index.json`: the manifest of a universe, one line per cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helios.constants import R_MIN_M
from helios.errors import StoreError
from helios.grid import HLGrid

VERSION = 1
"""Version of the manifest: the one that the original's browser client reads."""

_CELL = (
    '    {"id": {"l": %d, "theta": %d, "phi": %d}, "file_name": "%d_%d_%d.bin", '
    '"splat_count": %d, "file_size_bytes": %d, "trained": %s}'
)


def grid_config(grid: HLGrid) -> dict[str, float | int]:
    """The `config` entry: what a reader needs to find the cell of a position."""
    return {"r_min": R_MIN_M, "log_base": grid.log_base, "n_theta": grid.n_theta, "n_phi": grid.n_phi}


def index_text(
    grid: HLGrid,
    l: ArrayLike,
    theta: ArrayLike,
    phi: ArrayLike,
    splat_counts: ArrayLike,
    file_sizes: ArrayLike | None = None,
    trained: ArrayLike | None = None,
) -> str:
    """Return the text of the `index.json` of cells with the given indices [M], in their order.

    `splat_counts` [M]: emitters, or splats where trained. `file_sizes` [M]: bytes of the packed cell, 0 before it
    is packed. `trained` [M] bool. The last two default to an untrained, unpacked universe.
    """
    counts = np.asarray(splat_counts, np.int64)
    sizes = np.zeros_like(counts) if file_sizes is None else np.asarray(file_sizes, np.int64)
    flags = np.zeros(len(counts), bool) if trained is None else np.asarray(trained, bool)
    columns = (np.asarray(c).tolist() for c in (l, theta, phi, counts, sizes, flags))
    cells = (
        _CELL % (l, theta, phi, l, theta, phi, count, size, "true" if flag else "false")
        for l, theta, phi, count, size, flag in zip(*columns)
    )
    return (
        "{\n"
        f'  "version": {VERSION},\n'
        f'  "config": {json.dumps(grid_config(grid))},\n'
        f'  "total_splats": {counts.sum()},\n'
        f'  "total_size_bytes": {sizes.sum()},\n'
        '  "cells": [\n' + ",\n".join(cells) + "\n  ]\n}\n"
    )


def read_index(path: Path) -> dict[str, Any]:
    """Return the content of the `index.json` at `path`.

    Raises StoreError, naming the entry, where the file is missing, no JSON, of a newer version, or not as
    `index_text` describes it.
    """
    try:
        index = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise StoreError(f"{path}: missing; build the universe again") from error
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: damaged, not JSON ({error}); build the universe again") from error
    if not isinstance(index, dict):
        raise StoreError(f"{path}: damaged, not a JSON object; build the universe again")
    check_version(path, index.get("version"), VERSION)
    try:
        _check_totals(index)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: damaged ({type(error).__name__}: {error}); build the universe again") from error
    return index


def check_version(path: Path, version: Any, known: int) -> None:
    """Raise StoreError unless `version`, found in the file at `path`, is a whole number from 1 to `known`."""
    if type(version) is not int or version < 1:
        raise StoreError(f"{path}: damaged, version {version!r}; build the universe again")
    if version > known:
        raise StoreError(
            f"{path}: written in version {version}, this program reads up to version {known}: update helios"
        )


def _check_totals(index: dict[str, Any]) -> None:
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
