"""`helios generate-landmarks`: makes a list of landmarks from a catalogue."""

from pathlib import Path

import click

from helios.errors import InputError


@click.command("generate-landmarks")
@click.option("--count", type=int, required=True, help="Number of landmarks to make, at least 1.")
@click.option(
    "--method",
    type=click.Choice(["brightness", "quality"]),
    default="brightness",
    show_default=True,
    help="brightness: smallest apparent G; quality: most certain distance.",
)
@click.option(
    "--stars",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Star catalogue, a directory or pattern of them; may be given again.",
)
@click.option("--universe", type=click.Path(path_type=Path), help="Universe to take the stars of.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="JSON file to write.")
def generate_landmarks_command(
    count: int, method: str, stars: tuple[Path, ...], universe: Path | None, output: Path
) -> None:
    """Make a list of landmarks from a catalogue, a universe, or else the embedded bright stars.

    The list is what `helios build --landmarks` takes.
    """
    from helios.catalog import open_catalog
    from helios.catalog.cuts import Rejections
    from helios.catalog.files import open_catalogs
    from helios.catalogs_path import embedded
    from helios.landmarks import write_landmarks
    from helios.landmarks.bright_names import bright_star_names
    from helios.landmarks.generate import UniverseStars, generate_landmarks

    if stars and universe:
        raise InputError("--stars and --universe: must not be given together, drop one of them")
    names = {}
    if universe:
        readers = [UniverseStars(universe)]
        if readers[0].has_bright_stars:
            names = {-number: name for number, name in bright_star_names().items()}
    elif stars:
        readers = open_catalogs(stars)
    else:
        readers, names = [open_catalog(embedded("bright_stars.csv.gz"))], bright_star_names()
    rejections = Rejections()
    landmarks = generate_landmarks(readers, count, method, rejections, names)
    if rejections.total:
        click.echo(f"rejected {rejections.total:,} rows: {rejections}")
    if not landmarks:
        raise InputError(f"{', '.join(reader.name for reader in readers)}: no star that could be a landmark")
    write_landmarks(output, landmarks)
    short = f" (all there are; {count:,} were asked for)" if len(landmarks) < count else ""
    click.echo(f"wrote {len(landmarks):,} landmarks to {output}{short}")
