"""Makes constellations.json, the figures of the constellations as pairs of embedded stars, from d3-celestial's lines.

    python -m catalogs.make_constellations --data DIR [-o FILE]

in the root of the repository. DIR is the unpacked npm package `d3-celestial`, with LICENSE and, in `data/`,
constellations.lines.json and constellations.json. Each point of a line becomes the star that the eye sees there: of the
embedded stars with a distance within EYE_ARCSEC the brightest, as of a double the fainter may be meant.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

EYE_ARCSEC = 60.0
"""What the eye does not tell apart. The lines' points lie within 7 arcsec of a star."""

NAMES = {"Ser": {"name": "Serpens"}, "UMa": {"en": "Great Bear"}, "UMi": {"en": "Little Bear"}}
"""Where the source has the name of a part: the tail of the Serpent, and the two dippers."""

SOURCE = "d3-celestial 0.7.35, https://github.com/ofrohn/d3-celestial, lines joined to the stars of bright_stars.csv.gz"


def main() -> None:
    """Write the figures and print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the unpacked npm package d3-celestial")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "constellations.json")
    options = parser.parse_args()
    figures = make_figures(options.data / "data")
    licence = " ".join((options.data / "LICENSE").read_text("utf-8").split())
    write(options.output, figures, licence)
    stars = {number for figure in figures for pair in figure["pairs"] for number in pair}
    print(f"{len(figures)} figures of {sum(len(f['pairs']) for f in figures)} lines between {len(stars)} stars")


def make_figures(data: Path) -> list[dict[str, Any]]:
    """The figures by their abbreviations: names, and `pairs` of HR numbers, each once."""
    numbers, directions, magnitudes = bright_stars()
    known = {entry["id"]: entry["properties"] for entry in _features(data / "constellations.json")}
    names = {key: known[key] | NAMES.get(key, {}) for key in known}
    pairs: dict[str, dict[tuple[int, int], None]] = {}  # keys in the order of the lines
    for feature in _features(data / "constellations.lines.json"):
        of_figure = pairs.setdefault(feature["id"], {})
        for line in feature["geometry"]["coordinates"]:
            stars = [numbers[brightest_near(point, directions, magnitudes)] for point in line]
            for one, other in pairwise(stars):
                if one != other and (other, one) not in of_figure:
                    of_figure[one, other] = None
    return [
        {
            "id": abbreviation,
            "name": _plain(names[abbreviation]["name"]),
            "english": _plain(names[abbreviation]["en"]),
            "genitive": _plain(names[abbreviation]["gen"]),
            "pairs": [list(pair) for pair in pairs[abbreviation]],
        }
        for abbreviation in sorted(pairs)
    ]


def bright_stars() -> tuple[list[int], np.ndarray, np.ndarray]:
    """HR number, ICRS unit vector [N, 3] and V [N] of the embedded stars that have a distance."""
    with gzip.open(Path(__file__).parent / "bright_stars.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["parallax"]]
    angles = np.radians([(float(row["ra"]), float(row["dec"])) for row in rows])
    return [int(row["source_id"]) for row in rows], _unit(angles), np.array([float(row["v_mag"]) for row in rows])


def brightest_near(point: list[float], directions: np.ndarray, magnitudes: np.ndarray) -> int:
    """The row of the brightest star within EYE_ARCSEC of a point, degrees; raises ValueError where there is none."""
    chord = np.linalg.norm(directions - _unit(np.radians([point])), axis=1)
    near = np.flatnonzero(np.degrees(2 * np.arcsin(chord / 2)) * 3600 <= EYE_ARCSEC)
    if not len(near):
        raise ValueError(f"no embedded star with a distance within {EYE_ARCSEC} arcsec of {point}")
    return int(near[np.argmin(magnitudes[near])])


def write(path: Path, figures: list[dict[str, Any]], licence: str) -> None:
    """Write the figures, one a line; the same figures give the same bytes."""
    lines = ",\n".join("  " + json.dumps(figure, ensure_ascii=False) for figure in figures)
    head = "".join(f' "{name}": {json.dumps(value)},\n' for name, value in (("source", SOURCE), ("licence", licence)))
    path.write_text(f'{{\n{head} "figures": [\n{lines}\n ]\n}}\n', "utf-8", newline="\n")


def _features(path: Path) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["features"]
    return features


def _plain(name: str) -> str:
    """The name with plain spaces: the source has narrow ones."""
    return " ".join(name.split())


def _unit(angles: np.ndarray) -> np.ndarray:
    ra, dec = angles[:, 0], angles[:, 1]
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


if __name__ == "__main__":
    main()
