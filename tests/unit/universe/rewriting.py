"""Changes what a universe holds, with all checksums made anew, so that one promise is broken and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from helios.splats import CellResult, Splats
from helios.universe import Universe, paths
from helios.universe.arrays import metadata_digest, open_root, read_rows, write_array
from helios.universe.emitters import EMITTER_COLUMNS
from helios.universe.groups import BOX_COLUMNS, BUILT_GROUPS, CELL_COLUMNS, INNER_COLUMNS
from helios.universe.index import manifest_text
from helios.universe.journal import TrainingJournal
from helios.universe.level_columns import CELL_COLUMNS as LEVEL_CELLS
from helios.universe.level_columns import (
    LIGHT_COLUMNS_OF_PROXIES,
    PROXY_COLUMNS,
    TRAINED_CELLS,
    TRAINED_GROUP,
    trained_digest,
)
from helios.universe.training import SPLAT_COLUMNS, splats_digest
from helios.universe.tree import TreeRule
from helios.universe.writer import manifest_of

TRAINED_LEVELS = (*TRAINED_CELLS, *LIGHT_COLUMNS_OF_PROXIES)
TRAINED = ("offsets", "settings", "outcomes", "metrics", *SPLAT_COLUMNS)


def rewrite(path: Path, change: Callable, index: bool = True) -> None:
    """Let `change(columns, attributes)` alter the arrays of the universe at `path` by "group/name" and its attributes.

    Arrays that are replaced, not altered in place, are written again. With `index`, so is the manifest.
    """
    root = open_root(paths.store_path(path), mode="r+")
    names = [f"cells/{n}" for n in (*CELL_COLUMNS, *BOX_COLUMNS)] + [f"emitters/{n}" for n in EMITTER_COLUMNS]
    names += [f"inner/{n}" for n in INNER_COLUMNS]
    names += [f"levels/{n}" for n in (*LEVEL_CELLS, "starts", "owner", "glow")] + [
        f"proxies/{n}" for n in PROXY_COLUMNS
    ]
    names += [f"splats/{n}" for n in TRAINED] if "splats" in root else []
    names += [f"{TRAINED_GROUP}/{n}" for n in TRAINED_LEVELS] if TRAINED_GROUP in root else []
    before = {name: read_rows(root, name) for name in names}
    columns, attributes = dict(before), dict(root.attrs)
    attributes.pop("sha256")
    change(columns, attributes)
    for name in names:
        if columns[name] is not before[name]:
            del root[name]
            write_array(root[name.split("/")[0]], name.split("/")[1], columns[name])
    root.attrs.put(attributes | {"sha256": metadata_digest(root, BUILT_GROUPS, attributes)})
    trained_too = "splats" in root
    if trained_too:
        rest = {"metrics": root["splats"].attrs["metrics"]}
        root["splats"].attrs.put(rest | {"sha256": splats_digest(root, rest)})
    if TRAINED_GROUP in root:
        root[TRAINED_GROUP].attrs.put({"sha256": trained_digest(root)})
    if not index:
        return
    rule = TreeRule(attributes["depth"], attributes["leaf_capacity"])
    trained, splats = 0, 0
    if trained_too:
        trained = int(np.count_nonzero(columns["splats/outcomes"]))
        splats = int(columns["splats/offsets"][-1])
    counts = (len(columns["inner/depth"]), int(columns["cells/offsets"][-1]), trained, splats)
    text = manifest_text(path, rule, columns["cells/depth"], *counts)
    paths.index_path(path).write_text(text, encoding="utf-8")


def set_value(columns: dict, name: str, row, value) -> None:
    """Give `row` of the column `name` the `value`, in a copy."""
    columns[name] = columns[name].copy()
    columns[name][row] = value


def change_json(path: Path, change: Callable) -> None:
    """Let `change` alter the content of the JSON file at `path`."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def set_landmarks(path: Path, text: str) -> None:
    """Give the universe at `path` a file of landmarks with this text, as if it had been built with it."""
    paths.landmarks_path(path).write_text(text)
    paths.index_path(path).write_text(manifest_of(Universe.open(path)))


def train_some(source: Path, path: Path) -> None:
    """Copy the universe at `source` to `path` and give every second cell splats: half of its stars, rounded up."""
    stars = Universe.open(source)
    set_landmarks(source, "[]\n")
    cells = []
    for i in range(0, len(stars), 2):
        points = Splats.points(stars.cell(i).emitters, 0.9)
        half = slice(0, (len(points) + 1) // 2)
        splats = Splats(*(getattr(points, name)[half] for name in SPLAT_COLUMNS))
        cells.append(CellResult(i, splats, {"first_loss": 0.5, "last_loss": 0.25}, "trained"))
    journal = TrainingJournal.open(stars, path, "0f" * 16)
    journal.append(cells)
    journal.commit()
