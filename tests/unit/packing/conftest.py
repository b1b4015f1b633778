"""The universes of `scene`, made once; tests that change one take a copy."""

import pytest

from helios.packing.pack import pack_universe
from tests.unit.packing import scene


@pytest.fixture(scope="session")
def stars(tmp_path_factory):
    """A universe of stars, not packed."""
    return scene.make_stars(tmp_path_factory.mktemp("stars") / "universe")


@pytest.fixture(scope="session")
def trained(stars, tmp_path_factory):
    """The same, every second cell trained, not packed."""
    return scene.make_trained(stars.path, tmp_path_factory.mktemp("trained") / "universe")


@pytest.fixture(scope="session")
def packed(trained, tmp_path_factory):
    """The directory of the partly trained universe, packed in its own cells."""
    path = scene.copy(trained.path, tmp_path_factory.mktemp("packed") / "universe")
    pack_universe(type(trained).open(path), format=scene.OWN_CELLS)
    return path


@pytest.fixture(scope="session")
def viewer(tmp_path_factory):
    """A directory that stands for the viewer's bundle."""
    return scene.make_viewer(tmp_path_factory.mktemp("viewer") / "web")
