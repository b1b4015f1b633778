"""Reads all of a universe, as far as tests want to know that it can be."""

import numpy as np

from helios.universe import Universe


def read_everything(universe: Universe) -> None:
    """Read every frame, emitter, splat and level. Raises StoreError, naming the file, where one is damaged."""
    _ = universe.inner
    universe.frames_m()
    universe.columns(universe.emitter_columns)
    levels = universe.levels
    levels.owner()
    levels.proxies()
    _ = levels.glow, levels.tint
    for i in np.flatnonzero(universe.trained).tolist():
        universe.splats(i)
