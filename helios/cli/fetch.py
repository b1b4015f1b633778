"""`helios fetch`: writes stars of an archive to a Parquet file."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

import helios
from helios.cli.interrupt import STOPPED
from helios.cli.meter import Meter
from helios.cli.options import options_from
from helios.cli.printing import echo
from helios.fetching.archives import ARCHIVES
from helios.fetching.config import FetchConfig


@click.command(
    help=f"""Fetch stars of an ARCHIVE ({", ".join(ARCHIVES.names())}) as a Parquet file that `helios build --stars`
    reads.

    Stars are fetched in pieces, bright ones first. After Ctrl-C, a crash or a lost connection the same command
    continues with the missing pieces. The queries and their times are recorded beside the file in FILE.query.json.
    """
)
@options_from(FetchConfig)
@click.option("-o", "--output", type=Path, help="Parquet file to make.  [default: ARCHIVE.parquet]")
@click.argument("archive", metavar="ARCHIVE")
def fetch(output: Path | None, **options):
    began = time.monotonic()
    try:
        with Meter() as meter:
            result = helios.fetch(output=output, on_event=meter, **options)
    except KeyboardInterrupt:
        echo("stopped: the same command goes on with the pieces that are missing")
        sys.exit(STOPPED)
    if result.found_from is None:
        size = f"{result.size_bytes / 1e6:.2f} MB"
        words = f"wrote {result.path}: {result.rows:,} stars, {size}; the queries: {result.record}"
    else:
        words = f"{result.path}: is there already, {result.rows:,} stars fetched {result.found_from}"
    echo(f"{words}, {time.monotonic() - began:.1f} s")
