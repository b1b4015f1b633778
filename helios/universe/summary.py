"""What is in a universe and what it was made of, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from helios.universe.store import Universe
from helios.universe.training import OUTCOMES


def summarise(universe: Universe) -> dict[str, Any]:
    """Return what `universe` holds, and its provenance as it is recorded, in values that JSON has.

    `grid` is that of the manifest with its `depth` and number of shells `n_l`; `stars_per_cell` the least, median and
    most; `training` how many cells are trained, by `outcomes`, with how many `settings`, and their splats and stars.
    Reads no star and no splat. Raises StoreError where the group of splats is damaged.
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
        "version": universe.index["version"],
        "fingerprint": universe.fingerprint,
        "grid": {"depth": universe.depth, "n_l": universe.grid.n_l, **universe.index["config"]},
        "cells": len(universe),
        "stars": int(stars.sum()),
        "stars_per_cell": {"least": int(stars.min()), "median": float(np.median(stars)), "most": int(stars.max())},
        "training": {
            "cells": int(trained.sum()),
            "outcomes": outcomes,
            "settings": settings,
            "stars": int(stars[trained].sum()),
            "splats": splats,
        },
        "packed_bytes": universe.index["total_size_bytes"],
        "provenance": universe.provenance,
    }
