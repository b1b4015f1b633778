"""A synthetic sky: stars drawn from simple distributions, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from helios.catalog.table import StarTable
from helios.errors import InputError

DISTANCE_PC = (10.0, 10_000.0)
"""Range of the distances, parsecs; their logarithm is uniform in it."""

ABSOLUTE_MAG = (-2.0, 10.0)
"""Range of the absolute G magnitudes, uniform."""

BP_RP = (-0.5, 4.0)
"""Range of the colours, magnitudes, uniform."""


@dataclass(frozen=True)
class Synthetic:
    """`count` stars, uniform on the sphere; `seed` chooses which. Raises InputError for less than one star."""

    row_unit: ClassVar[str] = "row"
    identified: ClassVar[bool] = True
    path: ClassVar[None] = None
    schema: ClassVar[None] = None
    notes: ClassVar[tuple[str, ...]] = ()

    count: int
    seed: int = 0

    def __post_init__(self):
        if self.count < 1:
            raise InputError(f"--synthetic {self.count}: must be at least 1 star")
        if self.seed < 0:
            raise InputError(f"--seed {self.seed}: must be 0 or more")

    @property
    def name(self) -> str:
        """What replaces a file's name in messages."""
        return f"synthetic {self.count}"

    def provenance(self) -> dict[str, Any]:
        """Return count, seed and the name of NumPy's generator, which together reproduce these stars."""
        return {"synthetic": self.count, "seed": self.seed, "generator": "PCG64"}

    def chunks(self) -> Iterator[StarTable]:
        """Yield all stars as one table, as each column is drawn for all of them before the next."""
        rng = np.random.Generator(np.random.PCG64(self.seed))
        n = self.count
        ra = rng.uniform(0.0, 360.0, n) % 360.0
        dec = np.rad2deg(np.arcsin(rng.uniform(-1.0, 1.0, n)))
        nearest, farthest = np.log10(DISTANCE_PC)
        distance_pc = 10.0 ** rng.uniform(nearest, farthest, n)
        absolute_mag = rng.uniform(*ABSOLUTE_MAG, n)
        yield StarTable(
            source_id=np.arange(1, n + 1, dtype=np.int64),
            ra=ra,
            dec=dec,
            parallax=1000.0 / distance_pc,
            phot_g_mean_mag=absolute_mag + 5.0 * np.log10(distance_pc / 10.0),
            bp_rp=rng.uniform(*BP_RP, n),
            row=np.arange(1, n + 1, dtype=np.int64),
        )
