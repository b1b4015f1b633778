"""Every star where its catalogue has it: as it leaves its cell, in a pack and in a table, at any depth of the leaves.

The places are those of astropy, from the rows of the catalogue to ecliptic metres, and share no rounding with Helios.
The made catalogue reaches from the nearest star to ten million parsecs, with hundreds of decades of luminosity between
neighbours in a cell, so that units that fit the far ones lose the near ones wherever anything is rounded to float32.
"""

import struct
from pathlib import Path

import astropy.units as u
import lz4.block
import numpy as np
import pyarrow.csv
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.table import Table

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.catalog.synthetic import Synthetic
from helios.packing.export import export
from helios.packing.pack import pack_universe
from helios.packing.sight import misplaced, rounded_offsets_m
from helios.packing.v1_reader import V1Pack
from helios.rendering import pick_backend
from helios.training.config import TrainConfig
from helios.training.run.engine import train_batch
from helios.universe import Universe
from helios.universe.validate import validate_universe
from tests.unit.packing.scene import LANDMARK
from tests.unit.universe.conftest import add_nothing

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared/data/stars"
ARCSEC, DISTANCE = 1e-3, 1e-6
"""What the Sun sees of a shift, and a share of the distance."""

PACKED_ARCSEC = 2e-3
"""A v1 pack has float32 metres in cells of depth 5: a few stars in ten thousand are off by more than ARCSEC."""

RULES = {"adaptive": {"leaf_capacity": 512}, **{f"depth {depth}": {"depth": depth} for depth in (0, 1, 2, 5)}}


def made(folder: Path) -> Path:
    """Write a catalogue of 3,000 stars, half of them within 100 parsecs, some far beyond the galaxy."""
    rng, n = np.random.default_rng(3), 3000
    direction = rng.normal(size=(n, 3))
    columns = {
        "source_id": np.arange(1, n + 1),
        "ra": np.degrees(np.arctan2(direction[:, 1], direction[:, 0])) % 360.0,
        "dec": np.degrees(np.arcsin(direction[:, 2] / np.linalg.norm(direction, axis=1))),
        "parallax": 10 ** np.where(rng.random(n) < 0.5, rng.uniform(1, 2.88, n), rng.uniform(-4, 1, n)),
        "phot_g_mean_mag": rng.uniform(0, 16, n),
    }
    Table(columns).write(folder / "made.csv")
    return folder / "made.csv"


def kept(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"needs ../shared/data/stars/{name}")
    return SHARED / name


def drawn(folder: Path) -> Path:
    """Write the rows that `--synthetic 1000` draws, for astropy to read; the universe is built without them."""
    (rows,) = Synthetic(1000).chunks()
    Table({name: getattr(rows, name) for name in ("source_id", "ra", "dec", "parallax")}).write(folder / "drawn.csv")
    return folder / "drawn.csv"


CATALOGUES = {
    "synthetic": drawn,
    "naked eye": lambda folder: ROOT / "catalogs" / "bright_stars.csv.gz",
    "made": made,
    "edsd": lambda folder: kept("gaia_dr3_10k_errors.parquet"),
    "100k": lambda folder: kept("gaia_dr3_g15_100k.csv.gz"),
}
CASES = [(name, rule) for name in ("naked eye", "made", "synthetic", "edsd") for rule in RULES]
CASES += [("100k", "adaptive")]


def seen_by_astropy(file: Path) -> dict[str, np.ndarray]:
    """The catalogue's identifiers, ascending, and `places` [N, 3], ecliptic metres at 1/parallax."""
    table = Table.read(file) if file.suffix == ".parquet" else Table.read(file, format="ascii.csv")
    ids = np.asarray(table["source_id" if "source_id" in table.colnames else "row_id"])
    order = np.argsort(ids)
    parallax = np.abs(np.ma.filled(np.ma.asarray(table["parallax"]).astype(float), 1.0))
    parallax[parallax == 0] = 1.0  # two of the embedded stars have none: they are not in the universe
    sky = SkyCoord(*(np.asarray(table[n], float) * u.deg for n in ("ra", "dec")), distance=1000.0 / parallax * u.pc)
    places = sky.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T
    return {"ids": ids[order], "places": places[order]}


