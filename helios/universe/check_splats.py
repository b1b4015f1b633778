"""Checks of the group `splats` of a store: the results of training."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import zarr
from numpy.typing import NDArray

from helios.cells import Cells
from helios.color import LUMINANCE
from helios.errors import StoreError
from helios.universe.arrays import attributes_of
from helios.universe.check_columns import Block, Column, blocks_of, fit_offsets, read_column, rows_of
from helios.universe.findings import Finding, Findings, numbers_text
from helios.universe.training import BLOCK_ROWS, GROUP, OUTCOMES, splats_digest

NORM_ROUNDING = 8 * 2.0**-24
"""Largest distance of a quaternion's norm from 1. In float32, u = 2^-24, the squares and their sum are off by 4 u,
which the root halves; root and division add u each, 4 u together. Doubled for processors with less exact roots."""

LUMINANCE_ROUNDING = 16 * 2.0**-24
"""Largest distance of a colour's luminance from 1. In float32, u = 2^-24, products, their sum and a division are off by
5 u, an interpolated look-up of rounded colours by 4 u; means of such colours, weighted in float64 and rounded, by u
more, 6 u together. The rest is for processors with less exact division."""

_COLUMNS = {
    "means": Column(np.float32, (3,)),
    "quats": Column(np.float32, (4,)),
    "scales": Column(np.float32, (3,)),
    "opacities": Column(np.float32),
    "colors": Column(np.float32, (3,)),
}


class SplatCounts(NamedTuple):
    """Which of M cells are trained, bool [M], and how many splats each has, int64 [M]."""

    trained: NDArray[np.bool_]
    counts: NDArray[np.int64]


def check_splats(
    root: zarr.Group, cells: Cells, stars: NDArray[np.int64] | None, findings: Findings
) -> SplatCounts | None:
    """Return which of M `cells` are trained and how many splats they have, and add to `findings` what is wrong.

    `stars` [M] are their numbers of stars, None if unknown. Returns None if the columns cannot be read or do not fit
    the cells. Holds BLOCK_ROWS splats at a time.
    """
    try:
        attributes = attributes_of(root, GROUP)
    except StoreError as error:
        findings.add(Finding("files", str(error)))
        return None
    if attributes is None:
        return SplatCounts(np.zeros(len(cells), bool), np.zeros(len(cells), np.int64))
    names = attributes.get("metrics")
    if attributes.pop("sha256", None) != splats_digest(root, attributes):
        findings.add(Finding("metadata", f"those of {GROUP} do not have their checksum"))
    metrics = len(names) if isinstance(names, list) else 0
    per_cell = {
        "outcomes": Column(np.uint8),
        "settings": Column(np.uint64),
        "offsets": Column(np.int64),
        "metrics": Column(np.float64, (metrics,)),
    }
    lengths = rows_of(root, GROUP, per_cell, findings)
    rows = rows_of(root, GROUP, _COLUMNS, findings)
    for name in lengths.keys() - {"offsets"}:
        if lengths[name] != len(cells):
            findings.add(Finding("outcome", f"{GROUP}/{name} has {lengths[name]:,} rows for {len(cells):,} cells"))
            return None
    if len(rows) < len(_COLUMNS) or len(lengths) < len(per_cell):
        return None
    offsets, outcomes, values, settings = (
        read_column(root, f"{GROUP}/{name}", findings) for name in ("offsets", "outcomes", "metrics", "settings")
    )
    if offsets is None or outcomes is None:
        return None
    wrong = fit_offsets(offsets, len(cells), rows, least=0)
    for what in wrong:
        findings.add(Finding("splat offsets", what))
    if wrong:
        return None
    counts = np.diff(offsets)
    _check_cells(cells, counts, outcomes, stars, findings)
    _check_untrained(cells, outcomes == 0, values, settings, findings)
    for block in blocks_of(root, GROUP, tuple(_COLUMNS), BLOCK_ROWS, findings):
        _check_values(block, _Names(cells, offsets), findings)
    return SplatCounts(outcomes > 0, counts)


class _Names:
    """Names the cell to which a splat belongs, for findings."""

    def __init__(self, cells: Cells, offsets: NDArray[np.int64]):
        self._cells, self._offsets = cells, offsets

    def finding(self, promise: str, row: int, value: str) -> Finding:
        i = int(np.searchsorted(self._offsets, row, side="right")) - 1
        return Finding(promise, value, str(self._cells[i]), GROUP, row)


def _check_cells(cells: Cells, counts, outcomes, stars, findings: Findings) -> None:
    def add(promise, wrong, value_of):
        places = np.flatnonzero(wrong)
        findings.add_each(promise, places, lambda i: Finding(promise, value_of(i), str(cells[i])))

    add("outcome", outcomes >= len(OUTCOMES), lambda i: f"outcome {outcomes[i]}")
    trained = outcomes > 0
    add("splat count", trained & (counts == 0), lambda i: "trained, without splats")
    add("splat count", ~trained & (counts > 0), lambda i: f"not trained, with {counts[i]:,} splats")
    if stars is not None:
        many = trained & (counts > stars)
        add("splat count", many, lambda i: f"{counts[i]:,} splats for {stars[i]:,} stars")


def _check_untrained(cells: Cells, untrained: NDArray[np.bool_], metrics, settings, findings: Findings) -> None:
    """Add findings for cells that are `untrained` [M] but have `metrics` or `settings`, None if unreadable."""

    def add(wrong, value):
        findings.add_each(
            "outcome", np.flatnonzero(untrained & wrong), lambda i: Finding("outcome", value, str(cells[i]))
        )

    if metrics is not None:
        add(~np.isnan(metrics).all(axis=-1), "has metrics, and is not trained")
    if settings is not None:
        add(settings != 0, "has settings, and is not trained")


def _check_values(block: Block, names: _Names, findings: Findings) -> None:
    def add(promise, wrong, value_of):
        places = np.flatnonzero(wrong)
        findings.add_each(promise, places, lambda i: names.finding(promise, block.start + i, value_of(i)))

    finite = {}
    for name, values in block.columns.items():
        finite[name] = np.isfinite(values).reshape(len(values), -1).all(axis=-1)
        add("splat finite", ~finite[name], lambda i, n=name, v=values: f"{n} {numbers_text(v[i])}")
    columns = {name: values.astype(np.float64) for name, values in block.columns.items()}
    if "quats" in columns:
        norm = np.linalg.norm(columns["quats"], axis=-1)
        wrong = finite["quats"] & (np.abs(norm - 1.0) > NORM_ROUNDING)
        add("quaternion", wrong, lambda i: f"norm {norm[i]:.9g}")
    if "scales" in columns:
        wrong = finite["scales"] & (columns["scales"] <= 0).any(axis=-1)
        add("splat size", wrong, lambda i: f"scales {numbers_text(columns['scales'][i])}")
    if "opacities" in columns:
        wrong = finite["opacities"] & (columns["opacities"] <= 0)
        add("splat light", wrong, lambda i: f"opacity {columns['opacities'][i]:g}")
    if "colors" in columns:
        colors = np.where(finite["colors"][:, None], columns["colors"], 1.0)
        luminance = colors @ LUMINANCE
        wrong = (colors < 0).any(axis=-1) | (np.abs(luminance - 1.0) > LUMINANCE_ROUNDING)
        add("splat color", wrong, lambda i: f"colour {numbers_text(colors[i])} of luminance {luminance[i]:.9g}")
