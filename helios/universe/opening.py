"""Opening the store of a universe: it is there, whole, and of this version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError, StoreError
from helios.files import restore
from helios.universe.arrays import metadata_digest, open_root, read_rows
from helios.universe.groups import BUILT_GROUPS, CELL_COLUMNS, VERSION
from helios.universe.index import check_version
from helios.universe.paths import index_path, store_path

if TYPE_CHECKING:
    import zarr


def open_store(path: Path) -> tuple[zarr.Group, list[NDArray[Any]], NDArray[np.int64]]:
    """Return (the root of the store at `path`, the columns that say which its cells are, the offsets of their stars).

    Raises InputError if there is no universe, StoreError if it is damaged, unfinished or of another version.
    """
    restore(path)
    store = store_path(path)
    if not path.is_dir():
        raise InputError(f"{path}: no universe there (make one with `helios build -o {path}`)")
    if not (store / "zarr.json").exists():
        if not index_path(path).exists():
            raise InputError(f"{path}: not a universe (make one with `helios build`)")
        raise StoreError(f"{store}: missing; build the universe again")
    root = open_root(store)
    attributes = dict(root.attrs)
    check_version(store, attributes.get("version"), VERSION)
    if attributes.pop("sha256", None) != metadata_digest(root, BUILT_GROUPS, attributes):
        raise StoreError(f"{store}: damaged, its metadata do not have their checksum; build the universe again")
    *indices, offsets = (read_rows(root, f"cells/{name}") for name in CELL_COLUMNS)
    return root, indices, offsets
