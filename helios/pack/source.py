"""What of a universe goes out, and how much of it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helios.splats import Splats

if TYPE_CHECKING:
    from helios.universe import Universe

OPACITY_LIMIT = 0.95
"""Opacity of a star as a splat, and the most that formats with opacities in [0, 1] are given."""

SplatsOf = Callable[["Universe", int], Splats]
"""Gives the splats that stand for the cell of an index, cell units, any tau."""


@dataclass(frozen=True)
class Exported:
    """What an exporter wrote: a file or directory, what is in it, and how large it became on disk."""

    path: Path
    cells: int
    splats: int
    size_bytes: int

    @property
    def bytes_per_splat(self) -> float:
        return self.size_bytes / max(self.splats, 1)


def star_splats(universe: Universe, index: int) -> Splats:
    """Return the exact stars of the cell `index`, one splat each."""
    return Splats.points(universe.cell(index).emitters, OPACITY_LIMIT)


def shown_splats(universe: Universe, index: int) -> Splats:
    """Return what stands for the cell `index`: its trained splats, or its exact stars where it is not trained."""
    trained = universe.splats(index)
    return star_splats(universe, index) if trained is None else trained


def limit_opacity(splats: Splats) -> Splats:
    """Return the same splats with tau <= OPACITY_LIMIT, scales float64: brighter ones are larger, flux unchanged.

    The flux is 2 pi tau sigma^2 (`helios.light.splat_luminosity`), so sizes grow by sqrt(tau / OPACITY_LIMIT).
    """
    excess = np.maximum(splats.opacities.astype(np.float64) / np.float64(np.float32(OPACITY_LIMIT)), 1.0)
    return replace(
        splats,
        scales=splats.scales * np.sqrt(excess)[:, None],
        opacities=np.minimum(splats.opacities, np.float32(OPACITY_LIMIT)),
    )
