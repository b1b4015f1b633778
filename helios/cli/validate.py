"""`helios validate`."""

import sys
from pathlib import Path

import click

import helios
from helios.cli.printing import echo


@click.command()
@click.option(
    "--show", type=click.IntRange(min=1), default=5, show_default=True, help="Findings to print of each kind."
)
@click.argument("directory", type=Path, default=Path("universe"), metavar="[UNIVERSE]")
def validate(show: int, directory: Path):
    """Check a universe: every file, every star, every splat, and the pack that lies in it.

    Reads all of it, and prints a line for each error: what is wrong, where, and what was promised. Exits with 0 if
    nothing is wrong, else with 1.
    """
    found = helios.validate(directory, show)
    if found.sound and found.depths:
        least, greatest = found.depths
        echo(
            f"{directory}: sound, {found.stars:,} stars in {found.cells:,} cells at depths {least} to {greatest}, "
            f"{found.splats:,} splats in {found.trained:,} trained cells"
        )
        return
    for line in found.findings.lines():
        echo(line)
    for what in found.skipped:
        echo(f"not checked: {what}")
    echo(f"{directory}: not sound, {len(found.findings):,} wrong in {len(found.findings.counts):,} kinds")
    sys.exit(1)
