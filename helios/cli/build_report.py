"""The report that `helios build` prints at its end."""

from __future__ import annotations

from helios.building.build import BuildReport
from helios.solar.system import epoch_jyear

SHOWN = 5
"""Number of files, bad files and landmarks without a cell that are named; the others are only counted."""


def summary(report: BuildReport, landmarks: int, outside: list[str]) -> list[str]:
    """Return the lines of the report; `landmarks` is their number, `outside` names those without a cell."""
    counts, epoch = report.counts, report.config.epoch_jyear
    sources = [i.get("file") or f"synthetic, seed {i['seed']}" for i in report.inputs]
    lines = [
        f"{'read':<10}{counts.rows_read:,} rows ({_listed(sources)})",
        f"{'rejected':<10}{counts.rejected:,}",
        *(f"{'':<12}{why}: {r.count:,} (first: {r.first})" for why, r in counts.rejections.items()),
        *(f"{'note':<10}{note}" for note in report.notes[:SHOWN]),
    ]
    if len(report.notes) > SHOWN:
        lines.append(f"{'':<12}and {len(report.notes) - SHOWN:,} more")
    if report.bad_files:
        lines.append(
            f"{'skipped':<10}{len(report.bad_files):,} of {len(report.inputs) + len(report.bad_files):,} files"
        )
        lines += [f"{'':<12}{message}" for _, message in report.bad_files[:SHOWN]]
        if len(report.bad_files) > SHOWN:
            lines.append(f"{'':<12}and {len(report.bad_files) - SHOWN:,} more")
    if counts.white:
        lines.append(f"{'white':<10}{counts.white:,} (no bp_rp)")
        lines += [f"{'':<12}{why}: {r.count:,} (first: {r.first})" for why, r in counts.unused.items()]
    if report.config.johnson:
        lines.append(f"{'converted':<10}{counts.converted:,} V and B-V to G and BP-RP")
    if report.config.zero_point:
        lines += [
            f"{'corrected':<10}{counts.corrected:,} parallaxes, by their zero point",
            f"{'':<12}no zero point, taken as catalogued: {counts.uncorrected:,}",
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
    if report.config.epoch is not None:
        lines += [
            f"{'moved':<10}{report.stars - counts.unmoved:,} to J{epoch:.10g}",
            f"{'':<12}no radial_velocity, moved across the sky only: {counts.across:,}",
            f"{'':<12}no proper motion, left where they are: {counts.unmoved:,}",
        ]
    if report.bodies is not None:
        orbits, rejections = report.bodies.orbits, report.bodies.counts.rejections
        lines.append(f"{'bodies':<10}{len(orbits):,} of the solar system at J{epoch_jyear(orbits):.8g}")
        lines += [f"{'':<12}{why}: {r.count:,} (first: {r.first})" for why, r in rejections.items()]
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
