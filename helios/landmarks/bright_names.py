"""Names of the stars of the embedded catalogue."""

from helios.catalogs_path import embedded_rows


def bright_star_names() -> dict[int, str]:
    """Return the names of the embedded bright stars, by source_id in that list: proper name, else designation."""
    return {int(row["source_id"]): row["name"] for row in embedded_rows("bright_stars.csv.gz")}
