import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from look import require_tools
from v1_site import naked_eye_stars, write_site
from v2_site import make_random_site, make_site

import helios


@pytest.fixture(scope="session", autouse=True)
def _tools():
    """Skip, or in CI fail, before any site is written."""
    require_tools()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Gives the folder of a name, which a function fills, once for all processes of `pytest -n`; no test changes it."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def made_once(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = root / f"made-{name}", root / f"made-{name}.done"
        with FileLock(root / f"made-{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made_once


@pytest.fixture(scope="session")
def naked_eye_site(made_once):
    """The directory of a site of 288 real stars, down to magnitude 3.5."""
    return made_once("naked_eye", lambda folder: make_site(folder, naked_eye_stars())) / "site"


@pytest.fixture(scope="session")
def naked_eye_site_v1(made_once):
    """The directory of a site of these stars of the format v1, in both layers."""
    return made_once("naked_eye_v1", lambda folder: write_site(folder / "site", naked_eye_stars())) / "site"


def _embedded(folder: Path) -> None:
    universe = helios.build(output=folder / "universe", solar_system="none")
    helios.pack(universe)
    helios.write_site(universe, folder / "site")


@pytest.fixture(scope="session")
def site(made_once):
    """The directory of a site of the embedded stars, with their motions, and places, without planets."""
    return made_once("embedded", _embedded) / "site"


@pytest.fixture(scope="session")
def universe(site):
    """Its universe."""
    return helios.open(site.parent / "universe")


@pytest.fixture(scope="session")
def site_v1(universe, made_once):
    """The directory of a site of this universe of the format v1."""

    def make(folder: Path) -> None:
        pack = helios.pack(universe, folder / "pack", format="v1")
        helios.write_site(universe, folder / "site", pack=pack.path)

    return made_once("embedded_v1", make) / "site"


@pytest.fixture(scope="session")
def deep(made_once):
    """The directory of a site v2 that is a tree of some levels: 20,000 random faint stars and the embedded ones."""
    return made_once("deep", lambda folder: make_random_site(folder, merge_bright=True)) / "site"
