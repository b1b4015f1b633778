"""A summary tells what is in a universe and what it was made of, in values that JSON has.

Counted against the universe's own columns; the trained one has splats in every second cell.
"""

import importlib.metadata
import json

import numpy as np

from helios.universe import Universe
from helios.universe.summary import summarise
from tests.unit.universe.rewriting import train_some


def parent(cell, depth):
    """The cell of `depth` that `cell` lies in."""
    while cell.depth > depth:
        cell = cell.parent
    return cell


def test_a_built_universe(make, gaia_csv):
    report = make(stars=(gaia_csv,), depth=4, max_mag=12.0)
    universe = Universe.open(report.path)
    summary = summarise(universe)
    assert json.loads(json.dumps(summary)) == summary
    counts = np.diff(universe.offsets)
    assert (summary["cells"], summary["stars"]) == (len(universe), report.stars)
    assert (summary["depth"], summary["leaf_capacity"], summary["r_min_m"]) == (4, None, 4.6e10)
    above = {f"{d}": {"cells": 0, "inner_cells": len({parent(c, d) for c in universe.cells})} for d in range(4)}
    assert summary["depths"] == above | {"4": {"cells": len(universe), "inner_cells": 0}}
    assert summary["inner_cells"] == sum(count["inner_cells"] for count in above.values())
    assert summary["stars_per_cell"] == {"least": counts.min(), "median": np.median(counts), "most": counts.max()}
    nothing = {"cells": 0, "outcomes": {}, "settings": 0, "stars": 0, "splats": 0, "quality": {}}
    assert summary["training"] == nothing | {"levels": {"cells": 0, "taken": 0}}
    assert summary["fingerprint"] == universe.fingerprint
    assert summary["provenance"] == universe.provenance


def test_a_trained_universe(make, tmp_path):
    train_some(make(synthetic=300, depth=2).path, tmp_path / "trained")
    universe = Universe.open(tmp_path / "trained")
    cells = range(0, len(universe), 2)
    assert summarise(universe)["training"] == {
        "cells": len(cells),
        "outcomes": {"trained": len(cells)},
        "settings": 1,
        "stars": sum(int(np.diff(universe.offsets)[i]) for i in cells),
        "splats": sum(len(universe.splats(i)) for i in cells),
        "quality": {},  # nothing was measured
        "levels": {"cells": 0, "taken": 0},
    }


def test_the_provenance_accounts_for_every_row_and_names_the_versions(make, gaia_csv):
    report = make(stars=(gaia_csv,), limit=50)
    provenance = summarise(Universe.open(report.path))["provenance"]
    assert provenance["kept"] == 50 == provenance["rows_read"] - sum(provenance["rejected"].values())
    assert provenance["versions"]["numpy"] == np.__version__
    for name, version in provenance["versions"].items():
        assert version == importlib.metadata.version(name)
