"""Makes small_bodies.csv, the small bodies that ship, from lines of the Minor Planet Center and published elements.

    python -m catalogs.make_small_bodies --data DIR [-o FILE]

in the root of the repository. DIR holds `solar_system/` with extracts of MPCORB; the bodies that these lack are in
`published_bodies/`. Numbers are copied as they are printed, so that the file is as good as its sources, to the digit.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from helios.solar.readers.checks import DWARF_PLANETS

COLUMNS = (
    "designation",
    "name",
    "kind",
    "epoch",
    "a",
    "q",
    "e",
    "i",
    "node",
    "argument",
    "M",
    "Tp",
    "H",
    "G",
    "source",
)

FAMOUS = (
    *(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 24, 29, 31, 41, 44, 45, 52, 65, 87),
    *(88, 107, 121, 153, 158, 216, 221, 243, 253, 279, 324, 433, 434, 451, 511, 532, 588, 617, 624, 704, 719, 887, 911),
    *(944, 951, 1036, 1143, 1172, 1221, 1566, 1620, 1627, 1862, 1866, 1915, 1981, 2060, 2062, 2100, 2101, 2212, 2340),
    *(2867, 3200, 3352, 3552, 3753, 4015, 4179, 4660, 4769, 5145, 5261, 5335, 5535, 6489, 7066, 8405, 9969),
    *(50000, 90377, 136108, 136472),
)
"""Numbers of those that are taken from MPCORB: the largest, the first of families and groups, the visited, the odd."""

CENTURIES = {"I": 18, "J": 19, "K": 20}


def main() -> None:
    """Write the table and print how many bodies of each kind it has."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="directory that holds solar_system/")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "small_bodies.csv")
    options = parser.parse_args()
    rows = make_rows(options.data / "solar_system")
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    options.output.write_text(text.getvalue(), encoding="utf-8")
    kinds = [row["kind"] for row in rows]
    for kind in sorted(set(kinds)):
        print(f"{kinds.count(kind):4} {kind}")
    print(f"{len(rows):4} small bodies")


def make_rows(data: Path) -> list[dict[str, str]]:
    """The rows as texts: minor planets by number, comets and interstellar objects in the order of their file."""
    published = Path(__file__).parent / "published_bodies"
    wanted = {str(number) for number in FAMOUS}
    minor = {}
    for path in (data / "mpcorb_10k.txt.gz", data / "mpcorb_sample.dat", published / "distant.txt"):
        edition = "MPCORB of 2020-05-31" if path.parent == published else "MPCORB"
        for row in minor_planets(path, edition):
            if row["designation"] in wanted or path.parent == published:
                minor.setdefault(row["designation"], row)
    absent = wanted.difference(minor)
    if absent:
        raise SystemExit(f"not in the data: {', '.join(sorted(absent))}")
    with (published / "jpl.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            minor[row["designation"]] = {"kind": kind_of(row["designation"])} | row
    return [minor[number] for number in sorted(minor, key=int)] + list(comets(published / "comets.txt"))


def minor_planets(path: Path, edition: str) -> Iterator[dict[str, str]]:
    """The numbered and named minor planets of a file in the columns of MPCORB."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in data.decode("latin-1").splitlines():
        number, _, name = line[166:194].strip().partition(") ")
        if not number.startswith("(") or not number[1:].isdigit():
            continue
        century, year, month, day = line[20], line[21:23], int(line[23], 36), int(line[24], 36)
        yield {
            "designation": number[1:],
            "name": name,
            "kind": kind_of(number[1:]),
            "epoch": f"{CENTURIES[century]}{year}-{month:02}-{day:02}",
            "M": line[26:35].strip(),
            "argument": line[37:46].strip(),
            "node": line[48:57].strip(),
            "i": line[59:68].strip(),
            "e": line[70:79].strip(),
            "a": line[92:103].strip(),
            "H": line[8:13].strip(),
            "G": line[14:19].strip(),
            "source": f"Minor Planet Center, {edition}, {line[107:116].strip()}",
        }


def comets(path: Path) -> Iterator[dict[str, str]]:
    """The comets and interstellar objects of a file in the columns of CometEls.txt."""
    for line in path.read_text(encoding="ascii").splitlines():
        called = line[102:158].strip()
        numbered = called[0].isdigit()
        designation, _, name = called.partition("/") if numbered else called.partition(" (")
        day, _, fraction = line[22:29].strip().partition(".")
        yield {
            "designation": designation,
            "name": name.rstrip(")").replace("`", "ʻ"),
            "kind": "interstellar" if designation.endswith("I") else "comet",
            "epoch": f"{line[81:85]}-{line[85:87]}-{line[87:89]}",
            "q": line[30:39].strip(),
            "e": line[41:49].strip(),
            "argument": line[51:59].strip(),
            "node": line[61:69].strip(),
            "i": line[71:79].strip(),
            "Tp": f"{line[14:18]}-{line[19:21]}-{int(day):02}.{fraction}",
            "H": line[91:95].strip(),
            "G": line[96:100].strip(),
            "source": f"Minor Planet Center, CometEls.txt, {line[159:].strip()}",
        }


def kind_of(designation: str) -> str:
    """What a minor planet of this number is."""
    return "dwarf planet" if designation in DWARF_PLANETS else "asteroid"


if __name__ == "__main__":
    main()
