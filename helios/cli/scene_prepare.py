"""`helios scene prepare`: parses, has photographs placed, and says what became of them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helios.cli.entry_help import EntryCommand
from helios.cli.interrupt import STOPPED, Interruptible
from helios.cli.meter import Meter
from helios.cli.printing import echo
from helios.photos.solvers import SOLVERS

SHOWN = 20
"""Photographs left out that are told of one by one; prepared.json has all."""


@click.command(
    cls=EntryCommand,
    registries={"--solver": SOLVERS},
    help=f"""Find where the photographs in the folder IMAGES were taken from, and make a data set of them to train on.

    The data set has the photographs, their masks, and the largest COLMAP model that was found; prepared.json tells how
    many there were, and which photographs were left out and why. The same photographs give the same bytes. Solvers are
    {", ".join(SOLVERS.names())}; options follow as in pycolmap:max_features=8192,masked=false. With the solver
    command, --command names a program that reads {{images}} and {{masks}} and leaves a COLMAP model in {{output}}.
    """,
)
@click.option("-o", "--output", type=Path, required=True, metavar="DATA", help="Folder to make.")
@click.option("--solver", default=None, metavar="NAME", help="Who finds the places. [default: pycolmap]")
@click.option("--command", metavar="PROGRAM", help="A command line with {images} and {output} in it, as the solver.")
@click.option(
    "--masks",
    type=Path,
    metavar="FOLDER",
    help="Masks, NAME.png or NAME.EXT.png, black where pixels do not count. [default: masks beside IMAGES, if there]",
)
@click.argument("images", type=Path, metavar="IMAGES")
def prepare(images: Path, output: Path, solver: str | None, command: str | None, masks: Path | None) -> None:
    from helios.errors import InputError
    from helios.photos.solvers.prepare import prepare

    spec = solver or ("command" if command is not None else "pycolmap")
    if command is not None and spec != "command":
        raise InputError(f"--command: is for the solver command, not for {spec}")
    made = SOLVERS.make(spec, command=command)
    try:
        with Interruptible() as interruptible, Meter() as meter:
            prepared, was_there = prepare(images, output, made, masks, interruptible.reminding(meter))
    except KeyboardInterrupt:
        echo("stopped: the same command goes on with the stage it was in")
        sys.exit(STOPPED)
    count = len(prepared.models)
    echo(f"{prepared.registered:,} of {prepared.photographs:,} photographs placed by {prepared.made_by}")
    if count > 1:
        others = ", ".join(f"{size:,}" for size in prepared.models[1:])
        echo(f"they fell into {count} models: the largest is taken, the others have {others} photographs")
    error = prepared.reprojection_error_px
    seen = f", {error:.2f} px from where they are seen, in the mean" if error is not None else ""
    echo(f"{prepared.points:,} points{seen}")
    for note in prepared.notes:
        echo(note)
    if prepared.masks:
        echo(f"{prepared.masks:,} photographs have a mask")
    for name, why in list(prepared.left_out.items())[:SHOWN]:
        echo(f"left out {name}: {why}")
    if (more := len(prepared.left_out) - SHOWN) > 0:
        echo(f"left out {more:,} more, see {output / 'prepared.json'}")
    echo(f"{output}: is there already" if was_there else f"wrote {output}")
