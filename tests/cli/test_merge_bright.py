"""`helios build --merge-bright`: from the Sun every star brighter than magnitude 4 is there, and once.

Gaia's side is 449 real rows, or 2,000 and 100,000 where ../shared/data is at hand. What is compared with is not the
list that is merged but Hipparcos: its 515 stars of V < 4, moved to Gaia's epoch by astropy.
"""

import json
from pathlib import Path

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, CartesianRepresentation, SkyCoord
from astropy.time import Time
from click.testing import CliRunner

from helios.cli import main
from helios.universe import Universe

REPOSITORY = Path(__file__).parents[2]
DATA, SHARED = REPOSITORY / "tests" / "data", REPOSITORY.parent / "shared" / "data" / "stars"
GAIA = DATA / "gaia_bright_449.csv.gz"

NAMED = {"Sirius": 32349, "alpha Cen A": 71683, "alpha Cen B": 71681, "Vega": 91262, "Arcturus": 69673}

DOUBLES = {
    "alpha Cru": 60718,
    "alpha Cen B": 71681,
    "gamma Vir": 61941,
    "zeta Aqr": 110960,
    "zeta Boo": 71795,
    "k Pup": 37229,
    "alpha Psc": 9487,
    "gamma Ari": 8832,
    "pi Lup": 73807,
}
"""Pairs closer than 10 arcsec whose fainter star is within a magnitude of what Hipparcos has: two stars, not one twice.
All are visual doubles, and the two components of each are at most 1.4 mag apart."""

RESOLVED = {"beta Mus": 62322}
"""A pair of 1 arcsec that Gaia sees as two, and the list as one."""


def build(output: Path, *arguments: str) -> Universe:
    command = ["build", *arguments, "--merge-bright", "-o", str(output)]
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    print(result.output)
    return Universe.open(output)


def sky(universe: Universe):
    """Directions [N, 3] from the Sun, ICRS, and magnitudes and identifiers of the stars in the store."""
    columns = universe.columns(("x_m", "y_m", "z_m", "phot_g_mean_mag", "source_id"))
    place = CartesianRepresentation(columns["x_m"], columns["y_m"], columns["z_m"], unit=u.m)
    icrs = SkyCoord(place, frame=BarycentricMeanEcliptic()).icrs.cartesian
    return (icrs / icrs.norm()).xyz.value.T, columns["phot_g_mean_mag"], columns["source_id"]


@pytest.fixture(scope="module")
def hipparcos():
    return pd.read_csv(DATA / "hip_v4.csv").set_index("hip")


def directions(hipparcos, epoch: float):
    """Unit vectors [515, 3] of the stars at a Julian year."""
    place = SkyCoord(
        hipparcos.ra.to_numpy() * u.deg,
        hipparcos.dec.to_numpy() * u.deg,
        distance=1000.0 / hipparcos.parallax.clip(lower=1.0).to_numpy() * u.pc,
        pm_ra_cosdec=hipparcos.pmra.to_numpy() * u.mas / u.yr,
        pm_dec=hipparcos.pmdec.to_numpy() * u.mas / u.yr,
        obstime=Time(1991.25, format="jyear", scale="tdb"),
    ).apply_space_motion(Time(epoch, format="jyear", scale="tdb"))
    return place.cartesian.xyz.to_value(u.pc).T / place.distance.to_value(u.pc)[:, None]


def check_each_is_there_once(universe: Universe, hipparcos, epoch: float, doubles: set[int]) -> None:
    seen, g_mag, _ = sky(universe)
    expected, v_mag = directions(hipparcos, epoch), hipparcos.v_mag.to_numpy()
    assert len(expected) == 515
    for hip, direction, limit in zip(hipparcos.index, expected, v_mag + 1.0):
        arcsec = np.rad2deg(np.linalg.norm(seen - direction, axis=-1)) * 3600.0
        near = (arcsec < 10.0) & (g_mag < limit)
        # In a pair Hipparcos has the light of both at one of the two or between.
        assert arcsec[near].min() < 1.5, hip
        assert near.sum() == (2 if hip in doubles else 1), hip
    assert set(NAMED.values()) <= set(hipparcos.index[v_mag < 4.0])


