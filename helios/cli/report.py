"""`helios report`."""

import sys
from pathlib import Path

import click

import helios
from helios.cli.meter import Meter
from helios.cli.pack import default_universe
from helios.cli.printing import echo
from helios.reporting.section import bytes_text


@click.command()
@click.option(
    "-o", "--output", type=Path, default="report.html", show_default=True, help="The page to write, one HTML file."
)
@click.option("--metrics", type=Path, metavar="FILE", help="Also write the numbers of the page, as JSON.")
@click.option(
    "--convergence", type=Path, metavar="FILE", help="Also write the loss curve of the training alone, as a PNG."
)
@click.argument("directory", type=Path, required=False, metavar="[UNIVERSE]")
def report(output: Path, metrics: Path | None, convergence: Path | None, directory: Path | None):
    """Write a page about a universe that anyone can read: its sky, its stars, and how well it is trained.

    The page is one file that loads nothing and may be mailed. UNIVERSE is by default universe_trained if it exists,
    else universe. --convergence needs the extra `report`.
    """
    with Meter(sys.stderr) as meter:
        written = helios.report(
            directory or default_universe(), output, metrics=metrics, convergence=convergence, on_event=meter
        )
    echo(f"wrote {output}: {bytes_text(written.size_bytes)}")
    for path in filter(None, (metrics, convergence)):
        echo(f"wrote {path}")
