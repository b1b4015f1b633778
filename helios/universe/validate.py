"""Checks every promise of a universe: that its files are intact, and that their content is as a build promises."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from helios.cells import Bounds, Cells
from helios.errors import InputError, StoreError
from helios.files import restore
from helios.solar.bodies_file import bodies_of
from helios.universe.arrays import metadata_digest, open_root
from helios.universe.check_columns import Column, fit_offsets, read_column, read_columns, rows_of
from helios.universe.check_levels import check_levels
from helios.universe.check_splats import check_splats
from helios.universe.check_stars import StarRows, check_stars
from helios.universe.check_tree import check_in_grid, check_order, check_tree
from helios.universe.emitters import EMITTER_COLUMNS
from helios.universe.findings import Finding, Findings
from helios.universe.groups import BOX_COLUMNS, BUILT_GROUPS, CELL_COLUMNS, VERSION
from helios.universe.index import check_version, manifest_text, read_bodies, read_index, read_landmarks
from helios.universe.paths import bodies_path, index_path, is_universe, landmarks_path, store_path
from helios.universe.tree import Leaves, TreeRule, inner_cells


@dataclass
class Validation:
    """What was checked and what was found: numbers are 0, and `depths` is None, if they cannot be known.

    `depths` are the least and the greatest of the cells. `skipped` says what could not be checked, and why.
    """

    findings: Findings
    depths: tuple[int, int] | None = None
    cells: int = 0
    stars: int = 0
    trained: int = 0
    splats: int = 0
    skipped: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether everything was checked and nothing was found."""
        return not self.findings.counts and not self.skipped


def validate_universe(path: Path, load_landmarks: Callable[[Path], object], shown: int = 5) -> Validation:
    """Return what is wrong with the universe at `path`, with the first `shown` findings of each kind in full.

    `load_landmarks` reads a file of landmarks and raises InputError if it cannot. Checks as much as the damage allows.
    Holds some 65,000 stars or splats at a time, 160 bytes per cell, and 8 bytes per star for the identifiers. Raises
    InputError if there is no universe.
    """
    path = Path(path)
    restore(path)
    if not is_universe(path) and not index_path(path).exists():
        raise InputError(f"{path}: no universe there (make one with `helios build -o {path}`)")
    findings = Findings(shown)
    validation = Validation(findings)
    index = _read_index(path, findings)
    try:
        load_landmarks(landmarks_path(path))
        if index is not None:
            read_landmarks(path)
    except (InputError, StoreError) as error:
        findings.add(Finding("landmarks", str(error)))
    try:
        bodies = read_bodies(path) if index is not None else None
        if bodies is not None:
            bodies_of(bodies, bodies_path(path))
    except StoreError as error:
        findings.add(Finding("bodies", str(error)))
    try:
        root = open_root(store_path(path))
    except StoreError as error:
        findings.add(Finding("files", str(error)))
        validation.skipped.append("the store: it cannot be opened")
        return validation
    attributes = dict(root.attrs)
    rule = _check_attributes(path, root, attributes, findings)
    if rule is None:
        validation.skipped.append("the cells and what is in them: the store's version or depth is not known")
        return validation
    _check_cells(path, root, attributes.get("provenance"), rule, index, validation)
    return validation


def _read_index(path: Path, findings: Findings) -> dict[str, Any] | None:
    try:
        return read_index(index_path(path))
    except StoreError as error:
        findings.add(Finding("index", str(error)))
        return None


def _check_attributes(path: Path, root: zarr.Group, attributes: dict[str, Any], findings: Findings) -> TreeRule | None:
    """Return the rule by which the store's cells split; None if this or the version is not one that can be read."""
    try:
        check_version(store_path(path), attributes.get("version"), VERSION)
    except StoreError as error:
        findings.add(Finding("metadata", str(error)))
        return None
    rest = {name: value for name, value in attributes.items() if name != "sha256"}
    if attributes.get("sha256") != metadata_digest(root, BUILT_GROUPS, rest):
        findings.add(Finding("metadata", "those of the store do not have their checksum"))
    depth, capacity = attributes.get("depth"), attributes.get("leaf_capacity")
    if not all(value is None or type(value) is int for value in (depth, capacity)):
        findings.add(Finding("metadata", f"depth {depth!r}, leaf_capacity {capacity!r}: must be whole numbers"))
        return None
    try:
        return TreeRule(depth, capacity)
    except InputError as error:
        findings.add(Finding("metadata", str(error)))
        return None