def test_every_star_brighter_than_4_is_there_once(tmp_path, hipparcos):
    universe = build(tmp_path / "u", "--stars", str(GAIA))
    check_each_is_there_once(universe, hipparcos, 2016.0, {*DOUBLES.values(), *RESOLVED.values()})
    seen, g_mag, source_id = sky(universe)
    # The other way about: whatever is so bright in Gaia's band is no star twice.
    bright = np.flatnonzero(g_mag < 4.0)
    apart = np.rad2deg(np.arccos(np.clip(seen[bright] @ seen[bright].T, -1.0, 1.0))) * 3600.0
    pairs = np.argwhere(np.triu(apart < 10.0, k=1))
    assert len(pairs) == 9
    # Castor and gamma Leonis have fainter companions than DOUBLES asks for.
    known = directions(hipparcos, 2016.0)[hipparcos.index.isin([*DOUBLES.values(), *RESOLVED.values(), 36850, 50583])]
    for one, _ in pairs:
        assert np.linalg.norm(known - seen[bright[one]], axis=-1).min() < np.deg2rad(10.0 / 3600.0)
    # Gaia has none of these four, so they are the list's, by their HR numbers.
    assert {-2491, -5459, -5460, -7001} <= set(source_id.tolist())


def test_at_another_epoch_both_kinds_of_stars_are_moved(tmp_path, hipparcos):
    universe = build(tmp_path / "u", "--stars", str(GAIA), "--epoch", "J2000")
    # alpha Centauri was 15 arcsec wide then.
    doubles = {*DOUBLES.values(), *RESOLVED.values()} - {DOUBLES["alpha Cen B"]}
    check_each_is_there_once(universe, hipparcos, 2000.0, doubles)
    assert universe.provenance["without_proper_motion"] == 0


@pytest.mark.parametrize(
    ("survey", "resolved"), [("gaia_poc.csv", RESOLVED), ("gaia_dr3_g15_100k.csv.gz", {})], ids=["2,000", "100,000"]
)
def test_of_larger_surveys_too(tmp_path, hipparcos, survey, resolved):
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data with larger surveys")
    universe = build(tmp_path / "u", "--stars", str(SHARED / survey))
    check_each_is_there_once(universe, hipparcos, 2016.0, {*DOUBLES.values(), *resolved.values()})


def test_with_hipparcos_as_the_survey(tmp_path, hipparcos):
    # Another epoch, another band, identifiers that the list knows, and pairs as one row.
    text = (DATA / "hip_v4.csv").read_text().replace("hip,v_mag", "source_id,phot_g_mean_mag", 1)
    (tmp_path / "hip.csv").write_text(text)
    (tmp_path / "hip.toml").write_text('name = "hip"\nref_epoch = 1991.25\n')
    schema = ("--schema", str(tmp_path / "hip.toml"))
    universe = build(tmp_path / "u", "--stars", str(tmp_path / "hip.csv"), *schema, "--epoch", "J2016")
    check_each_is_there_once(universe, hipparcos, 2016.0, set(DOUBLES.values()))
    # One has a negative parallax, and is the list's.
    assert universe.provenance["merged"]["rows"] == 514


def test_rows_are_counted_printed_and_valid(tmp_path):
    run = CliRunner().invoke(main, ["build", "--stars", str(GAIA), "--merge-bright", "-o", str(tmp_path / "u")])
    assert run.exit_code == 0, run.output
    for line in (
        "read      9,541 rows (gaia_bright_449.csv.gz, bright_stars.csv.gz)",
        "            parallax missing: 2 (first: bright_stars.csv.gz line 4201)",
        "merged    448 rows that are bright stars of the embedded list",
        "            measured well, as the catalogues have them: 448",
        "added     8,642 bright stars that the catalogues lack",
        "stars     9,091",
    ):
        assert line in run.output.splitlines()
    provenance = Universe.open(tmp_path / "u").provenance
    assert provenance["merged"] == {
        "rows": 448,
        "as_surveyed": 448,
        "replaced": 0,
        "repeated": 0,
        "added": 8642,
    }
    assert provenance["options"]["merge_bright"] is True
    assert [source["schema"]["name"] for source in provenance["inputs"]] == ["gaia_dr3", "bright_stars"]
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "u")])
    assert checked.exit_code == 0, checked.output
    told = CliRunner().invoke(main, ["info", str(tmp_path / "u")])
    assert (
        "448 rows with the embedded bright stars (as surveyed 448, replaced 0, repeated 0, added 8,642)" in told.output
    )


def test_landmarks_of_a_merged_universe_have_names(tmp_path):
    build(tmp_path / "u", "--stars", str(GAIA))
    command = ["generate-landmarks", "--universe", str(tmp_path / "u"), "--method", "brightness", "--count", "2"]
    assert CliRunner().invoke(main, [*command, "-o", str(tmp_path / "l.json")]).exit_code == 0
    made = json.loads((tmp_path / "l.json").read_text())
    assert [(place["id"], place["name"]) for place in made] == [("star-hr-2491", "Sirius"), ("star-hr-2326", "Canopus")]