def apart(found: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The angles [N], arcsec, between places [N, 3] as the barycentre sees them, and their distances' differences."""
    r, d = np.linalg.norm(found, axis=1), np.linalg.norm(wanted, axis=1)
    one, other = found / r[:, None], wanted / d[:, None]
    angle = 2 * np.arctan2(np.linalg.norm(one - other, axis=1), np.linalg.norm(one + other, axis=1))
    return np.degrees(angle) * 3600.0, np.abs(r / d - 1.0)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case))
def case(request, tmp_path_factory):
    """A universe, and the place of each of its stars, in its order, by astropy."""
    name, rule = request.param
    folder = tmp_path_factory.mktemp("places")
    file = CATALOGUES[name](folder)
    options = RULES[rule] | ({"distance": "edsd"} if name == "edsd" else {})
    stars = {"naked eye": {}, "synthetic": {"synthetic": 1000}}.get(name, {"stars": (str(file),)})
    universe = Universe.open(build_universe(BuildConfig(**stars, **options), folder / "universe", [LANDMARK]).path)
    catalogue = seen_by_astropy(file)
    rows = universe.columns(("source_id", "x_m", "y_m", "z_m"))
    at = np.searchsorted(catalogue["ids"], rows["source_id"])
    assert np.array_equal(catalogue["ids"][at], rows["source_id"])
    places = catalogue["places"][at]
    if name == "edsd":  # no 1/parallax: the distances of the store, towards where astropy sees the stars
        distance = np.sqrt(rows["x_m"] ** 2 + rows["y_m"] ** 2 + rows["z_m"] ** 2)
        places *= (distance / np.linalg.norm(places, axis=1))[:, None]
    return universe, places


def test_stars_leave_their_cell_where_the_catalogue_has_them(case):
    universe, places = case
    cells = [universe.cell(i) for i in range(len(universe))]
    found = np.concatenate([cell.origin_m + cell.half_extent_m * cell.emitters.means for cell in cells])
    angle, share = apart(found, places)
    assert angle.max() < 1e-3 * ARCSEC, "float64 is far below what is asked for"
    assert share.max() < 1e-3 * DISTANCE
    light = np.concatenate([c.emitters.luminosities.astype(float) * c.half_extent_m**2 for c in cells])
    mag = universe.columns(("phot_g_mean_mag",))["phot_g_mean_mag"].astype(float)
    dimming = -2.5 * np.log10(light / np.sum(found**2, axis=1) / 7e-6) - mag
    assert np.abs(dimming).max() < 1e-6, "light as the Sun sees it, magnitudes"
    assert validate_universe(universe.path, add_nothing).findings.counts == {}


def test_a_table_has_the_stars_where_the_catalogue_has_them(case, tmp_path):
    universe, places = case
    export(universe, tmp_path / "stars.csv", "csv")
    table = pyarrow.csv.read_csv(tmp_path / "stars.csv")
    ra, dec, distance = (table[name].to_numpy() for name in ("ra", "dec", "distance_pc"))
    sky = SkyCoord(ra * u.deg, dec * u.deg, distance=distance * u.pc).transform_to(BarycentricMeanEcliptic())
    angle, share = apart(sky.cartesian.xyz.to_value(u.m).T, places)
    assert angle.max() < ARCSEC
    assert share.max() < DISTANCE


def packed_places(folder: Path) -> list[np.ndarray]:
    """The places [K, 3] of the stars of each cell, from the bytes of a v1 pack alone."""
    pack, data, found = V1Pack.open(folder), (folder / "cells.pack.bin").read_bytes(), []
    for entry in pack.entries:
        cell, header = data[entry.offset : entry.offset + entry.size], pack.decode(len(found)).centroid
        (length,) = struct.unpack_from("<I", cell)
        floats = np.frombuffer(lz4.block.decompress(cell[4 + length :]), "<f4").reshape(-1, 14)
        found.append(header + floats[:, :3].astype(np.float64))
    return found


