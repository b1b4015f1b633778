"""`helios pack`."""

from pathlib import Path

import click


def default_universe() -> Path:
    """`universe_trained` where it exists, else `universe`, both in the current directory."""
    trained = Path("universe_trained")
    return trained if trained.exists() else Path("universe")


universe_option = click.option(
    "--universe",
    "directory",
    type=Path,
    help="Universe; default: universe_trained where it exists, else universe.",
)


@click.command()
@universe_option
@click.option("--site", type=Path, help="Also write a folder that any static server can serve: viewer and pack.")
def pack(directory: Path | None, site: Path | None):
    """Pack a universe for a web client, or make a whole site of it.

    Writes cells/, cells.pack.bin and cells.pack.json into the universe, reads every cell back and compares it.
    The cells of an adaptive universe are regrouped into those of depth 5, the published grid.
    With --site, the viewer, the pack and the exact stars of trained cells also become one folder.
    """
    from helios.pack.site import require_place_for_site, write_site
    from helios.pack.v1_cell import RECORD, V1_DEPTH
    from helios.pack.v1_writer import pack_universe
    from helios.universe import Universe

    universe = Universe.open(directory or default_universe())
    if site is not None:
        require_place_for_site(site, universe.path)
    packed = pack_universe(universe, show_progress)
    size = packed.bytes_per_splat
    click.echo(
        f"packed {universe.path}: {packed.cells:,} cells ({packed.trained_cells:,} trained), "
        f"{packed.splats:,} splats, {packed.size_bytes:,} bytes"
    )
    if universe.depth is None:
        click.echo(f"regrouped at depth {V1_DEPTH} from {len(universe):,} cells of an adaptive tree")
    click.echo(
        f"{size:.1f} bytes per splat, {size / RECORD.itemsize:.2f} x the bare {RECORD.itemsize}; read back: equal"
    )
    if site is None:
        click.echo("make a site of it: helios pack --site site")
        return
    written = write_site(Universe.open(universe.path), site, track=show_progress)
    click.echo(f"site {site}: {written.splats:,} splats, {written.size_bytes:,} bytes")
    click.echo(f"look at it: helios serve {site}")


def show_progress(indices, what: str):
    """Pass `indices` on with a bar on stderr where someone is watching."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(indices, what, console=console, transient=True, disable=not console.is_terminal)
