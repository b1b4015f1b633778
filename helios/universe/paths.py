"""Every file name of a universe, in one place."""

from pathlib import Path

INDEX = "index.json"
LANDMARKS = "landmarks.json"
STORE = "universe.zarr"
JOURNAL = "training"
PACK = "pack"


def index_path(universe: Path) -> Path:
    """The manifest: version, grid, tree and totals, readable with jq."""
    return universe / INDEX


def landmarks_path(universe: Path) -> Path:
    """The named places."""
    return universe / LANDMARKS


def store_path(universe: Path) -> Path:
    """The zarr store: emitters, cells, provenance and what training adds."""
    return universe / STORE


def journal_path(universe: Path) -> Path:
    """What a training run that has not ended has trained so far."""
    return universe / JOURNAL


def pack_path(universe: Path) -> Path:
    """Where the pack of a universe lies that is given no other place."""
    return universe / PACK


def is_universe(path: Path) -> bool:
    """Whether `path` is a universe, sound or damaged: what a build may replace."""
    return (store_path(path) / "zarr.json").is_file()
