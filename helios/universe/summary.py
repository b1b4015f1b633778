"""What is in a universe and what it was made of, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from helios.constants import R_MIN_M
from helios.universe.store import VERSION, Universe
from helios.universe.training import OUTCOMES


def summarise(universe: Universe) -> dict[str, Any]:
    """Return what `universe` holds, and its provenance as it is recorded, in values that JSON has.

    `depth` is that of all cells, None where the universe is adaptive: then none holds more than `leaf_capacity` stars.
    `depths` has by depth the number of `cells`, the leaves, and of `inner_cells` above them; `stars_per_cell` the
    least, median and most; `training` how many cells are trained, by `outcomes`, with how many `settings`, and their
    splats and stars. Reads no star and no splat. Raises StoreError where the group of splats is damaged.
    """
    stars = np.diff(universe.offsets)
    trained = universe.trained
    outcomes: dict[str, int] = {}
    splats = settings = 0
    if universe.training is not None:
        found = np.bincount(universe.training.outcomes, minlength=len(OUTCOMES)).tolist()
        outcomes = {name: count for name, count in zip(OUTCOMES[1:], found[1:]) if count}
        splats = int(universe.training.offsets[-1])
        settings = len(np.unique(universe.training.settings[trained]))
    return {
        "version": VERSION,
        "fingerprint": universe.fingerprint,
        "r_min_m": R_MIN_M,
        "depth": universe.depth,
        "leaf_capacity": universe.leaf_capacity,
        "depths": _depths(universe),
        "cells": len(universe),
        "inner_cells": len(universe.inner.cells),
        "stars": int(stars.sum()),
        "stars_per_cell": {"least": int(stars.min()), "median": float(np.median(stars)), "most": int(stars.max())},
        "training": {
            "cells": int(trained.sum()),
            "outcomes": outcomes,
            "settings": settings,
            "stars": int(stars[trained].sum()),
            "splats": splats,
        },
        "provenance": universe.provenance,
    }


def _depths(universe: Universe) -> dict[str, dict[str, int]]:
    leaves, inner = (np.bincount(depths).tolist() for depths in (universe.cells.depth, universe.inner.cells.depth))
    inner += [0] * (len(leaves) - len(inner))
    return {str(d): {"cells": n, "inner_cells": inner[d]} for d, n in enumerate(leaves) if n or inner[d]}
