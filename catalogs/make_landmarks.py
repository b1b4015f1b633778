"""Makes landmarks.json, the embedded list of places, from SSCore's catalogues and the embedded bright stars.

    python -m catalogs.make_landmarks --data DIR [-o FILE]

in the root of the repository, after make_bright_stars: stars that are in bright_stars.csv.gz stand where it has
them, so that flying to Sirius finds Sirius. DIR holds SSCore's files in `stars/` and `deep_sky/`, and the Open
Exoplanet Catalogue in `solar_system/`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
import re
from dataclasses import replace
from pathlib import Path

from catalogs import exoplanet_hosts, sscore
from helios.constants import AU_M, PARSEC_M
from helios.coords import icrs_to_ecliptic_m
from helios.landmarks import Landmark, write_landmarks
from helios.landmarks.landmark import STAR_RADIUS_HINT_M, distance_text

NAMED_TO_V_MAG = 2.5
"""Every star with a proper name that is brighter than this is a landmark."""

FAINTER_NAMED = (
    *("Albireo", "Alcor", "Alcyone", "Almaaz", "Atlas", "Electra", "Maia", "Merope", "Pleione", "Taygeta"),
    *("Achird", "Alsafi", "Chara", "Keid", "Ran", "Tabit"),
    *("Cor Caroli", "La Superba", "Meissa", "Mira", "Porrima", "Rasalgethi", "Sheliak", "Sulafat", "Thuban"),
    *("Sadalmelik", "Sadalsuud", "Vindemiatrix", "Zubenelgenubi", "Zubeneschamali"),
    *("Cervantes", "Chalawan", "Copernicus", "Errai", "Helvetios", "Titawin", "Tonatiuh", "Veritate"),
)
"""Fainter stars with a proper name: the Pleiades, near neighbours, variables, guides, hosts of known planets."""

BY_HR_NUMBER = {
    "264": "Gamma Cassiopeiae",
    "509": "Tau Ceti",
    "4550": "Groombridge 1830",
    "8085": "61 Cygni A",
    "8387": "Epsilon Indi",
    "8571": "Delta Cephei",
}
"""Stars that are known by a designation."""

NEAREST = (
    *("Proxima Centauri", "Barnard's Star", "Wolf 359", "Lalande 21185", "Ross 154", "Ross 248", "Lacaille 9352"),
    *("Ross 128", "Luyten 789-6 A", "Struve 2398 A", "Groombridge 34 A", "Luyten's Star", "Teegarden's Star"),
    *("Kapteyn's Star", "Lacaille 8760", "Kruger 60", "Ross 614", "Wolf 1061", "van Maanen's Star", "Wolf 424"),
    *("Groombridge 1618", "Stein 2051", "van Biesbroeck 10", "Scholz's Star", "Wolf 1069", "Ross 905"),
)
"""Names in the catalogue of the nearest stars, of stars that no naked eye sees."""

KINDS = {
    "BN": ("nebula", "Nebula"),
    "DN": ("dark_nebula", "Dark nebula"),
    "GC": ("globular_cluster", "Globular cluster"),
    "GX": ("galaxy", "Galaxy"),
    "OC": ("open_cluster", "Open cluster"),
    "PN": ("planetary_nebula", "Planetary nebula"),
    "SNR": ("supernova_remnant", "Supernova remnant"),
    "SS": ("double_star", "Optical double star"),
    "*Cloud": ("star_cloud", "Star cloud"),
    "*4": ("asterism", "Asterism of four stars"),
}
"""`kind` and words for SSCore's types, and for the morphologies that say more than the type."""

SPELLINGS = {
    "Cat Eye Nebula": "Cat's Eye Nebula",
    "Chi Persei": "Double Cluster",
    "Omicron Velorum Custer": "Omicron Velorum Cluster",
}
"""Names as they are written here, where SSCore has another."""

DISTANCES_PC = {
    "NGC 869": (2344.0, "distance modulus 11.85: Slesnick, Hillenbrand & Massey 2002, ApJ 576, 880"),
    "NGC 884": (2344.0, "distance modulus 11.85: Slesnick, Hillenbrand & Massey 2002, ApJ 576, 880"),
}
"""SSCore puts the two clusters, which are one association, 900 pc apart."""

LEFT_OUT = ("C 99",)
"""The Coalsack: SSCore has it ten times too far, and there is nothing to see at it."""

SSCORE = "SSCore, T. DeBenedictis"


