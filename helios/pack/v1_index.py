"""`index.json` of the v1 layout: the list of a pack's cells, one line each."""

from __future__ import annotations

import json
from collections.abc import Sequence

from helios.grid import CellId, HLGrid
from helios.universe.index import LIST_VERSION, grid_config

V1_VERSION = LIST_VERSION

_CELL = (
    '    {"id": {"l": %d, "theta": %d, "phi": %d}, "file_name": "%s", '
    '"splat_count": %d, "file_size_bytes": %d, "trained": %s%s}'
)


def file_name(cell: CellId) -> str:
    """The name of the file of `cell`: the layout's grid has one depth, which the name does not say."""
    return f"{cell.index_name}.bin"


def index_text(
    grid: HLGrid,
    cells: Sequence[CellId],
    splat_counts: Sequence[int],
    file_sizes: Sequence[int],
    trained: Sequence[bool],
    levels_up: Sequence[int],
) -> str:
    """Return the text of the `index.json` of M cells of `grid`, in their order; of each its number of splats, bytes,
    whether any of its splats is trained, and `PackCell.levels_up` (pack_cells), which only Helios' viewer reads.
    """
    lines = (
        _CELL
        % (
            *(cell.l, cell.theta, cell.phi, file_name(cell), count, size),
            "true" if flag else "false",
            f', "levels_up": {up}' if up else "",
        )
        for cell, count, size, flag, up in zip(cells, splat_counts, file_sizes, trained, levels_up, strict=True)
    )
    return (
        "{\n"
        f'  "version": {V1_VERSION},\n'
        f'  "config": {json.dumps(grid_config(grid))},\n'
        f'  "total_splats": {sum(splat_counts)},\n'
        f'  "total_size_bytes": {sum(file_sizes)},\n'
        '  "cells": [\n' + ",\n".join(lines) + "\n  ]\n}\n"
    )
