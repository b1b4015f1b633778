"""The groups of a store, and their columns."""

from __future__ import annotations

import numpy as np

from helios.universe.level_columns import LEVEL_GROUPS

VERSION = 4
"""Version of the store that this program writes and reads."""

CELL_COLUMNS = {"depth": np.uint8, "l": np.int32, "theta": np.int32, "phi": np.int32, "offsets": np.int64}
"""Columns of the group `cells`, the leaves of the tree; `offsets` has one more row than there are cells."""

BOX_COLUMNS = {"stars_min_m": np.float64, "stars_max_m": np.float64}
"""Columns [M, 3] of the group `cells`: the corners of the boxes around their stars, from which their frames follow."""

INNER_COLUMNS = {
    "depth": np.uint8,
    "l": np.int32,
    "theta": np.int32,
    "phi": np.int32,
    "first": np.int64,
    "stop": np.int64,
    "count": np.int64,
}
"""Columns of the group `inner`: the cells above the leaves, as in `helios.universe.tree.InnerCells`."""

BUILT_GROUPS = ("cells", "inner", "emitters", *LEVEL_GROUPS)
"""Groups that a build writes and nothing changes afterwards."""