def test_a_pack_has_the_stars_within_what_float32_metres_hold(case):
    universe, places = case
    pack_universe(universe, format="v1:loose_cells=false")
    cells = packed_places(universe.path / "pack")
    assert sum(map(len, cells)) == len(places)
    grid = V1Pack.open(universe.path / "pack").cell_ids
    by_cell: dict = {}
    for i, (l, theta, phi) in enumerate(zip(*_located(places, grid[0].depth))):
        by_cell.setdefault((l, theta, phi), []).append(i)
    worst, over, longest = 0.0, 0, 0.0
    for cell, found in zip(grid, cells):
        wanted = places[by_cell[cell.l, cell.theta, cell.phi]]
        nearest = np.array([np.argmin(np.sum((wanted - place) ** 2, axis=1)) for place in found])
        assert sorted(nearest.tolist()) == list(range(len(wanted))), "every star once"
        angle, share = apart(found, wanted[nearest])
        worst, longest = max(worst, angle.max()), max(longest, share.max())
        over += int((angle > ARCSEC).sum())
    assert worst < PACKED_ARCSEC
    assert over <= 2e-3 * len(places)
    assert longest < DISTANCE


def _located(places: np.ndarray, depth: int):
    """The cells of places by the formulas of docs/design.md."""
    r = np.linalg.norm(places, axis=1)
    l = np.floor(np.log2(r / 4.6e10) * 2.0 ** (depth - 5)).astype(int)
    theta = np.floor((np.arctan2(places[:, 1], places[:, 0]) + np.pi) / (2 * np.pi) * 2 ** (depth + 1)).astype(int)
    phi = np.floor(np.arccos(places[:, 2] / r) / np.pi * 2**depth).astype(int)
    return l.tolist(), np.minimum(theta, 2 ** (depth + 1) - 1).tolist(), np.minimum(phi, 2**depth - 1).tolist()


def test_a_trained_shallow_cell_has_the_light_of_its_stars(tmp_path):
    """Far stars in a cell of depth 1, which is wider than any number of them: rounded in its units they were too bright
    by 1.6 to 2.1 magnitudes, and the figures of training, drawn from the same places, said 83 dB."""
    config = BuildConfig(stars=(str(made(tmp_path)),), leaf_capacity=512)
    universe = Universe.open(build_universe(config, tmp_path / "universe", [LANDMARK]).path)
    sizes = np.diff(universe.offsets)
    i = next(i for i in range(len(universe)) if universe.cells.depth[i] == 1 and sizes[i] > 100)
    cell = universe.cell(i)
    (result,) = train_batch([cell], TrainConfig(iterations=50, image_size=64), pick_backend("numba"))
    start, stop = int(universe.offsets[i]), int(universe.offsets[i + 1])
    rows = universe.columns(("x_m", "y_m", "z_m", "phot_g_mean_mag"), start, stop)
    stars = np.stack([rows[name] for name in ("x_m", "y_m", "z_m")], axis=-1)
    light = np.sum(stars**2, axis=1) * 7e-6 * 10 ** (-0.4 * rows["phot_g_mean_mag"].astype(float))
    splats = cell.origin_m + cell.half_extent_m * result.splats.means.astype(float)
    assert len(splats) < 0.5 * len(stars)
    for direction in np.eye(3):
        eye = cell.origin_m + 10 * cell.radius * cell.half_extent_m * direction
        seen = np.sum(result.splats.luminosities * cell.half_extent_m**2 / np.sum((splats - eye) ** 2, axis=1))
        wanted = np.sum(light / np.sum((stars - eye) ** 2, axis=1))
        assert abs(2500 * np.log10(seen / wanted)) < 10, "mmag"


def test_rounding_along_the_line_of_sight_turns_places_less():
    rng = np.random.default_rng(6)
    centre = np.array([1.2e18, -0.7e18, 0.6e18])
    near = centre + 6e17 * rng.uniform(-1, 1, (5000, 3))
    plain = centre + (near - centre).astype(np.float32).astype(np.float64)
    found = centre + rounded_offsets_m(near, centre).astype(np.float64)
    assert not misplaced(near, found, centre).any()
    before, after = apart(plain, near)[0], apart(found, near)[0]
    assert (before > ARCSEC).mean() > 0.5
    assert (after > ARCSEC).mean() < 0.05
    assert (after <= before + 1e-9).all()
    assert misplaced(near, found * (1 + 2e-6), centre).all()
    assert misplaced(near, near + np.cross(near, [0, 0, 1.0]) * 1e-6, centre).all()
