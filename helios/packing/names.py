"""What the stars and places of a universe are called, for search in the viewer: `names.json.gz` of a site."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from helios.catalogs_path import embedded, embedded_rows
from helios.constants import PARSEC_M
from helios.coords import icrs_to_ecliptic_m, stacked_positions_m
from helios.landmarks.files import landmarks_text, load_landmarks
from helios.universe.arrays import CHUNK_ROWS

if TYPE_CHECKING:
    from helios.universe import Universe

VERSION = 1
NAMES, STARS, PLACES = "names.csv.gz", "bright_stars.csv.gz", "landmarks.json"

SAME_ARCSEC, SAME_MAG = 300.0, 2.0
"""A star with the number of a named one is it if it lies within this, which covers 30 years of any bright star's
motion, and is about as bright: numbers of other catalogues, and of none, may be the same."""

SAME_PLACE = 0.01
"""A landmark with the id of an embedded one is it if it lies within this share of its distance from there."""

_DIGITS = 8


@dataclass(frozen=True)
class _Called:
    v_mag: float | None
    names: str
    designations: str


@dataclass(frozen=True)
class Named:
    """The `rows` of the embedded names, and where a universe has the star of each that it has.

    `position_m`: float64 [3] by the number of the row, barycentric mean ecliptic metres at the universe's epoch.
    """

    rows: list[dict[str, str]]
    position_m: dict[int, NDArray[np.float64]]


def find_named(universe: Universe) -> Named:
    """Return which of the embedded names are those of stars of `universe`, and where these are.

    Stars are found by the numbers HR, HIP and Gaia DR3 in their `source_id`. Memory: a chunk of stars.
    """
    rows = embedded_rows(NAMES)
    return Named(rows, _stars(universe, rows))


def at_their_stars(landmarks: bytes, named: Named) -> bytes:
    """Return the text of `landmarks`, those that are the embedded ones placed where the universe has their stars.

    The stars of a universe are those of another catalogue and epoch: 16 years take alpha Centauri farther than its two
    stars are apart, so that by place alone a name would be the other's.
    """
    entries = json.loads(landmarks)
    there = _places(landmarks)
    found = {named.rows[number]["landmark"]: position for number, position in named.position_m.items()}
    for entry in entries:
        if entry["id"] in there and entry["id"] in found:
            entry["pos_meters"] = dict(zip("xyz", found[entry["id"]].tolist()))
    return landmarks_text(entries).encode()


def names_text(named: Named, landmarks: bytes | None) -> str | None:
    """Return the JSON of what the stars and the `landmarks` of a universe are called; FORMAT.md describes it.

    None where no name is known of any.
    """
    rows = named.rows
    called = [_Called(float(r["v_mag"]) if r["v_mag"] else None, r["names"], r["designations"]) for r in rows]
    there = _places(landmarks)
    places = [
        [row["landmark"], each.v_mag, each.names, each.designations]
        for row, each in zip(rows, called)
        if row["landmark"] in there
    ]
    stars = [
        [*(float(f"{value:.{_DIGITS}g}") for value in (position / PARSEC_M).tolist()), *vars(called[number]).values()]
        for number, position in sorted(named.position_m.items())
        if rows[number]["landmark"] not in there
    ]
    if not places and not stars:
        return None
    lines = [f' "{key}": [\n{_lines(table)}\n ]' for key, table in (("places", places), ("stars", stars))]
    return f'{{"version": {VERSION},\n' + ",\n".join(lines) + "}\n"


def _lines(table: list[list[Any]]) -> str:
    return ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in table)


def _places(landmarks: bytes | None) -> set[str]:
    """Return the ids of those `landmarks` that are the embedded ones."""
    if landmarks is None:
        return set()
    own = {landmark.id: np.array(landmark.pos_m) for landmark in load_landmarks(embedded(PLACES))}
    there = set()
    for entry in json.loads(landmarks):
        position = np.array([entry["pos_meters"][axis] for axis in "xyz"])
        known = own.get(entry["id"])
        if known is not None and np.linalg.norm(position - known) <= SAME_PLACE * np.linalg.norm(known):
            there.add(entry["id"])
    return there


def _stars(universe: Universe, rows: list[dict[str, str]]) -> dict[int, NDArray[np.float64]]:
    """Return where the universe has the star of each of `rows` that it has, metres, by the number of the row."""
    named = _named_stars(rows)
    found: dict[int, NDArray[np.float64]] = {}
    count = int(universe.offsets[-1])
    for start in range(0, count, CHUNK_ROWS):
        stop = min(start + CHUNK_ROWS, count)
        ids = universe.columns(("source_id",), start, stop)["source_id"].astype(np.int64)
        hits = np.flatnonzero(np.isin(ids, named.identifier))
        if not len(hits):
            continue
        columns = universe.columns(("x_m", "y_m", "z_m", "phot_g_mean_mag"), start, stop)
        position = stacked_positions_m(columns)[hits]
        direction = position / np.linalg.norm(position, axis=1, keepdims=True)
        first = np.searchsorted(named.identifier, ids[hits], "left")
        last = np.searchsorted(named.identifier, ids[hits], "right")
        for star, (begin, end) in enumerate(zip(first.tolist(), last.tolist())):
            apart = np.degrees(np.linalg.norm(named.direction[begin:end] - direction[star], axis=1)) * 3600.0
            fainter = np.abs(named.mag[begin:end] - columns["phot_g_mean_mag"][hits[star]])
            for i in begin + np.flatnonzero((apart < SAME_ARCSEC) & (fainter < SAME_MAG)):
                found.setdefault(int(named.row[i]), position[star])
    return found


@dataclass(frozen=True)
class _NamedStars:
    """The embedded stars, each once for each of its numbers, by `identifier` int64 [N] ascending.

    `row` int64 [N] is the number of its row, `direction` float64 [N, 3] ecliptic unit vectors, `mag` G.
    """

    identifier: NDArray[np.int64]
    row: NDArray[np.int64]
    direction: NDArray[np.float64]
    mag: NDArray[np.float64]


def _named_stars(rows: list[dict[str, str]]) -> _NamedStars:
    row_of = {row["source_id"]: number for number, row in enumerate(rows) if row["source_id"]}
    stars = embedded_rows(STARS)
    numbers = ("source_id", "hip", "gaia")
    keys = sorted((int(star[column]), i) for i, star in enumerate(stars) for column in numbers if star[column])
    identifier, star = np.array(keys, np.int64).T
    ra, dec, mag = (np.array([float(each[name]) for each in stars]) for name in ("ra", "dec", "phot_g_mean_mag"))
    row = np.array([row_of[each["source_id"]] for each in stars], np.int64)
    return _NamedStars(identifier, row[star], icrs_to_ecliptic_m(ra, dec, np.ones(len(ra)))[star], mag[star])
