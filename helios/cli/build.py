"""`helios build`: catalogues in, a universe out."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from helios.building.build import BuildReport, build_universe
from helios.building.config import BuildConfig
from helios.cli.meter import Meter
from helios.cli.options import config_from, options_from
from helios.schedulers.config import SchedulerConfig

SHOWN = 5
"""Files, bad files and landmarks without a cell that are named; of the others the number is enough."""


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
    from helios.landmarks import load_landmarks, outside_grid, write_landmarks
    from helios.universe.paths import landmarks_path

    started = time.perf_counter()
    if more_stars and not options["stars"]:
        raise click.UsageError(f"Got unexpected extra argument ({more_stars[0]}); did you mean --stars?")
    options["stars"] += more_stars
    config = config_from(BuildConfig, options)
    places = load_landmarks(landmarks)
    with Meter(sys.stderr) as meter:
        report = build_universe(
            config,
            output,
            lambda directory: write_landmarks(landmarks_path(directory), places),
            config_from(SchedulerConfig, options),
            meter,
        )
    outside = [f"{landmark.name} ({reason})" for landmark, reason in outside_grid(places)]
    for line in _summary(report, len(places), outside):
        click.echo(line)
    click.echo(f"{'time':<10}{time.perf_counter() - started:.2f} s")


def _summary(report: BuildReport, landmarks: int, outside: list[str]) -> list[str]:
    sources = [i.get("file") or f"synthetic, seed {i['seed']}" for i in report.inputs]
    lines = [
        f"{'read':<10}{report.rows_read:,} rows ({_listed(sources)})",
        f"{'rejected':<10}{report.rejections.total:,}",
        *(f"{'':<12}{why}: {r.count:,} (first: {r.first})" for why, r in report.rejections.reasons.items()),
    ]
    if report.bad_files:
        lines.append(
            f"{'skipped':<10}{len(report.bad_files):,} of {len(report.inputs) + len(report.bad_files):,} files"
        )
        lines += [f"{'':<12}{message}" for _, message in report.bad_files[:SHOWN]]
        if len(report.bad_files) > SHOWN:
            lines.append(f"{'':<12}and {len(report.bad_files) - SHOWN:,} more")
    if report.white:
        lines.append(f"{'white':<10}{report.white:,} (no bp_rp)")
    if report.corrected is not None:
        lines += [
            f"{'corrected':<10}{report.corrected[0]:,} parallaxes, by their zero point",
            f"{'':<12}no zero point, taken as catalogued: {report.corrected[1]:,}",
        ]
    if report.merged is not None:
        merged = report.merged.provenance()
        lines += [
            f"{'merged':<10}{merged['rows']:,} rows that are bright stars of the embedded list",
            f"{'':<12}measured well, as the catalogues have them: {merged['as_surveyed']:,}",
            f"{'':<12}mismeasured, replaced from the list: {merged['replaced']:,}",
            f"{'':<12}the same star again, left out: {merged['repeated']:,}",
            f"{'added':<10}{merged['added']:,} bright stars that the catalogues lack",
        ]
    if report.epoch is not None:
        lines += [
            f"{'moved':<10}{report.stars - report.unmoved:,} to J{report.epoch:.10g}",
            f"{'':<12}no radial_velocity, moved across the sky only: {report.across:,}",
            f"{'':<12}no proper motion, left where they are: {report.unmoved:,}",
        ]
    lines.append(f"{'landmarks':<10}{landmarks:,}")
    if outside:
        lines.append(f"{'':<12}places without a cell: {len(outside):,}: {_listed(outside)}")
    mean = report.stars / report.cells
    return [
        *lines,
        f"{'stars':<10}{report.stars:,}",
        f"{'cells':<10}{report.cells:,} at {_depths(report.depths)}, {mean:.1f} stars each on average",
        f"{'made':<10}{report.path}, {report.size_bytes / 1e6:.2f} MB",
    ]


def _depths(depths: tuple[int, int]) -> str:
    least, greatest = depths
    return f"depth {least}" if least == greatest else f"depths {least} to {greatest}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
