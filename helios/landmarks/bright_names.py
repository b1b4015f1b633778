"""Names of the stars of the embedded catalogue."""

import csv
import gzip

from helios.catalogs_path import embedded


def bright_star_names() -> dict[int, str]:
    """Return the names of the embedded bright stars, by source_id in that list: proper name, else designation."""
    with gzip.open(embedded("bright_stars.csv.gz"), "rt", encoding="utf-8", newline="") as file:
        return {int(row["source_id"]): row["name"] for row in csv.DictReader(file)}
