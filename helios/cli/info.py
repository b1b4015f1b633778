"""`helios info`: what is in a universe and what it was made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import helios
from helios.cli.printing import echo
from helios.cli.quality_lines import quality_lines
from helios.errors import StoreError

_TOLD = {"helios", "versions", "command", "options", "inputs", "bad_files", "rows_read", "rejected", "merged", "kept"}
"""Entries of the provenance that have their own lines; others are printed under their names."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
@click.argument("directory", type=Path, default=Path("universe"), metavar="[UNIVERSE]")
def info(as_json: bool, directory: Path):
    """Tell what is in a universe and what it was made of.

    Prints its grid, cells, stars and splats; the catalogues with their hashes, the command and its options, the
    versions of the software that made it, and the numbers of rows read, rejected by reason, and kept. `helios validate`
    checks them.
    """
    summary = helios.info(directory)
    if as_json:
        click.echo(json.dumps({"universe": str(directory), **summary}, indent=2))
        return
    _line("universe", f"{directory}, version {summary['version']}")
    _line("digest", summary["fingerprint"])
    for name, text in _contents(summary):
        _line(name, text)
    try:
        lines = _provenance(summary["provenance"], summary["stars"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{directory}: damaged, its provenance does not read ({error}); build it again") from error
    for name, text in lines:
        _line(name, text)


def _line(name: str, text: str) -> None:
    echo(f"{name:<9} {text}" if name else f"{'':<12}{text}")


def _contents(summary: dict[str, Any]) -> list[tuple[str, str]]:
    per_cell, training = summary["stars_per_cell"], summary["training"]
    rule = (
        f"all of depth {summary['depth']}"
        if summary["depth"] is not None
        else f"split while they held more than {summary['leaf_capacity']:,} stars"
    )
    lines = [
        ("cells", f"{summary['cells']:,}, {rule}; {summary['inner_cells']:,} inner cells above them"),
        *(
            ("", f"depth {depth}: {count['cells']:,} cells, {count['inner_cells']:,} inner cells")
            for depth, count in summary["depths"].items()
        ),
        (
            "stars",
            f"{summary['stars']:,} ({per_cell['least']:,} to {per_cell['most']:,} in a cell, "
            f"median {per_cell['median']:g})",
        ),
    ]
    if not training["cells"]:
        lines.append(("trained", "0 cells"))
    else:
        outcomes = ", ".join(f"{name} {count:,}" for name, count in training["outcomes"].items())
        lines.append(("trained", f"{training['cells']:,} cells ({outcomes}), {training['settings']:,} settings"))
        lines.append(("splats", f"{training['splats']:,} for {training['stars']:,} stars"))
        lines += [("", line) for line in quality_lines(training["quality"])]
    if training["levels"]["cells"]:
        taken, cells = training["levels"]["taken"], training["levels"]["cells"]
        lines.append(("levels", f"{taken:,} of {cells:,} trained cells take what they were trained to"))
    if summary["packed_bytes"]:
        lines.append(("packed", f"{summary['packed_bytes']:,} bytes"))
    return lines


def _provenance(provenance: dict[str, Any], stars: int) -> list[tuple[str, str]]:
    versions = {"helios": provenance.get("helios", "not recorded"), **provenance.get("versions", {})}
    options = ", ".join(f"{name} {_shown(value)}" for name, value in provenance.get("options", {}).items())
    inputs, bad_files = provenance.get("inputs", []), provenance.get("bad_files", [])
    rejected = provenance.get("rejected", {})
    lines = [
        ("command", f"{provenance.get('command', 'not recorded')}: {options}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("inputs", f"{len(inputs):,}"),
        *(("", line) for source in inputs for line in _input(source)),
    ]
    if bad_files:
        lines += [("skipped", f"{len(bad_files):,} files"), *(("", name) for name in bad_files)]
    if "rows_read" in provenance:
        lines.append(("read", f"{provenance['rows_read']:,} rows"))
    lines.append(("rejected", f"{sum(rejected.values()):,}"))
    lines += [("", f"{why}: {count:,}") for why, count in rejected.items()]
    if merged := provenance.get("merged"):
        counts = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in merged.items() if name != "rows")
        lines.append(("merged", f"{merged['rows']:,} rows with the embedded bright stars ({counts})"))
    lines.append(("kept", f"{provenance.get('kept', stars):,}"))
    if white := provenance.get("without_bp_rp"):
        lines.append(("white", f"{white:,} (no bp_rp)"))
    others = provenance.keys() - _TOLD - {"without_bp_rp"}
    return lines + [(name, _shown(provenance[name])) for name in sorted(others)]


def _input(source: dict[str, Any]) -> list[str]:
    if "file" not in source:
        return [", ".join(f"{name} {_shown(value)}" for name, value in source.items())]
    lines = [f"{source['file']}, {source['size_bytes']:,} bytes", f"  sha256 {source['sha256']}"]
    if schema := source.get("schema"):
        columns = schema.get("columns", {}).items()
        renamed = [f"{name} = {origin}" for name, origin in columns if name != origin]
        lines.append(", ".join([f"  schema {schema['name']}", f"epoch {_shown(schema.get('ref_epoch'))}", *renamed]))
    return lines


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value)
