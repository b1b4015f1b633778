"""Makes names.csv.gz, what the embedded stars and places are called, from SSCore's and OpenNGC's tables.

    python -m catalogs.make_names --data DIR [-o FILE]

in the root of the repository, after make_landmarks. DIR holds SSCore's files in `stars/` and `deep_sky/`, OpenNGC's in
`deep_sky/`, and the Open Exoplanet Catalogue in `solar_system/`. A row is a star of bright_stars.csv.gz, a place of
landmarks.json, or both in one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from catalogs import exoplanet_hosts, sscore
from catalogs.make_landmarks import BY_HR_NUMBER, LEFT_OUT, NEAREST, SPELLINGS
from helios.landmarks import load_landmarks

COLUMNS = ("source_id", "landmark", "v_mag", "names", "designations")

NOT_KEPT = ("TYC", "WDS", "PK", "PNG", "UGCA")
"""Catalogues whose numbers hardly anyone types."""

SINGULAR = {
    "sun": ("-26.76", ("Sol",), ()),
    "sagittarius-a-star": ("", ("Sagittarius A*", "Sgr A*", "Galactic Center"), ()),
    "lmc": ("0.3", ("LMC",), ("ESO056-115",)),
    "smc": ("2.3", ("SMC",), ("NGC 292",)),
}
"""V magnitude, names and designations of places that are no row of SSCore's: abbreviations, and spellings of the names
that they have. The Sun's magnitude is Willmer's, 2018, ApJS 236, 47."""


def main() -> None:
    """Write the table and print what it has."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="directory that holds stars/, deep_sky/, solar_system/"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "names.csv.gz")
    options = parser.parse_args()
    rows = make_rows(options.data)
    write(options.output, rows)
    for column in COLUMNS:
        print(f"{sum(row[column] != '' for row in rows):6,} of {len(rows):,} with {column}")


def make_rows(data: Path) -> list[dict[str, str]]:
    """The rows as texts: places in the order of landmarks.json, then the stars that are none, by HR number."""
    hosts = {name: pair for pair in exoplanet_hosts.matched(data) for name in called(*pair)}
    stars, places = star_rows(data / "stars"), place_rows(data / "deep_sky")
    rows = []
    for landmark in load_landmarks(Path(__file__).parent / "landmarks.json"):
        names = alike(landmark.name)
        if landmark.id in SINGULAR:
            v_mag, more, designations = SINGULAR[landmark.id]
            common = common_names(data / "deep_sky")
            more = (*more, *(name for each in designations for name in common[each]))
            rows.append(row("", landmark.id, v_mag, (*names, *more), designations))
        elif landmark.kind == exoplanet_hosts.KIND:
            rows.append(host_row(landmark.id, landmark.name, stars, *hosts[landmark.name]))
        elif landmark.kind == "star":
            found = stars.pop(landmark.name)
            rows.append(found | {"landmark": landmark.id})
        else:
            rows.append(places[landmark.id])
    return rows + sorted((each for each in stars.values() if each["source_id"]), key=lambda r: int(r["source_id"]))


def star_rows(directory: Path) -> dict[str, dict[str, str]]:
    """The rows of stars by what a landmark calls them, those without a proper name by their HR number."""
    with gzip.open(Path(__file__).parent / "bright_stars.csv.gz", "rt", encoding="utf-8", newline="") as file:
        magnitudes = {each["source_id"]: each["v_mag"] for each in csv.DictReader(file)}
    rows: dict[str, dict[str, str]] = {}
    for entry in sscore.read(directory / "sscore_nearest_10pc.csv.gz"):
        for name in set(entry.names).intersection(NEAREST).difference(rows):
            v_mag = "" if math.isnan(entry.v_mag) else f"{entry.v_mag:.2f}"
            rows[name] = row("", "", v_mag, (name, *entry.names), kept(entry.designations))
    for entry in sscore.read(directory / "sscore_brightest.csv.gz"):
        number = entry.number_in("HR")
        name = BY_HR_NUMBER.get(number) or (entry.names[0] if entry.names else f"HR {number}")
        rows[name] = row(number, "", magnitudes[number], entry.names, kept(entry.designations))
    return rows


