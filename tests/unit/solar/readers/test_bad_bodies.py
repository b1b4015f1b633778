"""What is wrong in a file of small bodies is one line with file, row, value and remedy; nothing is lost."""

from pathlib import Path

import pytest

from helios.errors import InputError
from helios.solar.readers.joining import read_bodies

BODIES = Path(__file__).parents[3] / "data" / "bodies"
MPCORB = (BODIES / "mpcorb.dat").read_text()
COMETS = (BODIES / "comets.txt").read_text()
HORIZONS = (BODIES / "halley_elements.txt").read_text()
ROWS = MPCORB[MPCORB.index("00001") :]
CERES = ROWS.splitlines(keepends=True)[0]
HEADER = "name,epoch,a,q,e,i,node,argument,M,Tp,H\n"
TOML = """\
[[body]]
name = "X"
epoch = "2026-06-09"
q = 1.0
e = 1.2
i = 3.0
node = 4.0
argument = 5.0
Tp = "2026-06-10.25"
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROWS.replace("0.2307001", "1.2307001"), r"line 2: eccentricity 1\.2307001: a above 0 au contradicts e >= 1"),
        (ROWS.replace("  2.7655526", " -2.7655526"), r"line 1: eccentricity 0\.0796923: a must be above 0 au"),
        (
            ROWS.replace(" 10.58803", "190.58803"),
            r"line 1: semi-major axis 2\.7655526: inclination i must be from 0 to 180",
        ),
        (
            ROWS.replace("0.2307001", "0.23x7001"),
            r"line 2: eccentricity 0\.23x7001: must be a number; is the line damaged\?",
        ),
        (ROWS.replace("172.88662", "      NaN"), r"line 2: its values are not in the columns of MPCORB .*download"),
        (
            ROWS.replace("172.88662", "         "),
            r"line 2: node blank: must be a number, as the row has other elements",
        ),
        (ROWS.replace("K2669", "K26D9", 1), r"line 1: epoch K26D9: must be a packed date"),
        (ROWS.replace("K2669", "K262U", 1), r"line 1: epoch K262U: must be a packed date"),
        (ROWS.replace("K2669", "     ", 1), r"line 1: epoch blank: must be a packed date"),
        (ROWS.replace("00001 ", "0?001 "), r"line 1: designation 0\?001: is no packed designation"),
        (
            MPCORB[: MPCORB.index("00433") + 60],
            r"line 9: 60 characters, a row of MPCORB has at least 103; the line is cut short",
        ),
        (
            ROWS.replace("10.58803  0.0796923", "10.58803   0.0796923"),
            r"line 1: its values are not in the columns of MPCORB",
        ),
        (
            MPCORB.replace("Peri.      Node ", "Node       Peri."),
            r"header has 'Node' where MPCORB has Peri\. \(column 40\): a file of another year",
        ),
        (CERES.replace("  0.0796923", " 0.07969230") + CERES.replace("00001", " 0001"), r"line 1: .*columns.*"),
        (
            ROWS + CERES.replace("274.41935", "275.41935"),
            r"line 18: 1 again, with other elements than in line 1; keep one",
        ),
        (
            COMETS.replace("0.912227", "0.000000"),
            r"line 1: perihelion distance 0\.000000: perihelion distance q must be above 0",
        ),
        (
            COMETS.replace("1997 03 30.4304", "1997 13 30.4304"),
            r"line 1: time of perihelion 1997 13 30\.4304: must be a date",
        ),
        (COMETS.replace("20260103", "20260230", 1), r"line 1: epoch 20260230: must be a date of the calendar"),
        (COMETS.replace("1P/Halley", "Halley   "), r"line 7: name Halley: must be a comet's designation"),
        (COMETS[: COMETS.index("0.625803")], r"line 2: 41 characters, a row of CometEls\.txt has at least 104"),
        (
            COMETS.replace("  0.", " 0. ").replace("  1.", " 1. ").replace("  4.", " 4. "),
            r"columns are not those of CometEls\.txt, as in files of another year",
        ),
        (HEADER + "X,2026-06-09,2,,1.5,3,4,5,6,,\n", r"line 2: a 2, e 1\.5, i 3: a above 0 au contradicts e >= 1"),
        (
            HEADER + "X,2026-06-09,,-1,0.5,3,4,5,6,,\n",
            r"line 2: q -1, e 0\.5, i 3: perihelion distance q must be above 0 au",
        ),
        (HEADER + "X,2026-06-09,,1,nan,3,4,5,6,,\n", r"line 2: e nan: must be a finite number"),
        (HEADER + "X,,,1,0.1,3,4,5,6,,\n", r"line 2: no epoch: a body must have it"),
        (
            HEADER + "X,60000.5,,1,0.1,3,4,5,6,,\n",
            r"line 2: epoch 60000\.5: must be a date, such as 2026-06-09 or the Julian",
        ),
        (HEADER + "X,2026-02-30,,1,0.1,3,4,5,6,,\n", r"line 2: epoch 2026-02-30: must be a date"),
        (HEADER + "X,2026-06-09,2,1,0.1,3,4,5,6,,\n", r"line 2: both of q and a: give one of them"),
        (HEADER + "X,2026-06-09,,1,0.1,3,4,5,,,\n", r"line 2: none of M and Tp: give one of them"),
        (HEADER + "X,2026-06-09,,1,1,3,4,5,6,,\n", r"line 2: .*a parabola, of e = 1, has no mean anomaly; give Tp"),
        (HEADER + "X,2026-06-09,,1,0.1\n", r"line 2: 5 values, must be 11"),
        (HEADER.replace("argument", "argumnt") + "X\n", r"line 1: unknown column 'argumnt'; is argument meant\?"),
        (TOML.replace("q = 1.0", "q = 0.0"), r"line 1: q 0\.0, e 1\.2, i 3\.0: perihelion distance q must be above 0"),
        (TOML.replace("q = 1.0", "q = "), r"is no TOML \(Invalid value .*line 4"),
        (
            HORIZONS.replace("Sun (10)", "Earth (399)"),
            r"centre Earth \(399\), must be the Sun \(10\) or the Solar System Bary",
        ),
        (
            HORIZONS.replace("Ecliptic of J2000.0", "FK4/B1950.0"),
            r"frame FK4/B1950\.0, must be ICRF or the Ecliptic of J2000\.0",
        ),
        (HORIZONS.replace("AU-D, deg", "furlongs"), r"units FURLONGS.*, must be AU-D, KM-S or KM-D"),
        (HORIZONS.replace("TDB \n EC", "UT \n EC").replace("TDB \n", "UT \n"), r"line 27: .*dates must be TDB"),
        (HORIZONS[: HORIZONS.index("$$EOE")], r"has no \$\$EOE, where a table ends; it is cut short"),
        (HORIZONS.replace("QR=", "QX="), r"line 27: no QR in the state: it must have QR, EC, IN"),
        (HORIZONS.replace("QR= 5.8", "QR=-5.8"), r"line 27: .*QR -0\.58.*: perihelion distance q must be above 0 au"),
        (MPCORB[: MPCORB.index("00001")], r"^file: has no rows$"),
        (
            MPCORB[: MPCORB.index("00001")] + ROWS.splitlines()[6],
            r"no small body in 1 rows \(a planet, .*first: file line 6",
        ),
    ],
)
def test_it_is_named(tmp_path, text, message):
    (tmp_path / "file").write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_bodies([tmp_path / "file"])
    assert "file" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_row_that_stands_twice_is_counted(tmp_path):
    (tmp_path / "twice.dat").write_text(ROWS + CERES)
    bodies = read_bodies([tmp_path / "twice.dat"])
    assert bodies.counts.rejections["the same row again"].first == "twice.dat line 18, 1"
    assert bodies.counts.rows_read == len(bodies.orbits) + bodies.counts.rejected == 16


def test_open_orbits_from_the_hand_are_data(tmp_path):
    (tmp_path / "open.toml").write_text(TOML)
    orbits = read_bodies([tmp_path / "open.toml"]).orbits
    assert orbits.eccentricity[0] == 1.2
    assert orbits.perihelion_days[0] == 1.25
    (tmp_path / "open.csv").write_text(HEADER + "X,2026-06-09,-2,,1.5,3,4,5,6,,\n")
    orbits = read_bodies([tmp_path / "open.csv"]).orbits
    assert orbits.perihelion_au[0] == 1.0
    assert orbits.perihelion_days[0] == pytest.approx(-6 / (0.9856076686 / 2**1.5), rel=1e-9)
