"""The small universes of these tests are made as those of the store's are."""

from tests.unit.universe.conftest import gaia_csv, make

__all__ = ["gaia_csv", "make"]
