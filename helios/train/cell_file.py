"""Training of one v1 cell file: its splats are the stars, what they become is a file of the same kind."""

import os
from pathlib import Path

import numpy as np

from helios.errors import InputError
from helios.light import splat_luminosity
from helios.pack.v1_cell import encode_cell, read_cell
from helios.render.backend import Backend
from helios.splats import Cell, Emitters
from helios.train.config import TrainConfig
from helios.train.engine import CellResult, train_batch


def train_cell_file(source: Path, output: Path, config: TrainConfig, backend: Backend) -> CellResult:
    """Train the v1 cell at `source` and write the result to `output`, whole or not at all.

    The file does not say the depth of its grid; it only seeds the cell's random numbers. Raises StoreError where
    the file is damaged, InputError where it holds no splat or `output` is `source`.
    """
    if output.exists() and output.samefile(source):
        raise InputError(f"{output}: is the input itself; name another --output")
    if output.is_dir():
        raise InputError(f"{output}: is a directory; name a file for --output")
    stored = read_cell(source)
    if len(stored) == 0:
        raise InputError(f"{source}: holds no splat, nothing to train")
    splats = stored.splats()
    cell = Cell(
        id=stored.id,
        origin_m=stored.centroid,
        half_extent_m=stored.half_extent,
        radius=float(np.linalg.norm(stored.bounds_max - stored.bounds_min)) / 2.0 / stored.half_extent,
        emitters=Emitters(
            splats.means,
            splat_luminosity(splats.opacities, splats.scales).astype(np.float32),
            splats.colors,
        ),
    )
    (result,) = train_batch([cell], config, backend)
    bounds = (stored.bounds_min, stored.bounds_max)
    staged = output.with_name(f".{output.name}.new")
    staged.write_bytes(encode_cell(cell.id, cell.origin_m, cell.half_extent_m, bounds, result.splats))
    os.replace(staged, output)
    return result