def test_validate_misses_a_row_that_merging_lost(tmp_path):
    from helios.universe.findings import Findings
    from helios.universe.validate import _check_provenance

    universe = build(tmp_path / "u", "--stars", str(GAIA), "--max-mag", "3")
    stars = int(universe.offsets[-1])
    for rows, wrong in ((0, 0), (-1, 1)):
        provenance = json.loads(json.dumps(universe.provenance))
        provenance["merged"]["rows"] += rows
        findings = Findings(5)
        _check_provenance(provenance, stars, findings)
        assert sum(findings.counts.values()) == wrong


def write_survey(path: Path, *rows: str) -> str:
    header = "source_id,ra,dec,parallax,parallax_error,phot_g_mean_mag,bp_rp,ruwe,r_med\n"
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return str(path)


VEGA = "5000000000,279.235583,38.784965,{},{},{},0.0,1.0,7.6"
"""Vega as it stands at J2016: J2000 279.2347347, 38.7836889 and 0.2010, 0.2863 arcsec a year (SIMBAD)."""


def stored(universe: Universe, source_id: int) -> dict[str, float] | None:
    columns = universe.columns(universe.emitter_columns)
    (rows,) = np.nonzero(columns["source_id"] == source_id)
    return {name: float(column[rows[0]]) for name, column in columns.items() if column.ndim == 1} if len(rows) else None


@pytest.mark.parametrize(
    ("row", "merged", "replaced"),
    [
        (VEGA.format(130.2, 0.3, 0.1), 1, 0),  # measured well
        (VEGA.format(130.2, 40, 0.1), 1, 1),  # a parallax of no worth
        (VEGA.format(130.2, 0.3, 2.6), 1, 1),  # far too faint
        (VEGA.format("", "", 0.1), 0, 0),  # two parameters only: rejected, so that the list's is added
    ],
)
def test_what_is_mismeasured_is_taken_from_the_list(tmp_path, row, merged, replaced):
    survey = write_survey(tmp_path / "s.csv", row, "6000000000,10,20,5,0.1,9,0.5,1.0,200")
    universe = build(tmp_path / "u", "--stars", survey)
    kept = merged and not replaced
    assert (stored(universe, 5_000_000_000) is not None) == bool(kept)
    assert (stored(universe, -7001) is None) == bool(kept)
    assert stored(universe, 6_000_000_000) is not None
    counts = universe.provenance["merged"]
    assert (counts["rows"], counts["replaced"]) == (merged, replaced)


@pytest.mark.parametrize(
    "options",
    [
        ("--distance", "edsd"),
        ("--distance", "r_med"),
        ("--min-parallax-over-error", "20", "--max-ruwe", "1.4"),
        ("--limit", "100"),
        ("--max-mag", "2.5"),
    ],
    ids=lambda options: options[0],
)
def test_other_options_leave_sirius_where_it_is(tmp_path, options):
    survey = write_survey(tmp_path / "s.csv", VEGA.format(130.2, 0.3, 0.1), "6000000000,10,20,5,0.1,2.2,0.5,1.0,200")
    universe = build(tmp_path / "u", "--stars", survey, *options)
    sirius, vega = stored(universe, -2491), stored(universe, 5_000_000_000)
    assert np.linalg.norm([sirius[axis] for axis in ("x_m", "y_m", "z_m")]) / 3.0857e16 == pytest.approx(
        2.637, rel=1e-3
    )
    assert stored(universe, -7001) is None
    assert stored(universe, 6_000_000_000) is not None
    if options[1] == "edsd":
        # The list gives no errors, so that nothing is known of how uncertain its distances are.
        assert np.isnan([sirius["distance_lower_pc"], sirius["distance_upper_pc"]]).all()
        assert vega["distance_lower_pc"] < vega["distance_upper_pc"]
    checked = CliRunner().invoke(main, ["validate", str(tmp_path / "u")])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--synthetic", "5"], "--merge-bright needs --stars"),
        ([], "--merge-bright needs --stars"),
        (["--stars", str(GAIA), "--schema", "s.toml"], "--merge-bright: the schema s has no ref_epoch to compare at"),
    ],
)
def test_what_cannot_be_merged_is_refused(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text('name = "s"\nref_epoch = "unknown"\n')
    result = CliRunner().invoke(main, ["build", *arguments, "--merge-bright"])
    assert result.exit_code != 0
    assert message in result.output
    assert not (tmp_path / "universe").exists()
