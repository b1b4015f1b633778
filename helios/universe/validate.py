"""Checks every promise of a universe: that its files are whole, and that what they hold is what a build promises."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from helios.errors import InputError, StoreError
from helios.grid import MAX_DEPTH, HLGrid, cell_keys
from helios.universe.arrays import metadata_digest, open_root
from helios.universe.check_columns import Column, fit_offsets, read_column, rows_of
from helios.universe.check_splats import SplatCounts, check_splats
from helios.universe.check_stars import StarRows, check_stars
from helios.universe.findings import Finding, Findings
from helios.universe.index import check_version, grid_config, read_index
from helios.universe.paths import index_path, is_universe, landmarks_path, store_path
from helios.universe.replace import restore
from helios.universe.store import BUILT_GROUPS, CELL_COLUMNS, EMITTER_COLUMNS, VERSION, Cells


@dataclass
class Validation:
    """What was looked at and what was found: numbers are 0, and `depth` None, where they cannot be known.

    `skipped` says what could not be looked at, and why.
    """

    findings: Findings
    depth: int | None = None
    cells: int = 0
    stars: int = 0
    trained: int = 0
    splats: int = 0
    skipped: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether everything was looked at and nothing found."""
        return not self.findings.counts and not self.skipped


def validate_universe(path: Path, load_landmarks: Callable[[Path], object], shown: int = 5) -> Validation:
    """Return what is wrong with the universe at `path`, the first `shown` of each kind in full.

    `load_landmarks` reads a file of landmarks and raises InputError for one that it cannot read. Goes on as far as
    what is damaged allows. Holds some 65,000 stars or splats at a time, 40 bytes per cell, 8 bytes per star for the
    identifiers, and the manifest. Raises InputError where there is no universe.
    """
    path = Path(path)
    restore(path)
    if not is_universe(path) and not index_path(path).exists():
        raise InputError(f"{path}: no universe there (make one with `helios build -o {path}`)")
    findings = Findings(shown)
    validation = Validation(findings)
    try:
        load_landmarks(landmarks_path(path))
    except InputError as error:
        findings.add(Finding("landmarks", str(error)))
    index = _read_index(path, findings)
    try:
        root = open_root(store_path(path))
    except StoreError as error:
        findings.add(Finding("files", str(error)))
        validation.skipped.append("the store: it cannot be opened")
        return validation
    attributes = dict(root.attrs)
    depth = _check_attributes(root, attributes, findings)
    if depth is None:
        validation.skipped.append("the cells and what is in them: the store's version or depth is not known")
        return validation
    validation.depth = depth
    _check_cells(root, attributes.get("provenance"), index, validation)
    return validation


def _read_index(path: Path, findings: Findings) -> dict[str, Any] | None:
    try:
        return read_index(index_path(path))
    except StoreError as error:
        findings.add(Finding("index", str(error)))
        return None


def _check_attributes(root: zarr.Group, attributes: dict[str, Any], findings: Findings) -> int | None:
    """The store's depth; None where it, or the version, is none that this program reads."""
    try:
        check_version(Path(root.store.root), attributes.get("version"), VERSION)
    except StoreError as error:
        findings.add(Finding("metadata", str(error)))
        return None
    rest = {name: value for name, value in attributes.items() if name != "sha256"}
    if attributes.get("sha256") != metadata_digest(root, BUILT_GROUPS, rest):
        findings.add(Finding("metadata", "those of the store do not have their checksum"))
    depth = attributes.get("depth")
    if type(depth) is not int or not 0 <= depth <= MAX_DEPTH:
        findings.add(Finding("metadata", f"depth {depth!r}, must be from 0 to {MAX_DEPTH}"))
        return None
    return depth