def main() -> None:
    """Write the list and print how many places of each kind it has."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="directory that holds stars/, deep_sky/, solar_system/"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "landmarks.json")
    options = parser.parse_args()
    landmarks = [
        *singular_places(),
        *stars(options.data / "stars"),
        *messier_objects(options.data / "deep_sky"),
        *caldwell_objects(options.data / "deep_sky"),
    ]
    landmarks = with_hosts(landmarks, options.data)
    write_landmarks(options.output, landmarks)
    kinds = [landmark.kind for landmark in landmarks]
    for kind in sorted(set(kinds)):
        print(f"{kinds.count(kind):4} {kind}")
    print(f"{len(landmarks):4} landmarks")


def singular_places() -> list[Landmark]:
    """The Sun, the Galactic centre and the Magellanic clouds; each with its own source."""
    return [
        Landmark(
            "sun",
            "Sun",
            "star",
            (0.0, 0.0, 0.0),
            _digits(AU_M, 4),
            "origin of the frame",
            "Our star, G2V; no grid cell holds it",
        ),
        _place(
            *("sagittarius-a-star", "Galactic Centre (Sgr A*)", "galactic_center", 266.41684, -29.00781, 8178.0, 4.2),
            "GRAVITY Collaboration 2019, doi:10.1051/0004-6361/201935656; "
            "radius: nuclear star cluster, Schödel et al. 2014, doi:10.1051/0004-6361/201423481",
            "Black hole in the middle of the Milky Way and the cluster around it, 8.18 kpc",
        ),
        _place(
            *("lmc", "Large Magellanic Cloud", "galaxy", 80.89375, -69.75611, 49590.0, 49590.0 * _half_angle(646.0)),
            "distance: Pietrzyński et al. 2019, doi:10.1038/s41586-019-0999-4; place and size: OpenNGC",
            "Galaxy, satellite of the Milky Way, V 0.3, 49.6 kpc",
        ),
        _place(
            *("smc", "Small Magellanic Cloud", "galaxy", 13.18658, -72.82861, 62440.0, 62440.0 * _half_angle(299.92)),
            "distance: Graczyk et al. 2020, doi:10.3847/1538-4357/abbb2b; place and size: OpenNGC",
            "Galaxy, satellite of the Milky Way, V 2.3, 62.4 kpc",
        ),
    ]


def stars(directory: Path) -> list[Landmark]:
    """The bright and famous ones, brightest first, then those among the nearest that are faint, nearest first."""
    embedded = embedded_stars()
    named = []
    for entry in sscore.read(directory / "sscore_brightest.csv.gz"):
        row = embedded[entry.number_in("HR")]
        name = BY_HR_NUMBER.get(row["source_id"]) or (entry.names[0] if entry.names else "")
        bright = bool(entry.names) and float(row["v_mag"]) <= NAMED_TO_V_MAG
        if bright or name in FAINTER_NAMED or row["source_id"] in BY_HR_NUMBER:
            named.append((float(row["v_mag"]), name, entry, row))
    _check_found((*FAINTER_NAMED, *BY_HR_NUMBER.values()), [name for _, name, _, _ in named])
    landmarks = [
        _star(name, float(row["ra"]), float(row["dec"]), 1000 / float(row["parallax"]), entry, v_mag)
        for v_mag, name, entry, row in sorted(named, key=lambda star: star[:2])
    ]
    near = {}
    for entry in sscore.read(directory / "sscore_nearest_10pc.csv.gz"):
        for name in set(entry.names).intersection(NEAREST).difference(near):
            near[name] = _star(name, entry.ra_deg, entry.dec_deg, entry.distance_pc, entry, entry.v_mag)
    _check_found(NEAREST, near)
    return landmarks + sorted(near.values(), key=lambda landmark: math.hypot(*landmark.pos_m))


def messier_objects(directory: Path) -> list[Landmark]:
    """All 110. M40 is two rows, two stars far behind one another: it stands where the brighter one is."""
    found = {}
    for entry in sscore.read(directory / "sscore_messier.csv.gz"):
        number = entry.number_in("M")
        name = f"{entry.names[0]} (M{number})" if entry.names else f"M{number}"
        found.setdefault(int(number), _deep_sky(f"m{number}", name, entry))
    _check_found(range(1, 111), found)
    return [found[number] for number in sorted(found)]


def caldwell_objects(directory: Path) -> list[Landmark]:
    """Those with a name of their own and a distance."""
    landmarks = []
    for entry in sscore.read(directory / "sscore_messier_caldwell_ngc_ic.csv.gz"):
        caldwell, *designations = entry.designations
        if not caldwell.startswith("C ") or not entry.names or caldwell in LEFT_OUT or math.isnan(entry.distance_pc):
            continue
        name = f"{SPELLINGS.get(entry.names[0], entry.names[0])} ({designations[0]})"
        landmarks.append(_deep_sky(sscore.slug(name), name, entry))
    return landmarks


def with_hosts(landmarks: list[Landmark], data: Path) -> list[Landmark]:
    """The landmarks with the hosts of planets told as such, and those that are no landmarks yet added, nearest first.

    A host stands where bright_stars.csv.gz has it, else where SSCore has it, else where the catalogue of planets does.
    """
    found = {landmark.name: landmark for landmark in landmarks}
    embedded = embedded_stars()
    for host, entry in exoplanet_hosts.matched(data):
        row = embedded.get(entry.number_in("HR")) if entry else None
        called = (
            row["name"] if row else "",
            *(entry.names if entry else ()),
            BY_HR_NUMBER.get(row["source_id"]) if row else "",
        )
        known = next((found[name] for name in called if name in found), None)
        if known:
            found[known.name] = replace(
                known,
                kind=exoplanet_hosts.KIND,
                source=f"{known.source}; {exoplanet_hosts.CREDIT}",
                description=f"{known.description}, {host.planets_text}",
            )
            continue
        # "e Eri" and numbers of bright stars say less than the name by which the planets are known.
        name = row["name"] if row and not re.match(r"HR |\w ", row["name"]) else host.name
        what = entry.spectrum if entry else ""
        v_mag = float(row["v_mag"]) if row else entry.v_mag if entry else math.nan
        place = (float(row["ra"]), float(row["dec"]), 1000 / float(row["parallax"])) if row else None
        if place is None:
            at = entry or host
            place = (at.ra_deg, at.dec_deg, at.distance_pc)
        found[name] = _place(
            *(sscore.slug(name), name, exoplanet_hosts.KIND, *place, STAR_RADIUS_HINT_M / PARSEC_M),
            f"{SSCORE}; {exoplanet_hosts.CREDIT}" if entry else "Open Exoplanet Catalogue",
            f"{_description('Star' if entry else 'Exoplanet host', what, v_mag, place[2])}, {host.planets_text}",
        )
    return list(found.values())


def embedded_stars() -> dict[str, dict[str, str]]:
    """The rows of bright_stars.csv.gz by HR number."""
    with gzip.open(Path(__file__).parent / "bright_stars.csv.gz", "rt", encoding="utf-8") as file:
        return {row["source_id"]: row for row in csv.DictReader(file)}


def _deep_sky(identifier: str, name: str, entry: sscore.Entry) -> Landmark:
    kind, words = KINDS.get(entry.spectrum) or KINDS[entry.kind]
    _, designation, *_ = entry.designations
    distance_pc, source = DISTANCES_PC.get(designation, (entry.distance_pc, ""))
    radius_pc = distance_pc * _half_angle(entry.size_arcmin)
    description = _description(words, "" if designation in name else designation, entry.v_mag, distance_pc)
    return _place(
        *(identifier, name, kind, entry.ra_deg, entry.dec_deg, distance_pc),
        STAR_RADIUS_HINT_M / PARSEC_M if math.isnan(radius_pc) else radius_pc,
        f"{SSCORE}; {source}" if source else SSCORE,
        description,
    )


def _star(name: str, ra_deg: float, dec_deg: float, distance_pc: float, entry: sscore.Entry, v_mag: float) -> Landmark:
    return _place(
        *(sscore.slug(name), name, "star", ra_deg, dec_deg, distance_pc, STAR_RADIUS_HINT_M / PARSEC_M),
        SSCORE,
        _description("Star", ", ".join(filter(None, (entry.designations[0], entry.spectrum))), v_mag, distance_pc),
    )


def _place(identifier, name, kind, ra_deg, dec_deg, distance_pc, radius_pc, source, description) -> Landmark:
    # 13 digits: to the last one, positions depend on the machine's matrix product.
    x, y, z = (_digits(v, 13) for v in icrs_to_ecliptic_m(ra_deg, dec_deg, distance_pc * PARSEC_M))
    return Landmark(identifier, name, kind, (x, y, z), _digits(radius_pc * PARSEC_M, 4), source, description)


def _digits(value: float, count: int) -> float:
    return float(f"{value:.{count}g}")


def _description(kind: str, what: str, v_mag: float, distance_pc: float) -> str:
    magnitude = "" if math.isnan(v_mag) else f"V {v_mag:.1f}"
    return ", ".join(filter(None, (kind, what, magnitude, distance_text(distance_pc))))


def _half_angle(diameter_arcmin: float) -> float:
    return math.tan(math.radians(diameter_arcmin / 60) / 2)


def _check_found(wanted, found) -> None:
    absent = [str(name) for name in wanted if name not in found]
    if absent:
        raise SystemExit(f"not in the data: {', '.join(absent)}")


if __name__ == "__main__":
    main()
