"""The bodies of a universe: from several files each once, at one epoch, in a file that shows damage."""

import io
import json
import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.time import Time

from helios.building.config import BuildConfig
from helios.errors import InputError, StoreError
from helios.solar.bodies_file import bodies_bytes, bodies_json, bodies_of
from helios.solar.orbits import Orbits
from helios.solar.system import epoch_jyear, small_bodies
from helios.solar.twobody import heliocentric_au

PATH = Path("bodies.parquet")
CERES = "designation,name,epoch,q,e,i,node,argument,Tp,H\n1,My Ceres,2026-06-09,2.5,0.1,10,80,73,2027-01-01,3\n"


@pytest.fixture(scope="module")
def shipped():
    return small_bodies(["default"])


def same(one: Orbits, other: Orbits) -> bool:
    pairs = ((getattr(one, field.name), getattr(other, field.name)) for field in fields(Orbits))
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def test_bodies_that_ship_are_at_one_epoch_with_the_spacecraft(shipped):
    kinds = dict(zip(*np.unique(shipped.orbits.kind, return_counts=True)))
    assert kinds == {"asteroid": 107, "comet": 34, "dwarf planet": 8, "interstellar": 3, "spacecraft": 6}
    assert len(set(shipped.orbits.epoch_jd_tdb)) == 1
    said = shipped.provenance()
    assert (said["kept"], said["rows_read"], said["rejected"]) == (158, 152, {})
    assert said["epoch_jd_tdb"] == Time("2026-09-22", scale="tdb").jd
    assert [file["file"] for file in said["inputs"]] == ["small_bodies.csv"]


def test_an_epoch_is_a_julian_year_and_bodies_are_where_the_pull_of_planets_has_moved_them(shipped):
    later = small_bodies(["default"], 2027.5)
    assert later.orbits.epoch_jd_tdb[0] == pytest.approx(Time(2027.5, format="jyear", scale="tdb").jd, abs=1e-8)
    assert epoch_jyear(later.orbits) == pytest.approx(2027.5, abs=1e-10)
    ceres = [bodies.orbits[bodies.orbits.designation == "1"] for bodies in (shipped, later)]
    there = [heliocentric_au(each, later.orbits.epoch_jd_tdb[:1])[0] for each in ceres]
    assert 1e-6 < np.linalg.norm(there[0] - there[1]) < 1e-2  # what two-body motion misses in nine months


def test_of_two_files_the_first_holds(tmp_path, shipped):
    (tmp_path / "mine.csv").write_text(CERES)
    both = small_bodies([str(tmp_path / "mine.csv"), "default"])
    assert len(both.orbits) == len(shipped.orbits)
    assert both.orbits.name[both.orbits.designation == "1"].tolist() == ["My Ceres"]
    assert both.counts.by_reason() == {"in a file that is named before": 1}
    alone = small_bodies([str(tmp_path / "mine.csv")])
    assert alone.orbits.name.tolist() == ["My Ceres"]


def test_there_is_a_solar_system_or_there_is_none():
    assert small_bodies(["none"]) is None
    assert BuildConfig(solar_system="none").bodies() is None
    with pytest.raises(InputError, match="--solar-system none with default"):
        BuildConfig(solar_system=("none", "default"))


def test_bodies_that_nobody_asked_for_keep_their_epoch_where_the_ephemeris_ends(shipped, tmp_path):
    assert same(BuildConfig(epoch="J-3000").bodies().orbits, shipped.orbits)
    (tmp_path / "mine.csv").write_text(CERES)
    with pytest.raises(InputError, match=r"outside the ephemeris .* --ephemeris FILE.bsp"):
        BuildConfig(epoch="J-3000", solar_system=(str(tmp_path / "mine.csv"),)).bodies()


def test_the_file_of_bodies_is_read_as_written(shipped):
    content = bodies_bytes(shipped.orbits)
    assert same(bodies_of(content, PATH), shipped.orbits)
    assert bodies_bytes(shipped.orbits) == content
    assert pq.read_table(io.BytesIO(content)).column("name").to_pylist()[0] == "Ceres"


def test_damage_to_the_file_of_bodies_is_told(shipped):
    orbits = shipped.orbits[:4]
    content = bodies_bytes(orbits)
    with pytest.raises(StoreError, match=r"bodies.parquet: damaged \("):
        bodies_of(content[:-9], PATH)
    table = pq.read_table(io.BytesIO(content)).drop_columns(["kind"])
    out = io.BytesIO()
    pq.write_table(pa.table(table), out)
    with pytest.raises(StoreError, match="kind"):
        bodies_of(out.getvalue(), PATH)
    worse = {
        "is not a number in row 2": replace(orbits, node_deg=np.array([1.0, 2.0, np.nan, 3.0])),
        "twice": replace(orbits, designation=np.array(["1", "2", "3", "1"])),
        "several epochs": replace(orbits, epoch_jd_tdb=orbits.epoch_jd_tdb + np.arange(4)),
    }
    for what, bad in worse.items():
        with pytest.raises(StoreError, match=what):
            bodies_of(bodies_bytes(bad), PATH)


def test_a_viewer_gets_columns_with_null_for_what_is_unknown(shipped):
    orbits = replace(shipped.orbits[:3], h_mag=np.array([3.3, np.nan, 5.2]))
    said = json.loads(json.dumps(bodies_json(orbits), allow_nan=False))
    assert (said["format"], said["version"], said["epoch_jd_tdb"]) == ("helios-bodies", 1, orbits.epoch_jd_tdb[0])
    columns = said["orbits"]
    assert set(columns) == {field.name for field in fields(Orbits)} - {"epoch_jd_tdb"}
    assert columns["h_mag"] == [3.3, None, 5.2]
    assert columns["perihelion_au"] == orbits.perihelion_au.tolist()
    assert not any(math.isnan(value) for value in columns["perihelion_days"])
