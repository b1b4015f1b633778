"""`helios generate-landmarks`: makes a list of landmarks from a catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from helios.catalog import Reader
from helios.cli.printing import echo
from helios.errors import InputError
from helios.landmarks.generators import GENERATORS


@click.command("generate-landmarks")
@click.option("--count", type=int, required=True, help="Number of landmarks to make, at least 1.")
@click.option(
    "--method",
    default="brightness",
    show_default=True,
    metavar="NAME[:OPTION=VALUE,...]",
    help=f"What makes a star a landmark: {', '.join(GENERATORS.names())}.",
)
@click.option(
    "--stars",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Star catalogue, or a directory or pattern of catalogues; may be repeated.",
)
@click.option("--universe", type=click.Path(path_type=Path), help="Universe to take the stars from.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="JSON file to write.")
def generate_landmarks_command(
    count: int, method: str, stars: tuple[Path, ...], universe: Path | None, output: Path
) -> None:
    """Make a list of landmarks from a catalogue, a universe, or else the embedded bright stars.

    `helios build --landmarks` reads the list.
    """
    from helios.catalog.bright_stars import EMBEDDED_STARS
    from helios.catalog.files import open_catalogs
    from helios.catalogs_path import embedded
    from helios.files import check_file
    from helios.landmarks import write_landmarks
    from helios.landmarks.bright_names import bright_star_names
    from helios.landmarks.generate import UniverseStars, generate_landmarks

    check_file(output)
    if stars and universe:
        raise InputError("--stars and --universe: must not be given together, drop one of them")
    names: dict[int, str] = {}
    readers: list[Reader]
    if universe:
        readers = [built := UniverseStars(universe)]
        if built.has_bright_stars:
            names = {-number: name for number, name in bright_star_names().items()}
    elif stars:
        readers = open_catalogs(stars)
    else:
        readers, names = open_catalogs([embedded(EMBEDDED_STARS)]), bright_star_names()
    landmarks, counts = generate_landmarks(readers, count, method, names)
    if counts.rejected:
        echo(f"rejected {counts.rejected:,} rows: {counts.reasons()}")
    if not landmarks:
        raise InputError(f"{', '.join(reader.name for reader in readers)}: no star that could be a landmark")
    write_landmarks(output, landmarks)
    short = f" (all there are; {count:,} were asked for)" if len(landmarks) < count else ""
    echo(f"wrote {len(landmarks):,} landmarks to {output}{short}")
