"""Checks of columns that do not depend on their meaning: existence, type, readability, and offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import zarr
from numpy.typing import DTypeLike, NDArray

from helios.errors import StoreError
from helios.universe.arrays import read_rows, shape_of
from helios.universe.findings import Finding, Findings


class Column(NamedTuple):
    """What a column must have: its type, and the shape of one row."""

    dtype: DTypeLike
    row_shape: tuple[int, ...] = ()


class Block(NamedTuple):
    """Rows [start, stop) of the columns of a group by name, without columns that cannot be read."""

    start: int
    stop: int
    columns: dict[str, NDArray]


def rows_of(root: zarr.Group, group: str, columns: Mapping[str, Column], findings: Findings) -> dict[str, int]:
    """Return the number of rows of those `columns` of `group` that exist with their type; add a finding for others."""
    rows = {}
    for name, column in columns.items():
        try:
            shape, dtype = shape_of(root, f"{group}/{name}")
        except StoreError as error:
            findings.add(Finding("files", str(error)))
            continue
        if dtype != np.dtype(column.dtype) or not shape or shape[1:] != column.row_shape:
            wanted = f"{np.dtype(column.dtype)} rows of shape {column.row_shape}"
            findings.add(Finding("metadata", f"{group}/{name} is {dtype} of shape {shape}, not {wanted}"))
            continue
        rows[name] = shape[0]
    return rows


def read_column(root: zarr.Group, name: str, findings: Findings) -> NDArray | None:
    """Return the whole array `name` of `root`; if it cannot be read, add a finding and return None."""
    try:
        return read_rows(root, name)
    except StoreError as error:
        findings.add(Finding("files", str(error)))
        return None


def blocks_of(root: zarr.Group, group: str, names: tuple[str, ...], size: int, findings: Findings) -> Iterator[Block]:
    """Yield the rows of the columns `names` of `group`, `size` at a time; add a finding for what cannot be read.

    All columns must have the same number of rows.
    """
    total = shape_of(root, f"{group}/{names[0]}")[0][0]
    for start in range(0, total, size):
        stop, columns = min(start + size, total), {}
        for name in names:
            try:
                columns[name] = read_rows(root, f"{group}/{name}", start, stop)
            except StoreError as error:
                findings.add(Finding("files", str(error)))
        yield Block(start, stop, columns)


def read_columns(
    root: zarr.Group, group: str, columns: Mapping[str, DTypeLike], findings: Findings
) -> list[NDArray] | None:
    """Return the columns of `group`, of the given types and one number per row; None if one cannot be read."""
    lengths = rows_of(root, group, {name: Column(dtype) for name, dtype in columns.items()}, findings)
    found = [read_column(root, f"{group}/{name}", findings) for name in columns if name in lengths]
    whole = [column for column in found if column is not None]
    return whole if len(whole) == len(columns) else None


def fit_offsets(offsets: NDArray[np.int64], cells: int, rows: Mapping[str, int], least: int) -> list[str]:
    """Return what is wrong with `offsets`, if anything.

    There must be one more than `cells`, from 0 to the number of `rows` of every column (by name), and every cell must
    have at least `least` rows.
    """
    if len(offsets) != cells + 1:
        return [f"{len(offsets):,} offsets for {cells:,} cells, must be one more"]
    wrong = [] if offsets[0] == 0 else [f"the first offset is {offsets[0]:,}"]
    fall = np.flatnonzero(offsets[1:] < offsets[:-1] + least)
    wrong += [f"offset {i + 1:,} is {offsets[i + 1]:,} after {offsets[i]:,}" for i in fall.tolist()]
    return wrong + [
        f"the last offset is {offsets[-1]:,}, {name} has {count:,} rows"
        for name, count in rows.items()
        if count != offsets[-1]
    ]
