"""`helios export`."""

from pathlib import Path

import click

import helios
from helios.cli.pack import default_universe, universe_option
from helios.cli.printing import echo
from helios.constants import PARSEC_M
from helios.packing import EXPORTERS


@click.command()
@universe_option
@click.option(
    "--format",
    "format_name",
    default="ply",
    show_default=True,
    help=f"One of {', '.join(EXPORTERS.names())}.",
)
@click.option("--cells", "named", multiple=True, metavar="DEPTH_L_THETA_PHI...", help="Cells to write; default: all.")
@click.option("--level", type=int, help="A cut of the levels of detail instead: cells above this depth are open.")
@click.option("--budget", type=int, help="A cut of so many splats at most, the best for the sky of the Sun.")
@click.option("-o", "--output", type=Path, required=True, help="File to write.")
@click.argument("more", nargs=-1, metavar="")
def export(
    directory: Path | None,
    format_name: str,
    named: tuple[str, ...],
    level: int | None,
    budget: int | None,
    output: Path,
    more: tuple[str, ...],
):
    """Write cells in a format that other programs read.

    ply is the format of 3D Gaussian splatting, spz Niantic's compressed one, glb and gltf are glTF with
    KHR_gaussian_splatting. csv is a table of the stars, also of trained cells: source_id, ra, dec,
    distance_pc, phot_g_mean_mag, bp_rp; csv:splats=true writes the splats of trained cells instead.
    --cells takes one or several cells, separated by spaces or commas; if all cells have one depth, L_THETA_PHI is
    enough. --level and --budget write levels of detail instead: fewer splats that hold all light. All splats are in
    one frame that fits them, with opacities and colours from 0 to 1.
    """
    given = (*named, *more)
    names = [name for text in given for name in text.split(",") if name]
    universe, cells = directory or default_universe(), names if given else None
    written = helios.export(universe, output, format_name, cells, level=level, budget=budget)
    held = f"{written.cells:,} cells, " if level is None and budget is None else ""
    echo(f"wrote {output}: {held}{written.splats:,} splats, {written.size_bytes:,} bytes")
    if written.origin_m and written.unit_m:
        place = " ".join(f"{x / PARSEC_M:.9g}" for x in written.origin_m)
        origin = f"at {place} pc (ecliptic)" if any(written.origin_m) else "the Sun"
        echo(f"a unit of its coordinates is {written.unit_m / PARSEC_M:.9g} pc, their origin {origin}")
    if written.faint_share:
        share = f"{100 * written.faint_share:.2g}"
        echo(f"{share} % of the light is in splats of an opacity below 1/255, which most viewers do not draw")
    for note in written.notes:
        echo(note)
