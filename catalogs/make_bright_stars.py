"""Makes bright_stars.csv.gz, the embedded catalogue, from SSCore's naked-eye stars and Hipparcos photometry.

    python -m catalogs.make_bright_stars --data DIR [-o FILE] [--fit]

in the root of the repository. DIR holds sscore_brightest.csv.gz and hip_main_9933.dat.gz in `stars/`, and for
`--fit` gaia_poc.csv too: then the colour relations below are measured anew and printed beside what is in use.

Every row of SSCore becomes a row here: `source_id` is the HR number (1 to 9110, which no Gaia id can be),
`parallax` is 1000 / SSCore's distance in parsecs. A star without a distance has a blank parallax.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import math
import re
from pathlib import Path

import numpy as np

from catalogs import sscore

COLUMNS = (
    "source_id",
    "ra",
    "dec",
    "parallax",
    "phot_g_mean_mag",
    "bp_rp",
    "name",
    "hip",
    "v_mag",
    "b_v",
    "pmra",
    "pmdec",
    "radial_velocity",
    "gaia",
)

HIPPARCOS_BELOW_V_MAG = 3.0
"""Stars brighter than this take V and B-V from Hipparcos: SSCore's are up to 0.2 mag too faint there (0.06 mag in
the median for V < 1.5), and below V = 3 the two agree within 0.01 mag."""

SAME_STAR_MAG = 0.25
"""Where the two V differ by more, Hipparcos has measured a pair as one star that SSCore has in two rows."""

B_V_RANGE = (-0.3, 1.6)
"""Range of the polynomials, mag. Outside it a star takes the nearer end's colour."""

BP_RP_OF_B_V = (0.02630, 1.44655, -0.14892, -0.35450, 0.20492)
G_MINUS_V_OF_B_V = (-0.02442, -0.04910, -0.60381, 0.66563, -0.26684)
"""BP-RP and G-V as polynomials of B-V, lowest power first: least squares with 3-sigma clipping over SSCore stars of
G > 3 with a measured Gaia DR3 colour, M and C stars left out. Scatter 0.029 and 0.020 mag."""

COLORS_OF_CLASS = {
    "M0": (1.88, -0.71),
    "M1": (2.03, -0.76),
    "M2": (2.13, -0.84),
    "M3": (2.39, -1.03),
    "M4": (2.79, -1.35),
    "M5": (3.22, -1.72),
    "M6": (3.62, -2.40),
    "C": (2.59, -1.29),
}
"""BP-RP and G-V of M and carbon stars by class, mag: medians of the same sample. Bands of TiO and C2 hold B-V near
1.6 whatever the temperature of an M star, and far beyond it in a carbon star. Cooler than M6 counts as M6."""


def main() -> None:
    """Write the catalogue and print what was counted; with --fit print the measured relations instead."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="directory that holds stars/")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "bright_stars.csv.gz")
    parser.add_argument("--fit", action="store_true", help="measure the colour relations instead of writing")
    options = parser.parse_args()
    if options.fit:
        print_fit(options.data / "stars")
        return
    rows = make_rows(options.data / "stars")
    write(options.output, rows)
    for column in ("parallax", "bp_rp", "b_v", "hip"):
        print(f"{sum(row[column] == '' for row in rows):6,} of {len(rows):,} without {column}")


def make_rows(stars: Path) -> list[dict[str, str]]:
    """The catalogue's rows, as texts, by HR number."""
    hipparcos = read_hipparcos(stars / "hip_main_9933.dat.gz")
    entries = list(sscore.read(stars / "sscore_brightest.csv.gz"))
    photometry = [johnson(entry, hipparcos) for entry in entries]
    rows = []
    for entry, (v_mag, b_v) in zip(entries, photometry):
        bp_rp, g_minus_v = gaia_colors(entry.spectrum, b_v)
        rows.append(
            {
                "source_id": entry.number_in("HR"),
                "ra": repr(entry.ra_deg),
                "dec": repr(entry.dec_deg),
                "parallax": text(1000 / entry.distance_pc, 10),
                "phot_g_mean_mag": text(v_mag + g_minus_v, 3),
                "bp_rp": text(bp_rp, 3),
                "name": (entry.names or entry.designations)[0],
                "hip": entry.number_in("HIP"),
                "v_mag": text(v_mag, 2),
                "b_v": text(b_v, 3),
                "pmra": text(entry.pmra, 2),
                "pmdec": text(entry.pmdec, 2),
                "radial_velocity": text(entry.radial_velocity, 1),
                "gaia": entry.number_in("GAIA"),
            }
        )
    return sorted(rows, key=lambda row: int(row["source_id"]))


