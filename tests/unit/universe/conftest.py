"""Small universes that the tests of this folder share."""

import shutil
from pathlib import Path

import pytest

from helios.building.build import BuildReport, build_universe
from helios.building.config import BuildConfig

DATA = Path(__file__).parents[2] / "data"


def add_nothing(directory: Path) -> None:
    """No landmarks."""


@pytest.fixture(scope="session")
def gaia_csv() -> Path:
    """200 real stars of Gaia DR3."""
    return DATA / "gaia_200.csv"


@pytest.fixture
def make(tmp_path):
    """Builds `tmp_path/NAME` of a BuildConfig's options and returns the report."""

    def make(name="universe", **options) -> BuildReport:
        return build_universe(BuildConfig(**options), tmp_path / name)

    return make


@pytest.fixture(scope="session")
def _originals(tmp_path_factory):
    return tmp_path_factory.mktemp("originals"), {}


@pytest.fixture
def copy_of(tmp_path, _originals):
    """Makes `tmp_path/universe`, of a BuildConfig's options, that a test may damage: it is built once, and copied."""
    folder, paths = _originals

    def copy_of(**options) -> Path:
        key = repr(sorted(options.items()))
        if key not in paths:
            paths[key] = build_universe(BuildConfig(**options), folder / str(len(paths))).path
        return shutil.copytree(paths[key], tmp_path / "universe")

    return copy_of
