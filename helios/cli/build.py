"""`helios build`: makes a universe from catalogues."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

import helios
from helios.building.config import BuildConfig
from helios.cli.meter import Meter
from helios.cli.options import options_from
from helios.cli.printing import echo
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

    Unusable rows are counted by reason. An existing universe at the output is replaced as a whole or, if an error
    occurs, left as it was.
    """
    from helios.cli.build_report import summary
    from helios.cli.interrupt import Interruptible
    from helios.landmarks import outside_grid

    started = time.perf_counter()
    if more_stars and not options["stars"]:
        raise click.UsageError(f"Got unexpected extra argument ({more_stars[0]}); did you mean --stars?")
    stars = (*options.pop("stars"), *more_stars)
    places = helios.load_landmarks(landmarks)
    with Interruptible() as interrupts, Meter(sys.stderr) as meter:
        helios.build(stars, output, landmarks=places, on_event=interrupts.reminding(meter), **options)
    outside = [f"{landmark.name} ({reason})" for landmark, reason in outside_grid(places)]
    for line in summary(meter.result, len(places), outside):
        echo(line)
    echo(f"{'time':<10}{time.perf_counter() - started:.2f} s")
