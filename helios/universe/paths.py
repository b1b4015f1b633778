"""The names of all files of a universe."""

from pathlib import Path

INDEX = "index.json"
LANDMARKS = "landmarks.json"
BODIES = "bodies.parquet"
STORE = "universe.zarr"
JOURNAL = "training"
PACK = "pack"


def index_path(universe: Path) -> Path:
    """Return the path of the manifest: version, grid, tree and totals, readable with jq."""
    return universe / INDEX


def landmarks_path(universe: Path) -> Path:
    """Return the path of the list of landmarks."""
    return universe / LANDMARKS


def bodies_path(universe: Path) -> Path:
    """Return the path of the file of the solar system's small bodies and spacecraft."""
    return universe / BODIES


def store_path(universe: Path) -> Path:
    """Return the path of the zarr store: emitters, cells, provenance and the results of training."""
    return universe / STORE


def journal_path(universe: Path) -> Path:
    """Return the folder of the journal: the results so far of training runs that have not ended."""
    return universe / JOURNAL


def pack_path(universe: Path) -> Path:
    """Return the default path of the pack of a universe."""
    return universe / PACK


def is_universe(path: Path) -> bool:
    """Return whether `path` is a universe, intact or damaged."""
    return (store_path(path) / "zarr.json").is_file()


def may_be_replaced(path: Path) -> bool:
    """Return whether `path` is a universe, intact or damaged, and has no file of its owner in it."""
    return is_universe(path) and all(_is_ours(name.name) for name in path.iterdir())


def _is_ours(name: str) -> bool:
    names = (INDEX, LANDMARKS, BODIES, STORE, JOURNAL, PACK)
    return name in names or any(name.startswith(f".{known}.") for known in names)
