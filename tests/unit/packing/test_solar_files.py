"""The solar system in a universe, its pack and its site: copied, checked, and cut to what a viewer can show."""

import gzip
import json

import numpy as np
import pytest

import helios
from helios.catalogs_path import embedded
from helios.packing.solar import SOLAR_FILES, brightest
from helios.solar.bodies_file import bodies_of
from helios.universe.paths import bodies_path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("solar")
    universe = helios.build(output=folder / "universe", synthetic=200)
    helios.pack(universe)
    helios.write_site(universe, folder / "site")
    return folder


def test_pack_and_site_have_the_bodies_of_the_universe(made):
    orbits = bodies_of(bodies_path(made / "universe").read_bytes(), bodies_path(made / "universe"))
    manifest = json.loads((made / "site/site.json").read_text())
    assert [manifest[what] for what in ("ephemeris", "moons", "bodies")] == [f"universe/{n}" for n in SOLAR_FILES]
    for folder in (made / "universe/pack", made / "site/universe"):
        said = json.loads(gzip.decompress((folder / "bodies.json.gz").read_bytes()))
        assert said["orbits"]["designation"] == orbits.designation.tolist()
        assert (folder / "ephemeris.bin.gz").read_bytes() == embedded("ephemeris.bin.gz").read_bytes()
        assert gzip.decompress((folder / "moons.json.gz").read_bytes()) == embedded("moons.json").read_bytes()


def test_a_universe_without_a_solar_system_gives_none(tmp_path):
    universe = helios.build(output=tmp_path / "universe", synthetic=50, solar_system="none")
    helios.pack(universe)
    site = helios.write_site(universe, tmp_path / "site").path
    assert not bodies_path(tmp_path / "universe").exists()
    assert not {path.name for path in (site / "universe").iterdir()} & set(SOLAR_FILES)
    assert "ephemeris" not in json.loads((site / "site.json").read_text())
    assert helios.validate(tmp_path / "universe").sound


def test_bodies_that_are_not_those_written_are_found(made, tmp_path):
    universe = helios.build(output=tmp_path / "universe", synthetic=50)
    helios.pack(universe)
    packed = tmp_path / "universe/pack/bodies.json.gz"
    packed.write_bytes(packed.read_bytes()[:-1] + b"\1")
    found = helios.validate(tmp_path / "universe").findings
    assert found.counts == {"pack": 1}
    path = bodies_path(tmp_path / "universe")
    path.write_bytes(bodies_path(made / "universe").read_bytes()[:-1] + b"\0")
    assert "bodies" in helios.validate(tmp_path / "universe").findings.counts
    path.unlink()
    assert "bodies" in helios.validate(tmp_path / "universe").findings.counts


def test_of_too_many_the_brightest_stay_and_all_that_are_no_asteroids(made):
    orbits = bodies_of(bodies_path(made / "universe").read_bytes(), bodies_path(made / "universe"))
    kept = brightest(orbits, 100)
    others = orbits.kind != "asteroid"
    assert len(kept) == 100
    assert set(orbits.designation[others]) <= set(kept.designation)
    asteroids = np.sort(orbits.h_mag[~others])[: 100 - others.sum()]
    assert np.array_equal(np.sort(kept.h_mag[kept.kind == "asteroid"]), asteroids)
    places = [orbits.designation.tolist().index(name) for name in kept.designation]
    assert places == sorted(places)
    assert brightest(orbits, 1000) is orbits