def _check_cells(root: zarr.Group, provenance: Any, index: dict[str, Any] | None, validation: Validation) -> None:
    """Check the cells, what is in them, and what `index` and `provenance` say of them."""
    findings, grid = validation.findings, HLGrid(validation.depth)
    lengths = rows_of(root, "cells", {name: Column(dtype) for name, dtype in CELL_COLUMNS.items()}, findings)
    columns = [read_column(root, f"cells/{name}", findings) for name in CELL_COLUMNS if name in lengths]
    if len(columns) < len(CELL_COLUMNS) or any(column is None for column in columns):
        validation.skipped.append("the cells and what is in them: their columns cannot be read")
        return
    *indices, offsets = columns
    if len({len(column) for column in indices}) != 1:
        sizes = ", ".join(f"{name} {len(column):,}" for name, column in zip(CELL_COLUMNS, indices))
        findings.add(Finding("cells", f"columns of different lengths: {sizes}"))
        validation.skipped.append("the cells and what is in them: their number is not known")
        return
    cells = Cells(*indices)
    validation.cells = len(cells.l)
    placed = _check_order(grid, cells, findings)

    wanted = {name: Column(dtype) for name, dtype in EMITTER_COLUMNS.items()}
    rows = rows_of(root, "emitters", wanted, findings)
    wrong = fit_offsets(offsets, len(cells.l), rows, least=1)
    for what in wrong:
        findings.add(Finding("offsets", what))
    stars = None if wrong else np.diff(offsets)
    if wrong or not placed or len(rows) < len(wanted):
        validation.skipped.append("the stars: what is wrong with cells, offsets or columns hides whose they are")
    else:
        check_stars(root, StarRows(grid, cells, offsets), findings)
    if stars is not None:
        validation.stars = int(offsets[-1])
        _check_provenance(provenance, validation.stars, findings)

    splats = check_splats(root, cells, stars, findings)
    if splats is None:
        validation.skipped.append("the index's counts and some splats: what training wrote cannot be read")
    else:
        validation.splats, validation.trained = int(splats.counts.sum()), int(splats.trained.sum())
    if index is not None:
        _check_index(grid, cells, stars, splats, index, findings)


def _check_order(grid: HLGrid, cells: Cells, findings: Findings) -> bool:
    """Whether all cells are cells of the grid."""
    inside = np.ones(len(cells.l), bool)
    for column, count in zip(cells, (grid.n_l, grid.n_theta, grid.n_phi)):
        inside &= (column >= 0) & (column < count)

    def add(wrong, value_of):
        findings.add_each("cells", np.flatnonzero(wrong), lambda i: Finding("cells", value_of(i), cells.name(i)))

    add(~inside, lambda i: f"cell {i:,} is not in the grid of depth {grid.depth}")
    if inside.all():
        keys = cell_keys(*cells)
        add(np.r_[False, keys[1:] == keys[:-1]], lambda i: f"cell {i:,} is the same as the one before")
        add(np.r_[False, keys[1:] < keys[:-1]], lambda i: f"cell {i:,} is before {cells.name(i - 1)} in order")
    return bool(inside.all())


def _check_index(
    grid: HLGrid,
    cells: Cells,
    stars: NDArray[np.int64] | None,
    splats: SplatCounts | None,
    index: dict[str, Any],
    findings: Findings,
) -> None:
    if index.get("config") != grid_config(grid):
        findings.add(Finding("index", f"its grid is {index.get('config')}, the store's {grid_config(grid)}"))
    listed = index["cells"]
    if len(listed) != len(cells.l):
        findings.add(Finding("index", f"it lists {len(listed):,} cells, the store has {len(cells.l):,}"))
        return

    def add(wrong, value_of):
        findings.add_each("index", np.flatnonzero(wrong), lambda i: Finding("index", value_of(i), cells.name(i)))

    ids = np.array([[c["id"][name] for name in CELL_COLUMNS if name != "offsets"] for c in listed]).reshape(-1, 3)
    others = (ids != np.stack(cells, axis=-1)).any(axis=-1)
    add(others, lambda i: f"it lists {'_'.join(map(str, ids[i]))} there")
    if splats is None:
        return
    flags, trained = np.array([c["trained"] for c in listed], bool), splats.trained
    add(flags != trained, lambda i: f"it says trained {str(flags[i]).lower()}, the store {str(trained[i]).lower()}")
    if stars is not None:
        counts, expected = np.array([c["splat_count"] for c in listed]), np.where(trained, splats.counts, stars)
        add(counts != expected, lambda i: f"its splat_count is {counts[i]:,}, the store has {expected[i]:,}")


def _check_provenance(provenance: Any, stars: int, findings: Findings) -> None:
    def add(value: str) -> None:
        findings.add(Finding("provenance", value))

    if not isinstance(provenance, dict):
        add(f"it is {provenance!r}")
        return
    inputs = provenance.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        add(f"its inputs are {inputs!r}")
    else:
        for source in inputs:
            digest = source.get("sha256") if isinstance(source, dict) else None
            made = isinstance(source, dict) and "synthetic" in source
            if not made and not (isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest)):
                add(f"the input {str(source)[:100]} has no SHA-256")
    read, rejected, kept = provenance.get("rows_read"), provenance.get("rejected"), provenance.get("kept", stars)
    if type(read) is not int or not isinstance(rejected, dict) or not all(type(n) is int for n in rejected.values()):
        add(f"rows_read is {read!r}, rejected {rejected!r}")
    elif read != stars + sum(rejected.values()):
        add(f"of {read:,} rows {sum(rejected.values()):,} were rejected, and {stars:,} are there")
    if kept != stars:
        add(f"kept is {kept!r}, {stars:,} stars are there")
