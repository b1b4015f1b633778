"""Small universes that the tests of this folder share."""

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
