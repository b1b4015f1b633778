"""Where the small catalogues that ship with Helios lie."""

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
