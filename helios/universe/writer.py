"""Writes the files of a new universe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import DTypeLike, NDArray

from helios.cells import Bounds, Cells
from helios.universe.arrays import metadata_digest, write_array
from helios.universe.groups import BOX_COLUMNS, BUILT_GROUPS, CELL_COLUMNS, INNER_COLUMNS, VERSION
from helios.universe.index import manifest_text
from helios.universe.level_columns import LevelParts
from helios.universe.paths import index_path
from helios.universe.store import Universe
from helios.universe.tree import Leaves, TreeRule, inner_cells


def write_tree(
    directory: Path,
    root: zarr.Group,
    leaves: Leaves,
    boxes_m: Bounds,
    levels: LevelParts,
    rule: TreeRule,
    provenance: dict[str, Any],
) -> None:
    """Write everything but the emitters and landmarks of the universe in `directory`, which must already have those.

    The emitters are in its store `root`. `boxes_m`, (min, max), float64 [M, 3] metres each, are around the stars of
    each leaf.
    """
    inner = inner_cells(leaves)
    offsets = np.concatenate([[0], np.cumsum(leaves.count)])
    write_columns(root, "cells", {**CELL_COLUMNS, **BOX_COLUMNS}, (*_indices(leaves.cells), offsets, *boxes_m))
    write_columns(root, "inner", INNER_COLUMNS, (*_indices(inner.cells), inner.first, inner.stop, inner.count))
    levels.write(root)
    attributes = {
        "version": VERSION,
        "depth": rule.depth,
        "leaf_capacity": rule.leaf_capacity,
        "provenance": provenance,
    }
    root.attrs.put(attributes | {"sha256": metadata_digest(root, BUILT_GROUPS, attributes)})
    text = manifest_text(directory, rule, leaves.cells.depth, len(inner.cells), int(leaves.count.sum()))
    index_path(directory).write_text(text, encoding="utf-8")


def manifest_of(universe: Universe) -> str:
    """Return the text of the manifest that belongs to the store of `universe`."""
    rule = TreeRule(universe.depth, universe.leaf_capacity)
    splats = 0 if universe.training is None else int(universe.training.offsets[-1])
    counts = (len(universe.inner.cells), int(universe.offsets[-1]), int(universe.trained.sum()), splats)
    return manifest_text(Path(universe.path), rule, universe.cells.depth, *counts)


def write_columns(root: zarr.Group, group: str, columns: Mapping[str, DTypeLike], values: Iterable[NDArray]) -> None:
    """Write the `group` of `root` with a column for each name and type, replacing what a killed process left of it."""
    target = root.create_group(group, overwrite=True)
    for (name, dtype), data in zip(columns.items(), values, strict=True):
        write_array(target, name, np.ascontiguousarray(data, dtype))


def _indices(cells: Cells) -> tuple[NDArray, ...]:
    return cells.depth, cells.l, cells.theta, cells.phi
