"""Makes moons.json: how thirty moons move about their planets, as series that a dozen lines sum.

    python -m catalogs.make_moons [-o FILE]

in the root of the repository, with the package `astronomy-engine`, whose terms of the theory L1.2 (Lainey, Duriez &
Vienne 2006, A&A 456, 783) move the Galilean moons. The others are precessing ellipses, each of one term a series: JPL's
mean elements (https://ssd.jpl.nasa.gov/sats/elem, tables of 2013). `catalogs/SOURCES.md` says what is known of errors.
"""

from __future__ import annotations

import argparse
import json
import math
from importlib import metadata
from pathlib import Path
from typing import Any

from astronomy import astronomy

AU_KM = 149_597_870.7
J1950, J1980, J1997, J2000 = 2_433_282.5, 2_444_239.5, 2_450_464.5, 2_451_545.0
DAYS_OF_CENTURY, DAYS_OF_YEAR = 36_525.0, 365.25

RADII_KM = {"Io": 1821.6, "Europa": 1560.8, "Ganymede": 2631.2, "Callisto": 2410.3}
GALILEAN_ERROR_DEG = 0.05
MASS_SHARES = {
    **{"Io": 4.705e-5, "Europa": 2.528e-5, "Ganymede": 7.805e-5, "Callisto": 5.667e-5},
    **{"Titan": 2.366e-4, "Triton": 2.089e-4, "Charon": 0.10877},
}
"""A moon's mass by that of its planet with all its moons: JPL's GM, of what moves a planet by 20 km and more."""

ELLIPSES = """
name planet epoch radius a_km e omega mean_anomaly i node longitude_rate omega_years node_years ra dec error
Phobos Mars 1950 11.1 9376 0.0151 150.057 91.059 1.075 207.784 1128.8447569 1.1316 2.2617 317.671 52.893 2
Deimos Mars 1950 6.2 23458 0.0002 260.729 325.329 1.788 24.525 285.161879 27.3703 54.5367 316.657 53.529 2
Metis Jupiter 1997 21.5 128000 0.0012 297.177 276.047 0.019 146.912 1221.2545982 0.057 0.115 268.057 64.496 10
Adrastea Jupiter 1997 8.2 129000 0.0018 328.047 135.673 0.054 228.378 1206.9988064 0.058 0.116 268.057 64.496 10
Amalthea Jupiter 1997 83.5 181400 0.0032 155.873 185.194 0.380 108.946 722.6317143 0.196 0.393 268.057 64.495 10
Thebe Jupiter 1997 49.3 221900 0.0176 234.269 135.956 1.080 235.694 533.7002568 0.398 0.797 268.057 64.495 10
Mimas Saturn 2000 198.2 185539 0.0196 332.499 14.848 1.574 173.027 381.9944948 0.493 0.986 40.589 83.536 6
Enceladus Saturn 2000 252.1 238042 0.0000 0.076 199.686 0.003 342.507 262.7318978 1.184 2.360 40.586 83.536 5
Tethys Saturn 2000 533.0 294672 0.0001 45.202 243.367 1.091 259.842 190.6979109 2.490 4.982 40.578 83.537 5
Dione Saturn 2000 561.7 377415 0.0022 284.315 322.232 0.028 290.415 131.5349307 5.852 11.709 40.544 83.540 2
Rhea Saturn 2000 764.3 527068 0.0002 241.619 179.781 0.333 351.042 79.6900459 17.939 35.832 40.328 83.559 3
Titan Saturn 2000 2574.7 1221865 0.0288 180.532 163.310 0.306 28.060 22.5769756 352.12 704.60 36.214 83.949 0.1
Hyperion Saturn 2000 135.0 1500933 0.1230 303.178 86.342 0.615 263.847 16.9199503 127.99 154.66 36.372 83.862 33
Iapetus Saturn 2000 735.6 3561700 0.028 254.5 219.835 7.6 86.5 4.5379485 1662.9 3130.302 288.7 78.9 3
Phoebe Saturn 2000 106.5 12947918 0.1634 342.500 53.038 175.243 241.086 0.6541856 460.92 -723.17 275.954 67.455 11
Miranda Uranus 1980 235.8 129900 0.0013 68.312 131.330 4.338 326.438 254.6906576 8.913 17.727 77.311 15.175 2
Ariel Uranus 1980 578.9 190900 0.0012 115.349 219.481 0.041 22.394 142.8356579 28.788 57.248 77.311 15.175 2
Umbriel Uranus 1980 584.7 266000 0.0039 84.709 192.469 0.128 33.485 86.8688879 63.146 126.951 77.311 15.175 2
Titania Uranus 1980 788.9 436300 0.0011 284.400 204.614 0.079 99.771 41.3514246 161.525 195.369 77.311 15.175 1
Oberon Uranus 1980 761.4 583500 0.0014 104.400 103.088 0.068 279.771 26.7394888 161.52 195.37 77.311 15.175 1
Puck Uranus 2000 81 86004 0 0 268.76 0 0 472.545069 0 0 77.31 15.18 10
Larissa Neptune 2000 97 73548 0 0 359.41 0 0 649.053447 0 0 299.36 43.41 10
Proteus Neptune 2000 210 117646 0.0005 67.968 250.938 0.075 315.131 320.7656245 6.380 12.727 299.406 42.432 5
Triton Neptune 2000 1353.4 354759 0.0000 66.142 352.257 156.865 177.608 61.2572638 386.371 -687.446 299.456 43.414 0.2
Nereid Neptune 2000 170.0 5513818 0.7507 281.117 216.692 7.090 335.570 0.9996276 8091.45 9455.73 269.302 69.117 8
Charon Pluto 2000 603.6 19591 0.0002 146.106 131.070 0.080 26.928 56.362521 10178.04 9020.398 132.993 -6.163 0.5
"""
"""JPL's, by name: year of the epoch, km, degrees, degrees a day, years. A node goes backwards unless its period is
negative. Puck and Larissa have circles in the plane of their planet, and face it as the IAU's working group on
cartographic coordinates says (Archinal et al. 2018, Celest. Mech. 130, 22). Iapetus is JPL's SAT441 with the phase that
Horizons has at J2000, as the mean elements of 2013 are 9 degrees from that; Phoebe's rate is that of its period, 550.3
days; Proteus is Jacobson & Owen's (2004, AJ 128, 1412)."""