def called(host: exoplanet_hosts.Host, entry: sscore.Entry | None) -> Iterator[str]:
    """Yield what a landmark may call a host of planets."""
    yield host.name
    if entry:
        yield from (*entry.names, *entry.designations, BY_HR_NUMBER.get(entry.number_in("HR"), ""))


def host_row(
    landmark: str, name: str, stars: dict[str, dict[str, str]], host: exoplanet_hosts.Host, entry: sscore.Entry | None
) -> dict[str, str]:
    """The row of a host of planets, taken from `stars` if it is among them."""
    number = f"HR {entry.number_in('HR')}" if entry else ""
    found = stars.pop(name, None) or stars.pop(number, None)
    if found:
        designations = (*found["designations"].split(";"), *host.designations)
        return found | {"landmark": landmark, "designations": ";".join(dict.fromkeys(designations))}
    v_mag = "" if entry is None or math.isnan(entry.v_mag) else f"{entry.v_mag:.2f}"
    names, designations = (entry.names, kept(entry.designations)) if entry else ((), [])
    return row("", landmark, v_mag, names, (*designations, *host.designations))


def place_rows(directory: Path) -> dict[str, dict[str, str]]:
    """The rows of deep-sky places by the id of their landmark."""
    common = common_names(directory)
    found: dict[str, dict[str, str]] = {}
    for identifier, entry in deep_sky(directory):
        if identifier in found:  # M40, two stars
            continue
        v_mag = "" if math.isnan(entry.v_mag) else f"{entry.v_mag:.1f}"
        designations = kept(entry.designations)
        more = [name for each in designations for name in common[each]]
        own = [SPELLINGS.get(name, name) for name in entry.names]
        found[identifier] = row("", identifier, v_mag, (*own, *more), designations)
    return found


def deep_sky(directory: Path) -> Iterator[tuple[str, sscore.Entry]]:
    """Yield SSCore's Messier and Caldwell objects with the ids that make_landmarks gives them."""
    for entry in sscore.read(directory / "sscore_messier.csv.gz"):
        yield f"m{entry.number_in('M')}", entry
    for entry in sscore.read(directory / "sscore_messier_caldwell_ngc_ic.csv.gz"):
        caldwell, *designations = entry.designations
        if caldwell.startswith("C ") and entry.names and designations and caldwell not in LEFT_OUT:
            yield sscore.slug(f"{SPELLINGS.get(entry.names[0], entry.names[0])} ({designations[0]})"), entry


def common_names(directory: Path) -> dict[str, list[str]]:
    """OpenNGC's common names by designation, as `NGC 1976`, `M 42`, `C 9`."""
    names: dict[str, list[str]] = defaultdict(list)
    with gzip.open(directory / "openngc_NGC.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    with (directory / "openngc_addendum.csv").open(encoding="utf-8", newline="") as file:
        rows += csv.DictReader(file, delimiter=";")
    for each in rows:
        spelled = re.fullmatch(r"(NGC|IC|M|C|Mel)0*(\d+)", each["Name"])
        designations = {f"{spelled[1]} {spelled[2]}" if spelled else each["Name"]}
        if each["M"] and each["Type"] != "Dup":
            designations.add(f"M {int(each['M'])}")
        for designation in designations:
            names[designation] += filter(None, each["Common names"].split(","))
    return names


def alike(name: str) -> tuple[str, ...]:
    """A place's name without the designation that follows it in parentheses."""
    return (re.sub(r" \([^)]*\)$", "", name),)


def kept(designations: Iterable[str]) -> list[str]:
    """The designations that are worth shipping, Gaia's with its release."""
    found = [each for each in designations if each.split(" ")[0] not in NOT_KEPT]
    return [each.replace("GAIA ", "Gaia DR3 ") for each in found]


def row(source_id: str, landmark: str, v_mag: str, names: Iterable[str], designations: Iterable[str]) -> dict[str, str]:
    """A row; each name and designation once."""
    joined = (";".join(dict.fromkeys(texts)) for texts in (names, designations))
    return dict(zip(COLUMNS, (source_id, landmark, v_mag, *joined), strict=True))


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows as gzipped CSV, with no time stamp: the same rows give the same bytes."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(gzip.compress(table.getvalue().encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
