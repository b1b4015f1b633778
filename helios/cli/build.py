"""`helios build`: catalogues in, a universe out."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from helios.building.config import BuildConfig
from helios.cli.options import config_from, options_from
from helios.schedulers.config import SchedulerConfig


@click.command()
@options_from(BuildConfig)
@options_from(SchedulerConfig)
@click.option(
    "--landmarks", type=Path, metavar="FILE", help="List of named places, JSON.  [default: the embedded list]"
)
@click.option("-o", "--output", type=Path, default=Path("universe"), show_default=True, help="Directory to make.")
@click.argument("more_stars", nargs=-1, type=Path, metavar="")
def build(landmarks: Path | None, output: Path, more_stars: tuple[Path, ...], **options):
    """Make a universe of stars: bin a catalogue into the cells of the grid.

    Rows that cannot be used are counted by reason. A universe at the output is replaced as a whole, or, on an
    error, left as it was.
    """
    from helios.building.build import build_universe
    from helios.cli.build_report import summary
    from helios.cli.meter import Meter
    from helios.landmarks import load_landmarks, outside_grid

    started = time.perf_counter()
    if more_stars and not options["stars"]:
        raise click.UsageError(f"Got unexpected extra argument ({more_stars[0]}); did you mean --stars?")
    options["stars"] += more_stars
    config = config_from(BuildConfig, options)
    places = load_landmarks(landmarks)
    with Meter(sys.stderr) as meter:
        report = build_universe(config, output, places, config_from(SchedulerConfig, options), meter)
    outside = [f"{landmark.name} ({reason})" for landmark, reason in outside_grid(places)]
    for line in summary(report, len(places), outside):
        click.echo(line)
    click.echo(f"{'time':<10}{time.perf_counter() - started:.2f} s")