EPOCHS = {"1950": J1950, "1980": J1980, "1997": J1997, "2000": J2000}
LIBRATIONS = {"Mimas": (-44.85, 316.45, 506.2), "Tethys": (2.23, 316.45, 506.2)}
"""What their resonance adds to longitudes, A sin(B + C T): degrees, degrees a century from J2000. Archinal et al."""
ACCELERATIONS = {"Phobos": 12.72192797}
"""Degrees a century squared that tides add to a longitude, from J2000. Archinal et al. 2018."""


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "moons.json")
    options = parser.parse_args()
    licence = metadata.distribution("astronomy-engine").read_text("LICENSE") or ""
    content = {
        "version": 1,
        "source": "JPL planetary satellite mean elements; IAU WGCCRE 2015; "
        "Galilean moons: theory L1.2 of Lainey, Duriez & Vienne, as astronomy-engine 2.1.19 has it",
        "licence": f"Terms of the Galilean moons: {' '.join(licence.split())}",
        "moons": ellipses() + galilean(),
    }
    rows = [json.dumps(row, separators=(",", ":")) for row in content.pop("moons")]
    head = json.dumps(content, indent=1).removesuffix("\n}")
    options.output.write_text(f'{head},\n "moons": [\n' + ",\n".join(rows) + "\n]}\n", encoding="utf-8")
    print(f"{len(rows)} moons")


def ellipses() -> list[dict[str, Any]]:
    """The moons of the table."""
    names, *lines = (line.split() for line in ELLIPSES.strip().splitlines())
    return [ellipse(dict(zip(names, line))) for line in lines]


def ellipse(row: dict[str, str]) -> dict[str, Any]:
    """A precessing ellipse: a longitude that grows evenly, and a perihelion and a node that go round."""
    value = {key: float(text) for key, text in row.items() if key not in ("name", "planet")}
    epoch, i = EPOCHS[row["epoch"]], math.radians(value["i"])
    node_rate = -turn_a_day(value["node_years"])
    omega_rate = turn_a_day(value["omega_years"])
    node, omega, anomaly = (math.radians(value[key]) for key in ("node", "omega", "mean_anomaly"))
    longitude_rate = math.radians(value["longitude_rate"])
    if i > math.pi / 2:  # a retrograde moon's longitude is counted backwards along the plane of reference
        longitude_rate += 2 * node_rate
    since = (epoch - J2000) / DAYS_OF_CENTURY
    longitude = [node + omega + anomaly, longitude_rate]
    if row["name"] in ACCELERATIONS:  # of which the table is the tangent at J2000
        quadratic = math.radians(ACCELERATIONS[row["name"]])
        longitude[0] += quadratic * since**2
        longitude[1] += 2 * quadratic * since / DAYS_OF_CENTURY
        longitude.append(quadratic / DAYS_OF_CENTURY**2)
    terms = []
    if row["name"] in LIBRATIONS:
        amplitude, phase, rate = (math.radians(number) for number in LIBRATIONS[row["name"]])
        terms = [[amplitude, phase + rate * since, rate / DAYS_OF_CENTURY]]
    return moon(
        row["name"],
        row["planet"],
        value["radius"],
        value["error"],
        epoch,
        [value["ra"], value["dec"]],
        longitude=longitude,
        a=[[value["a_km"] / AU_KM, 0, 0]],
        l=terms,
        z=[[value["e"], node + omega, node_rate + omega_rate]],
        zeta=[[math.sin(i / 2), node, node_rate]],
    )


def turn_a_day(years: float) -> float:
    """The rate of one turn in so many years, radians a day; 0 for none."""
    return 2 * math.pi / (years * DAYS_OF_YEAR) if years else 0.0


def galilean() -> list[dict[str, Any]]:
    """The four great moons of Jupiter, from the terms and the axes of astronomy-engine."""
    pole = astronomy._Rotation_JUP_EQJ.rot[2]
    direction = [math.degrees(math.atan2(pole[1], pole[0])) % 360, math.degrees(math.asin(pole[2]))]
    return [
        moon(
            name,
            "Jupiter",
            radius,
            GALILEAN_ERROR_DEG,
            J1950,
            direction,
            longitude=[model.al0, model.al1],
            **{key: [list(term) for term in getattr(model, key).series] for key in ("a", "l", "z", "zeta")},
        )
        for (name, radius), model in zip(RADII_KM.items(), astronomy._JupiterMoonModel)
    ]


def moon(
    name: str, planet: str, radius_km: float, error_deg: float, epoch: float, pole_deg: list[float], **series: Any
) -> dict[str, Any]:
    """An entry of the file."""
    return {
        "name": name,
        "planet": planet,
        "radius_km": radius_km,
        "mass_share": MASS_SHARES.get(name, 0.0),
        "error_deg": error_deg,
        "epoch_jd_tdb": epoch,
        "pole_deg": pole_deg,
        **series,
    }


if __name__ == "__main__":
    main()
