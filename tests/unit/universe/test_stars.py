"""Stars as their users get them, against the catalogue that they came from and against astropy.

From a row of a file to a SkyCoord; which cells and how many bytes a question reads; samples; the views of cells. The
chunks of the universe of 100,000 stars are as much smaller than real ones as it is smaller than a survey of millions.
"""

import astropy.units as u
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

from helios.errors import InputError
from helios.regions import Box, Cone
from helios.universe import Universe, arrays, emitters

ARCSEC = 1e-3
"""A star's place is float64 all the way: 1e-16 of the circle is 1e-10 arcseconds. A wrong epoch or frame, or float32,
is far more than this."""


@pytest.fixture
def universe(copy_of, gaia_csv):
    return Universe.open(copy_of(stars=(gaia_csv,), leaf_capacity=20))


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """100,000 stars in chunks of 1,024: as 6.4 million in chunks as they are."""
    from helios.building.build import build_universe
    from helios.building.config import BuildConfig

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "CHUNK_ROWS", 1024)
        config = BuildConfig(synthetic=100_000, leaf_capacity=100)
        return build_universe(config, tmp_path_factory.mktemp("sky") / "universe").path


@pytest.fixture
def opened(sky, monkeypatch):
    monkeypatch.setattr(emitters, "BLOCK_ROWS", 1024)
    return Universe.open(sky)


def test_a_star_is_where_its_catalogue_has_it(universe, gaia_csv):
    catalogue = pd.read_csv(gaia_csv).set_index("source_id")
    stars = universe.stars()
    rows = catalogue.loc[stars["source_id"]]
    assert len(stars) == len(catalogue) == len(np.unique(stars["source_id"]))
    wanted = SkyCoord(
        rows.ra.to_numpy() * u.deg, rows.dec.to_numpy() * u.deg, distance=1000.0 / rows.parallax.to_numpy() * u.pc
    )
    for found in (stars.to_skycoord(), SkyCoord.guess_from_table(stars.to_astropy())):
        assert found.frame.name == "icrs"
        assert found.separation(wanted).arcsec.max() < ARCSEC
        np.testing.assert_allclose(found.distance.pc, wanted.distance.pc, rtol=1e-12)
    np.testing.assert_array_equal(stars["phot_g_mean_mag"], rows.phot_g_mean_mag.to_numpy(np.float32))


def test_tables_have_units_and_frame(universe):
    table = universe.stars().to_astropy()
    assert table.colnames == ["source_id", "ra", "dec", "distance_pc", "phot_g_mean_mag", "bp_rp"]
    assert [str(table[name].unit) for name in table.colnames[1:]] == ["deg", "deg", "pc", "mag", "mag"]
    assert table.meta["frame"] == "icrs"
    assert not hasattr(table["source_id"], "unit") or table["source_id"].unit is None
    arrow = universe.stars().to_arrow()
    assert arrow.schema.field("distance_pc").metadata == {b"unit": b"pc"}
    assert pa.table(universe.stars()).equals(arrow)
    pd.testing.assert_frame_equal(universe.stars().to_pandas(), arrow.to_pandas())


def test_metres_are_ecliptic(universe):
    stars = universe.stars(columns=("x_m", "y_m", "z_m", "ra", "dec", "distance_pc"))
    place = SkyCoord(
        *(stars[name] * u.m for name in ("x_m", "y_m", "z_m")),
        frame=BarycentricMeanEcliptic(),
        representation_type="cartesian",
    )
    assert place.icrs.separation(stars.to_skycoord()).arcsec.max() < ARCSEC
    with pytest.raises(InputError, match="no column dec, distance_pc: coordinates need ra, dec, distance_pc"):
        universe.stars(columns="ra").to_skycoord()
    with pytest.raises(InputError, match=r"no column parallax \(it has source_id, .*distance_pc\)"):
        universe.stars(columns=("ra", "parallax"))
    with pytest.raises(KeyError, match=r"no column dec \(there are ra\)"):
        universe.stars(columns=["ra"])["dec"]