def johnson(entry: sscore.Entry, hipparcos: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """(V, B-V) of a star, mag: SSCore's, but Hipparcos's for the brightest and where SSCore has no B."""
    v_mag, b_v = entry.v_mag, entry.b_mag - entry.v_mag
    hip_v_mag, hip_b_v = hipparcos.get(entry.number_in("HIP"), (math.nan, math.nan))
    if v_mag < HIPPARCOS_BELOW_V_MAG and abs(hip_v_mag - v_mag) < SAME_STAR_MAG:
        return hip_v_mag, hip_b_v
    return v_mag, hip_b_v if math.isnan(b_v) else b_v


def gaia_colors(spectrum: str, b_v: float) -> tuple[float, float]:
    """(BP-RP, G-V) of a star, mag. Without a B-V the first is NaN and the second 0, which is right to 0.1 mag for
    the A and F stars that most of these are."""
    if (spectral_class := class_of(spectrum)) is not None:
        return COLORS_OF_CLASS[spectral_class]
    if math.isnan(b_v):
        return math.nan, 0.0
    b_v = min(max(b_v, B_V_RANGE[0]), B_V_RANGE[1])
    polynomial = np.polynomial.polynomial.polyval
    return float(polynomial(b_v, BP_RP_OF_B_V)), float(polynomial(b_v, G_MINUS_V_OF_B_V))


def class_of(spectrum: str) -> str | None:
    """The key of COLORS_OF_CLASS that an M or C spectrum falls under; None for every other."""
    found = re.match(r"[gdc]?M(\d)", spectrum)
    if found:
        return f"M{min(int(found[1]), 6)}"
    return "C" if re.match(r"C\d", spectrum) else None


def read_hipparcos(path: Path) -> dict[str, tuple[float, float]]:
    """(V, B-V) in mag by HIP number, of Hipparcos I/239 (fields H1, H5 and H37); NaN where a field is blank."""
    with gzip.open(path, "rt", encoding="ascii") as file:
        fields = (line.split("|") for line in file)
        return {f[1].strip(): (_float(f[5]), _float(f[37])) for f in fields}


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows as gzipped CSV, with no time stamp: the same rows give the same bytes."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(gzip.compress(table.getvalue().encode(), compresslevel=9, mtime=0))


def measure_relations(stars: Path) -> dict[str, tuple[np.ndarray, float, int]]:
    """Coefficients, scatter (1.4826 MAD, mag) and number of stars of each relation, and each class's medians."""
    with (stars / "gaia_poc.csv").open(newline="") as file:
        gaia = {row["source_id"]: (float(row["phot_g_mean_mag"]), float(row["bp_rp"])) for row in csv.DictReader(file)}
    entries = list(sscore.read(stars / "sscore_brightest.csv.gz"))
    ids = [entry.number_in("GAIA") for entry in entries]
    sample = [
        (class_of(entry.spectrum), entry.spectrum, entry.b_mag - entry.v_mag, *gaia[i], entry.v_mag)
        for entry, i in zip(entries, ids)
        if i in gaia and ids.count(i) == 1 and gaia[i][0] > 3
    ]
    groups = np.array([group or "" for group, *_ in sample])
    peculiar = np.array([spectrum[:1] in "CSNR" for _, spectrum, *_ in sample])
    b_v, g_mag, bp_rp, v_mag = np.array([numbers for _, _, *numbers in sample]).T
    plain = (groups == "") & ~peculiar & np.isfinite(b_v) & (b_v < 1.85)
    relations = {
        "BP_RP_OF_B_V": clipped_fit(b_v[plain], bp_rp[plain]),
        "G_MINUS_V_OF_B_V": clipped_fit(b_v[plain], (g_mag - v_mag)[plain]),
    }
    for group in COLORS_OF_CLASS:
        of_class = groups == group
        medians = np.array([np.median(bp_rp[of_class]), np.median((g_mag - v_mag)[of_class])])
        relations[group] = (medians, _scatter(bp_rp[of_class]), int(of_class.sum()))
    return relations


def clipped_fit(x: np.ndarray, y: np.ndarray, degree: int = 4) -> tuple[np.ndarray, float, int]:
    """Coefficients of a polynomial fit that drops what lies 3 sigma off until nothing more does; its scatter; the
    number of points kept."""
    kept = np.ones(len(x), bool)
    while True:
        coefficients = np.polynomial.polynomial.polyfit(x[kept], y[kept], degree)
        residual = y - np.polynomial.polynomial.polyval(x, coefficients)
        scatter = _scatter(residual[kept])
        still = kept & (np.abs(residual) < 3 * scatter)
        if (still == kept).all():
            return coefficients, scatter, int(kept.sum())
        kept = still


def print_fit(stars: Path) -> None:
    """Print the relations as measured, beside those in use."""
    in_use = {"BP_RP_OF_B_V": BP_RP_OF_B_V, "G_MINUS_V_OF_B_V": G_MINUS_V_OF_B_V, **COLORS_OF_CLASS}
    for name, (values, scatter, count) in measure_relations(stars).items():
        print(f"{name}: {count} stars, scatter {scatter:.3f} mag")
        print("  measured", ", ".join(f"{value:.5f}" for value in values))
        print("  in use  ", ", ".join(f"{value:.5f}" for value in in_use[name]))


def text(value: float, digits: int) -> str:
    """`value` with so many decimals, or nothing for NaN."""
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _float(field: str) -> float:
    return float(field) if field.strip() else math.nan


def _scatter(values: np.ndarray) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


if __name__ == "__main__":
    main()
