"""`helios pack`."""

import contextlib
import sys
from pathlib import Path

import click

import helios
from helios.cli.meter import Meter
from helios.cli.printing import echo
from helios.errors import InputError, StoreError
from helios.packing import DEFAULT_PACK, PACKS, SMALL
from helios.schedulers.local import start_ahead


def default_universe() -> Path:
    """Return `universe_trained` if it exists, else `universe`, both in the current directory."""
    trained = Path("universe_trained")
    return trained if trained.exists() else Path("universe")


universe_option = click.option(
    "--universe",
    "directory",
    type=Path,
    help="Universe; default: universe_trained if it exists, else universe.",
)


@click.command()
@universe_option
@click.option(
    "--format",
    "format_name",
    default=DEFAULT_PACK,
    show_default=True,
    help=f"One of {', '.join(PACKS.names())}.",
)
@click.option("-o", "--output", type=Path, help="Folder of the pack; default: pack, in the universe.")
@click.option("--site", type=Path, help="Also write a folder that any static server can serve: viewer and pack.")
@click.option("--tour", "tours", type=Path, multiple=True, help="A tour for the site; may be repeated.")
def pack(directory: Path | None, format_name: str, output: Path | None, site: Path | None, tours: tuple[Path, ...]):
    """Pack a universe for a web client, or make a whole site of it.

    The pack is a separate folder with all that a client reads. All of it is read back and compared before it replaces
    an older pack. The format v2 has all stars, each once, and the levels of detail, not the splats of trained cells.
    The format v1 has those; it regroups the cells of an adaptive universe, and of one of a depth below 5, into those of
    depth 5, the published grid; v1:depth=6 selects another depth, v1:loose_cells=false leaves out the files of single
    cells.
    With --site, the viewer and the pack are also written to one folder, with v1 the exact stars of trained cells too.
    """
    directory = directory or default_universe()
    if format_name == "v2":
        _start_ahead(directory)
    from helios.packing.site import require_place_for_site
    from helios.packing.tours import read_tour

    if tours and site is None:
        raise InputError("--tour: is for a site, give --site too")
    for path in tours:
        read_tour(path)
    universe = helios.open(directory)
    if site is not None:
        for place in filter(None, (universe.path, output)):
            require_place_for_site(site, place)
    with Meter(sys.stderr) as meter:
        packed = helios.pack(universe, output, format_name, on_event=meter)
    size, raw = packed.bytes_per_splat, packed.raw_splat_bytes
    echo(
        f"packed {packed.path}: {packed.cells:,} cells ({packed.trained_cells:,} trained), "
        f"{packed.splats:,} splats, {packed.size_bytes:,} bytes"
    )
    if packed.depth not in (None, universe.depth):
        before = "an adaptive tree" if universe.depth is None else f"depth {universe.depth}"
        echo(f"regrouped at depth {packed.depth} from {len(universe):,} cells of {before}")
    bare = f", {size / raw:.2f} x the bare {raw}" if raw else ""
    echo(f"{size:.1f} bytes per splat{bare}; read back: equal")
    if universe.trained.any() and not packed.trained_cells:
        trained = int(universe.trained.sum())
        echo(f"the splats of {trained:,} trained cells are not in it, all stars are: --format v1 packs those splats")
    if site is None:
        echo("make a site of it: helios pack --site site")
        return
    with Meter(sys.stderr) as meter:
        written = helios.write_site(universe, site, pack=output, tours=tours, on_event=meter)
    echo(f"site {site}: {written.splats:,} splats, {written.size_bytes:,} bytes")
    echo(f"look at it: helios serve {site}")


def _start_ahead(directory: Path) -> None:
    """Have the workers that a large universe takes start while this process imports what it needs itself."""
    from helios.universe.index import read_index
    from helios.universe.paths import index_path

    with contextlib.suppress(StoreError, KeyError, TypeError):  # a guess only: the universe itself is checked
        if read_index(index_path(directory))["totals"]["stars"] >= SMALL:
            start_ahead("helios.packing.v2.format")
