"""Makes landmarks from the stars of a catalogue or of a universe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.catalog import Reader
from helios.catalog.counts import Counts
from helios.catalog.table import StarTable
from helios.catalog.usable import usable_stars
from helios.constants import PARSEC_M
from helios.coords import ecliptic_m_to_icrs, icrs_to_ecliptic_m, parallax_to_distance_m, stacked_positions_m
from helios.errors import InputError
from helios.landmarks.generators import GENERATORS, Generator
from helios.landmarks.landmark import STAR_RADIUS_HINT_M, Landmark, distance_text
from helios.universe import Universe

BLOCK_ROWS = 1 << 16
"""Number of stars of a universe that are read at a time."""


class UniverseStars:
    """A catalogue reader of the stars of the universe in the directory `folder`.

    The `row` of a star is its row in the store. `has_bright_stars` says whether some may be embedded stars, whose
    source_id is the negative of their HR number. Raises what opening a universe raises.
    """

    row_unit = "row"
    identified = True
    path = None
    schema = None
    notes = ()

    def __init__(self, folder: Path):
        self._universe = Universe.open(folder)
        self.name = Path(folder).name
        self.has_bright_stars = "merged" in self._universe.provenance

    def provenance(self) -> dict[str, str]:
        """Return the name of the directory and the store's checksum."""
        return {"universe": self.name, "sha256": self._universe.fingerprint}

    def chunks(self) -> Iterator[StarTable]:
        """Yield the stars in the order of the store, BLOCK_ROWS at a time. Raises StoreError for a damaged store."""
        total = int(self._universe.offsets[-1])
        names = ("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp")
        for start in range(0, total, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, total)
            columns = self._universe.columns(names, start, stop)
            ra, dec, distance_m = ecliptic_m_to_icrs(stacked_positions_m(columns))
            yield StarTable(
                source_id=columns["source_id"],
                ra=ra,
                dec=dec,
                parallax=1000.0 * PARSEC_M / distance_m,
                phot_g_mean_mag=columns["phot_g_mean_mag"].astype(np.float64),
                bp_rp=columns["bp_rp"].astype(np.float64),
                row=np.arange(start, stop, dtype=np.int64),
            )


def generate_landmarks(
    readers: Iterable[Reader], count: int, method: str, names: Mapping[int, str] | None = None
) -> tuple[list[Landmark], Counts]:
    """Return the `count` best stars of `readers` as landmarks, the best first, and the Counts of all their rows.

    There are fewer landmarks where there are fewer stars. `method` is NAME or NAME:OPTION=VALUE,... of one of
    GENERATORS; among equal scores the smaller source_id comes first, and among rows with the same source_id only the
    best is used. `names` has proper names by source_id; a star without one is named after its source_id. Holds `count`
    stars and one chunk in memory.

    Raises InputError for a count below 1, an unknown method, and what the readers raise.
    """
    if count < 1:
        raise InputError(f"--count {count}: must be at least 1")
    generator: Generator = GENERATORS.make(method)
    counts, numbered = Counts(), 0
    best: StarTable | None = None
    sources = np.empty(0, dtype=object)
    for reader in readers:
        last_id = 0
        for stars, counted, last_id in usable_stars(reader):  # noqa: B007
            counts += counted
            if not reader.identified:
                stars = stars.with_ids(stars.source_id + numbered)
            origin = np.full(len(stars), reader.name, dtype=object)
            if best is not None:
                stars, origin = StarTable.concatenate([best, stars]), np.concatenate([sources, origin])
            kept = _best(stars, generator, count)
            best, sources = stars[kept], origin[kept]
        # The rows of catalogues without identifiers are numbered consecutively from file to file.
        numbered += 0 if reader.identified else last_id
    return ([] if best is None else _landmarks(best, sources, method, names or {})), counts


def _best(stars: StarTable, generator: Generator, count: int) -> NDArray[np.intp]:
    order = np.lexsort((stars.source_id, -generator.score(stars)))
    _, first = np.unique(stars.source_id[order], return_index=True)
    return order[np.sort(first)][:count]


def _landmarks(stars: StarTable, sources: NDArray, method: str, names: Mapping[int, str]) -> list[Landmark]:
    distance_m = parallax_to_distance_m(stars.parallax)
    position_m = icrs_to_ecliptic_m(stars.ra, stars.dec, distance_m)
    return [
        Landmark(
            id=f"star-{source_id}".replace("--", "-hr-"),
            name=names.get(source_id, f"Star {source_id}"),
            kind="star",
            pos_m=tuple(position),
            radius_hint_m=STAR_RADIUS_HINT_M,
            source=f"{source}, by {method}",
            description=f"Star, G {g_mag:.1f}, {distance_text(distance / PARSEC_M)}",
        )
        for source_id, position, source, g_mag, distance in zip(
            stars.source_id.tolist(), position_m.tolist(), sources, stars.phot_g_mean_mag, distance_m.tolist()
        )
    ]
