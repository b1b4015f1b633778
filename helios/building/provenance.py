"""What a universe says of how it was made: versions, options, inputs, and what became of every row."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from helios import __version__
from helios.building.config import BuildConfig
from helios.catalog.counts import Counts

LIBRARIES = ("astropy", "numcodecs", "numpy", "pyarrow", "zarr")
"""Packages that read, place and compress stars: another version may give other bytes."""


def versions() -> dict[str, str]:
    """Return the installed versions of LIBRARIES."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def provenance_of(
    config: BuildConfig,
    counts: Counts,
    stars: int,
    inputs: list[dict[str, Any]],
    bad_files: list[str],
    notes: list[str],
) -> dict[str, Any]:
    """Return the provenance of a universe of so many `stars`; arguments are as in a `BuildReport`.

    What an option counts is there only with the option.
    """
    provenance: dict[str, Any] = {
        "helios": __version__,
        "versions": versions(),
        "command": "build",
        "options": config.provenance(),
        "inputs": inputs,
        "bad_files": bad_files,
        "rows_read": counts.rows_read,
        "rejected": counts.by_reason(),
        "kept": stars,
        "without_bp_rp": counts.white,
    }
    if notes:
        provenance["notes"] = notes
    if counts.unused:
        provenance["unused"] = {why: counts.unused[why].count for why in sorted(counts.unused)}
    if config.epoch_jyear is not None:
        provenance |= {"without_proper_motion": counts.unmoved, "moved_across_only": counts.across}
    if config.johnson:
        provenance["converted_from_johnson"] = counts.converted
    if config.zero_point:
        provenance |= {"zero_point_subtracted": counts.corrected, "without_zero_point": counts.uncorrected}
    return provenance
