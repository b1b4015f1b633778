"""Universes to take pictures of."""

import pytest

from tests.unit.packing import scene


@pytest.fixture(scope="package")
def stars(tmp_path_factory):
    """400 synthetic stars in the cells of depth 2."""
    return scene.make_stars(tmp_path_factory.mktemp("stars") / "universe", count=400)


@pytest.fixture(scope="package")
def trained(stars, tmp_path_factory):
    """The same, every second cell with splats."""
    return scene.make_trained(stars.path, tmp_path_factory.mktemp("trained") / "universe")