def _check_cells(path: Path, root: zarr.Group, provenance: Any, rule: TreeRule, index, validation: Validation) -> None:
    """Check the cells, their stars and splats, and what `index` and `provenance` say about them."""
    findings = validation.findings
    columns = read_columns(root, "cells", CELL_COLUMNS, findings)
    if columns is None:
        validation.skipped.append("the cells and what is in them: their columns cannot be read")
        return
    *indices, offsets = columns
    if len({len(column) for column in indices}) != 1:
        sizes = ", ".join(f"{name} {len(column):,}" for name, column in zip(CELL_COLUMNS, indices))
        findings.add(Finding("cells", f"columns of different lengths: {sizes}"))
        validation.skipped.append("the cells and what is in them: their number is not known")
        return
    cells = Cells.at(*indices)
    validation.cells, validation.depths = len(cells), (int(cells.depth.min()), int(cells.depth.max()))
    placed = check_in_grid(indices, rule, findings)
    if placed:
        check_order(cells, findings)

    wanted = {name: Column(dtype) for name, dtype in EMITTER_COLUMNS.items()}
    rows = rows_of(root, "emitters", wanted, findings)
    wrong = fit_offsets(offsets, len(cells), rows, least=1)
    for what in wrong:
        findings.add(Finding("offsets", what))
    stars = None if wrong else np.diff(offsets)
    if stars is None or not placed or len(rows) < len(wanted):
        validation.skipped.append("the stars: what is wrong with cells, offsets or columns hides whose they are")
    else:
        if "cells" not in findings.counts:
            check_tree(root, cells, stars, rule, findings)
        unsound = len(findings)
        check_stars(root, StarRows(cells, offsets, _read_boxes(root, len(cells), validation)), findings)
        if "cells" not in findings.counts:
            check_levels(root, cells, offsets, len(findings) == unsound, findings)
    if stars is not None:
        validation.stars = int(offsets[-1])
        _check_provenance(provenance, validation.stars, findings)

    splats = check_splats(root, cells, stars, findings)
    if splats is None:
        validation.skipped.append("the index's counts and some splats: what training wrote cannot be read")
        return
    validation.splats, validation.trained = int(splats.counts.sum()), int(splats.trained.sum())
    if index is not None and stars is not None and "cells" not in findings.counts:
        _check_index(path, index, cells, validation, rule, findings)


def _read_boxes(root: zarr.Group, cells: int, validation: Validation) -> Bounds | None:
    """Return the boxes around the stars of each cell, float64 [M, 3] metres; None where they cannot be read."""
    findings = validation.findings
    rows = rows_of(root, "cells", {name: Column(dtype, (3,)) for name, dtype in BOX_COLUMNS.items()}, findings)
    for name in [name for name, count in rows.items() if count != cells]:
        findings.add(Finding("frame", f"cells/{name} has {rows.pop(name):,} rows for {cells:,} cells"))
    columns = [read_column(root, f"cells/{name}", findings) for name in rows]
    boxes = [column for column in columns if column is not None]
    if len(boxes) < len(BOX_COLUMNS):
        validation.skipped.append("the frames of the cells: the boxes of their stars cannot be read")
        return None
    low, high = boxes
    return low, high


def _check_index(
    path: Path, index: dict[str, Any], cells: Cells, validation: Validation, rule: TreeRule, findings: Findings
) -> None:
    """Check the manifest against the store; the landmarks are checked by `read_landmarks`."""
    inner = len(inner_cells(Leaves(cells, np.ones(len(cells), np.int64))).cells)
    totals = (inner, validation.stars, validation.trained, validation.splats)
    expected = json.loads(manifest_text(path, rule, cells.depth, *totals))
    for name in (expected.keys() | index.keys()) - {"landmarks"}:
        if index.get(name) != expected.get(name):
            findings.add(Finding("index", f"{name} is {index.get(name)}, the store has {expected.get(name)}"))


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
    merged = provenance.get("merged", {"rows": 0})
    if type(read) is not int or not isinstance(rejected, dict) or not all(type(n) is int for n in rejected.values()):
        add(f"rows_read is {read!r}, rejected {rejected!r}")
    elif not isinstance(merged, dict) or type(merged.get("rows")) is not int:
        add(f"merged is {merged!r}")
    elif read != stars + sum(rejected.values()) + merged["rows"]:
        gone = f"{sum(rejected.values()):,} were rejected" + (f", {merged['rows']:,} merged" if merged["rows"] else "")
        add(f"of {read:,} rows {gone}, and {stars:,} are there")
    if kept != stars:
        add(f"kept is {kept!r}, {stars:,} stars are there")
