"""Makes landmarks of the stars of a catalogue or of a universe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.catalog import Reader
from helios.catalog.cuts import Rejections
from helios.catalog.files import BadFiles, usable_chunks
from helios.catalog.table import StarTable
from helios.constants import PARSEC_M
from helios.coords import ecliptic_m_to_icrs, icrs_to_ecliptic_m, parallax_to_distance_m
from helios.errors import InputError
from helios.landmarks.landmark import STAR_RADIUS_HINT_M, Landmark, distance_text
from helios.universe import Universe

_PARALLAX_ERROR_G_MAG = (15.0, 17.0, 20.0, 21.0)
_PARALLAX_ERROR_MAS = (0.025, 0.07, 0.5, 1.3)
"""Gaia DR3's typical uncertainty of a parallax by magnitude, constant above the first: Gaia Collaboration, Brown et
al. 2021, A&A 649, A1, table 3 (doi:10.1051/0004-6361/202039657)."""

BLOCK_ROWS = 1 << 16
"""Stars of a universe looked at together."""


def brightness(stars: StarTable) -> NDArray[np.float64]:
    """Score [N] that is higher for a smaller apparent G magnitude."""
    return -stars.phot_g_mean_mag


def quality(stars: StarTable) -> NDArray[np.float64]:
    """Score [N]: the parallax over the uncertainty that Gaia DR3 typically has at the star's magnitude.

    It puts first the stars whose place in space is known best: the near ones that are not too faint.
    """
    log_error = np.interp(stars.phot_g_mean_mag, _PARALLAX_ERROR_G_MAG, np.log(_PARALLAX_ERROR_MAS))
    return stars.parallax / np.exp(log_error)


METHODS: dict[str, Callable[[StarTable], NDArray[np.float64]]] = {"brightness": brightness, "quality": quality}
"""How stars are ranked, by the name that `--method` takes."""


class UniverseStars:
    """The stars of the universe in the directory `path`, as a catalogue reader gives them.

    `row` of a star is its row in the store. `has_bright_stars` says whether some may be embedded stars, whose source_id
    is their HR number with a minus. Raises what opening a universe raises.
    """

    row_unit = "row"
    identified = True

    def __init__(self, path: Path):
        self._universe = Universe.open(path)
        self.name = Path(path).name
        self.has_bright_stars = "merged" in self._universe.provenance

    def provenance(self) -> dict[str, str]:
        """Name of the directory and the store's checksum."""
        return {"universe": self.name, "sha256": self._universe.fingerprint}

    def chunks(self) -> Iterator[StarTable]:
        """Yield the stars in the order of the store, BLOCK_ROWS at a time. Raises StoreError for a damaged store."""
        total = int(self._universe.offsets[-1])
        names = ("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp")
        for start in range(0, total, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, total)
            columns = self._universe.columns(names, start, stop)
            position_m = np.stack([columns["x_m"], columns["y_m"], columns["z_m"]], axis=-1)
            ra, dec, distance_m = ecliptic_m_to_icrs(position_m)
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
    readers: Iterable[Reader],
    count: int,
    method: str,
    rejections: Rejections,
    names: Mapping[int, str] | None = None,
) -> list[Landmark]:
    """Return the `count` best stars of `readers` as landmarks, the best first; fewer where there are not so many.

    `method` is one of METHODS; of equals the smaller source_id comes first, and of rows with one source_id only the
    best is taken. Rows that are no star with a place and a brightness are counted in `rejections`. `names` has the
    proper names by source_id; a star without one is called after its source_id. Holds `count` stars and one chunk.

    Raises InputError for a count below 1, an unknown method, and what the readers raise.
    """
    if count < 1:
        raise InputError(f"--count {count}: must be at least 1")
    if method not in METHODS:
        raise InputError(f"--method {method}: unknown (choose from {', '.join(METHODS)})")
    best: StarTable | None = None
    sources = np.empty(0, dtype=object)
    for chunk in usable_chunks(readers, rejections, BadFiles()):
        stars, origin = chunk.stars, np.full(len(chunk.stars), chunk.reader.name, dtype=object)
        if best is not None:
            stars, origin = StarTable.concatenate([best, stars]), np.concatenate([sources, origin])
        kept = _best(stars, METHODS[method], count)
        best, sources = stars[kept], origin[kept]
    return [] if best is None else _landmarks(best, sources, method, names or {})


def _best(stars: StarTable, score: Callable[[StarTable], NDArray[np.float64]], count: int) -> NDArray[np.intp]:
    order = np.lexsort((stars.source_id, -score(stars)))
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
