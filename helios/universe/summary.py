"""The contents and provenance of a universe as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from helios.constants import R_MIN_M
from helios.universe.groups import VERSION
from helios.universe.quality import quality
from helios.universe.store import Universe
from helios.universe.training import OUTCOMES


def summarise(universe: Universe) -> dict[str, Any]:
    """Return what `universe` holds, and its recorded provenance, as values that JSON can hold.

    `depth` is the common depth of the cells, None if the universe is adaptive; then cells with more than
    `leaf_capacity` stars were split. `depths` has for each depth the number of `cells`, which are leaves, and of
    `inner_cells`. `stars_per_cell` has the `least`, `median` and `most`. `training` has the number of trained `cells`,
    also by `outcomes`, the number of different `settings`, the `stars` and `splats` of the trained cells, their
    `quality` (`helios.universe.quality`), and how many `cells` of the `levels` are trained, and `taken`. Reads no star
    and no splat. Raises StoreError if the splats or the inner cells are damaged.
    """
    stars = np.diff(universe.offsets)
    trained = universe.trained
    outcomes: dict[str, int] = {}
    splats, settings, measured = 0, 0, {}
    if universe.training is not None:
        found = np.bincount(universe.training.outcomes, minlength=len(OUTCOMES)).tolist()
        outcomes = {name: count for name, count in zip(OUTCOMES[1:], found[1:]) if count}
        splats = int(universe.training.offsets[-1])
        settings = len(np.unique(universe.training.settings[trained]))
        measured = quality({name: values[trained] for name, values in universe.metrics().items()})
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
            "quality": measured,
            "levels": {
                "cells": int(np.count_nonzero(universe.levels.settings)),
                "taken": int(np.count_nonzero(universe.levels.taken)),
            },
        },
        "provenance": universe.provenance,
    }


def _depths(universe: Universe) -> dict[str, dict[str, int]]:
    leaves, inner = (np.bincount(depths).tolist() for depths in (universe.cells.depth, universe.inner.cells.depth))
    inner += [0] * (len(leaves) - len(inner))
    return {str(d): {"cells": n, "inner_cells": inner[d]} for d, n in enumerate(leaves) if n or inner[d]}
