"""`helios tour`: makes a tour from names of landmarks."""

from __future__ import annotations

from pathlib import Path

import click

from helios.cli.pack import default_universe, universe_option
from helios.cli.printing import echo


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@universe_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="JSON file to write.")
@click.option("--title", required=True, help="What the viewer calls the tour.")
@click.option("--seconds", type=float, default=10.0, show_default=True, help="How long to stay at each place, s.")
def tour(names: tuple[str, ...], directory: Path | None, output: Path, title: str, seconds: float) -> None:
    """Make a tour that flies to landmarks of a universe, in order, with their descriptions as texts.

    `helios pack --site DIR --tour FILE` puts it into a site. The file may be edited before: texts, durations, views.
    """
    import helios
    from helios.errors import InputError
    from helios.files import check_file, write_file
    from helios.landmarks import load_landmarks
    from helios.packing.tours import named_landmark, parse_tour, tour_text
    from helios.universe.paths import LANDMARKS

    check_file(output)
    universe = helios.open(directory or default_universe())
    listed = Path(universe.path) / LANDMARKS
    if not listed.is_file():
        raise InputError(f"{universe.path}: has no landmarks (build it with --landmarks)")
    landmarks = load_landmarks(listed)
    places = [named_landmark(landmarks, name, str(universe.path)) for name in names]
    content = tour_text(places, title, seconds).encode()
    parse_tour(output, content)
    write_file(output, content)
    echo(f"wrote {len(places):,} stops to {output}")
    echo(f"put it into a site: helios pack --site site --tour {output}")
