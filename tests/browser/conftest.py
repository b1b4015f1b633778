import pytest
from look import require_tools
from v1_site import naked_eye_stars, write_site
from v2_site import make_site

import helios


@pytest.fixture(scope="session", autouse=True)
def _tools():
    """Skip, or in CI fail, before any site is written."""
    require_tools()


@pytest.fixture(scope="session")
def naked_eye_site(tmp_path_factory):
    """The directory of a site of 288 real stars, down to magnitude 3.5."""
    return make_site(tmp_path_factory.mktemp("sites") / "naked_eye", naked_eye_stars())


@pytest.fixture(scope="session")
def naked_eye_site_v1(tmp_path_factory):
    """The directory of a site of these stars of the format v1, in both layers."""
    return write_site(tmp_path_factory.mktemp("sites") / "naked_eye_v1", naked_eye_stars())


@pytest.fixture(scope="session")
def universe(tmp_path_factory):
    """The universe of the embedded stars, with their motions, and of the embedded places."""
    return helios.build(output=tmp_path_factory.mktemp("embedded") / "universe")


@pytest.fixture(scope="session")
def site(universe):
    """The directory of its site."""
    helios.pack(universe)
    return helios.write_site(universe, universe.path.parent / "site").path
