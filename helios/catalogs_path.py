"""Where the small catalogues that ship with Helios lie."""

import csv
import gzip
from pathlib import Path

from helios.errors import InputError

PLACES = (Path(__file__).parent / "_catalogs", Path(__file__).parent.parent / "catalogs")
"""Inside an installed package, and beside the package in a checkout."""


def embedded(name: str) -> Path:
    """Return the path of the embedded catalogue file `name`, for example `bright_stars.csv.gz`.

    Raises InputError where the installation has lost it.
    """
    for place in PLACES:
        if (place / name).is_file():
            return place / name
    raise InputError(f"{name}: not among the catalogues of this installation; install Helios again")


def embedded_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of the embedded gzipped CSV file `name` as texts by column. Raises InputError as `embedded`."""
    with gzip.open(embedded(name), "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