@pytest.mark.parametrize("cone", [Cone(266.4, -29.0, 1.0), Cone(10.0, 89.7, 1.0), Cone(0.1, 5.0, 2.0, 20.0, 60.0)])
def test_a_cone_has_the_stars_that_astropy_says_and_reads_little_else(opened, sky, cone):
    found = opened.stars(within=cone)
    all_stars = Universe.open(sky).stars()
    coordinates = all_stars.to_skycoord()
    near = coordinates.separation(SkyCoord(cone.ra * u.deg, cone.dec * u.deg)) <= cone.radius_deg * u.deg
    near &= (coordinates.distance.pc >= cone.min_distance_pc) & (coordinates.distance.pc <= cone.max_distance_pc)
    assert near.any()
    np.testing.assert_array_equal(found["source_id"], all_stars["source_id"][near])
    np.testing.assert_array_equal(found["ra"], all_stars["ra"][near])
    assert found.cells_read < len(opened) / 10
    assert 0 < found.bytes_read < all_stars.bytes_read / 5
    assert opened.stars(within=cone).bytes_read == 0, "what was read before is kept"


def test_a_box_has_its_stars_and_reads_little_else(opened, sky):
    stars = Universe.open(sky).stars(columns=("source_id", "x_m", "y_m", "z_m"))
    place = np.stack([stars[name] for name in ("x_m", "y_m", "z_m")], axis=-1) * u.m.to(u.pc)
    middle = place[1234]
    box = Box(tuple(middle - 2), tuple(middle + 2))
    inside = (np.abs(place - middle) <= 2).all(axis=-1)
    found = opened.stars(columns=("source_id", "x_m", "y_m", "z_m"), within=box)
    np.testing.assert_array_equal(found["source_id"], stars["source_id"][inside])
    assert inside.any()
    assert found.bytes_read < stars.bytes_read / 2


def test_cells_narrow_a_question(universe):
    ids = list(universe.cells[[1, 3, 4]])
    wanted = np.concatenate([universe[i].stars()["source_id"] for i in (1, 3, 4)])
    for cells in ([1, 3, 4], ids[::-1], map(str, ids), [1, ids[1], str(ids[2])]):
        found = universe.stars(cells=cells)
        assert found["source_id"].tolist() == wanted.tolist()
        assert found.cells_read == 3
    everywhere = Cone(0, 0, 180)
    assert universe.stars(cells=ids, within=everywhere)["source_id"].tolist() == wanted.tolist()
    assert len(universe.stars(cells=[])) == 0
    nothing = universe.stars(within=Cone(0, 0, 1, 1e9))
    assert (len(nothing), nothing.cells_read) == (0, 0)
    assert nothing["ra"].dtype == np.float64


def test_a_sample_is_uniform_and_comes_again(sky):
    opened = Universe.open(sky)
    rows = opened.columns(("source_id",))["source_id"]
    first, again, other = (opened.sample(20_000, seed)["source_id"] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()
    assert len(np.unique(first)) == 20_000
    place = np.flatnonzero(np.isin(rows, first))
    assert (rows[place] == first).all()
    # 20,000 of 100,000 in ten parts: 2,000 each, with a deviation of sqrt(100,000 * 0.1 * 0.2 * 0.8) = 40.
    assert np.abs(np.bincount(place // 10_000, minlength=10) - 2000).max() < 5 * 40
    assert len(opened.sample(len(rows))) == len(rows)
    with pytest.raises(InputError, match="a sample of 100,001 stars: must be from 0 to 100,000"):
        opened.sample(100_001)


def test_a_universe_reads_well(universe):
    assert repr(universe) == (
        f"<Universe '{universe.path}': 200 stars in {len(universe)} cells of depths "
        f"{universe.cells.depth.min()} to {universe.cells.depth.max()}, 0 trained>"
    )
    views = list(universe)
    assert [view.id for view in views] == list(universe.cells)
    assert sum(map(len, views)) == 200
    view = universe[str(universe.cells[5])]
    assert view == universe[5] == universe[universe.cells[5]] == universe[5 - len(universe)]
    assert str(view.id) in universe
    assert view.id in universe
    assert "0_0_0_0" not in universe
    assert "no cell" not in universe
    cell = universe.cell(5)
    assert (view.radius, view.frame_m[1], len(view)) == (cell.radius, cell.half_extent_m, len(cell.emitters))
    np.testing.assert_array_equal(view.frame_m[0], cell.origin_m)
    np.testing.assert_array_equal(view.emitters.means, cell.emitters.means)
    assert (view.splats, view.trained) == (None, False)
    assert repr(view) == f"<Cell {view.id} of '{universe.path}': {len(view)} stars>"
    with pytest.raises(InputError, match=f"cell of index {len(universe)}: not in"):
        universe[len(universe)]
    with pytest.raises(InputError, match="cell 2_0_2_1: not in"):
        universe["2_0_2_1"]
