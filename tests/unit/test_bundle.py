"""The viewer that the package ships is what its source builds, byte for byte, from nothing but the npm registry.

The source is copied without what is installed beside it, as a fresh clone would have it. Its own tests and type check
run here too, on the same installation.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.packing.v2.pack_scene import pack_of_several_shards

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "client_export"
VECTORS = ("ephemeris", "points", "solar_view", "v2")
READ_BY_TESTS = (*(ROOT / "tests" / "data" / name for name in VECTORS), ROOT / "catalogs")
BUNDLE = ROOT / "helios" / "web"
TIMEOUT_S = 600


def files_under(root: Path) -> dict[str, bytes]:
    """Path from `root` and content of every file under it."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def npm(directory: Path, *arguments: str, **variables: str) -> None:
    """Run npm in a directory, with more variables in its environment; its output becomes the failure's text."""
    done = subprocess.run(
        ["npm", *arguments],
        cwd=directory,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A copy of the viewer's source with its packages installed from the lock file."""
    if shutil.which("npm") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("building the viewer needs Node and npm")
    directory = tmp_path_factory.mktemp("clone") / "client_export"
    shutil.copytree(SOURCE, directory, ignore=shutil.ignore_patterns("node_modules"))
    for folder in READ_BY_TESTS:
        shutil.copytree(folder, directory.parent / folder.relative_to(ROOT))
    npm(directory, "ci", "--no-audit", "--no-fund")
    return directory


def test_bundle_is_what_the_source_builds(clone, tmp_path):
    npm(clone, "run", "build", "--", "--outDir", str(tmp_path / "web"))
    built, shipped = files_under(tmp_path / "web"), files_under(BUNDLE)
    assert sorted(built) == sorted(shipped)
    for name, content in built.items():
        assert content == shipped[name], f"helios/web/{name} is not what client_export builds: run `make web`"


def test_scripts_and_styles_bear_their_content_in_their_names(clone, tmp_path):
    """What is served for ever under a name must never change under it."""
    shipped = files_under(BUNDLE)
    scripts = [name for name in shipped if name.endswith((".js", ".css"))]
    assert {Path(name).suffix for name in scripts} == {".js", ".css"}
    for name in scripts:
        assert re.fullmatch(r"assets/[a-z_]+-[0-9a-f]{8}\.(js|css)", name)
    entry = [name for name in scripts if Path(name).name.startswith("viewer-")]
    assert sorted(re.findall(r'="\./(assets/[^"]+)"', shipped["index.html"].decode())) == sorted(entry)
    style = clone / "src" / "style.css"
    before = style.read_text()
    try:
        style.write_text(before.replace("{", "{ opacity: 0.5;", 1))
        npm(clone, "run", "build", "--", "--outDir", str(tmp_path / "web"))
    finally:
        style.write_text(before)
    built = files_under(tmp_path / "web")
    assert not [name for name in entry if name.endswith(".css") and name in built]
    assert all(built[name] == shipped[name] for name in scripts if name in built)


def test_the_code_of_the_first_sky_is_small_and_our_own():
    """Of 200 kB for a first sky, stars, glow, names, index and page take 135; a package would need its licence."""
    [script] = (BUNDLE / "assets").glob("viewer-*.js")
    assert script.stat().st_size < 65_000
    assert "dependencies" not in json.loads((SOURCE / "package.json").read_text())


def test_types_and_tests_of_the_source(clone):
    npm(clone, "run", "check")
    npm(clone, "test")


@pytest.mark.slow
def test_the_viewer_tells_each_of_a_thousand_faults(clone, tmp_path):
    """As `test_v2_damage.py` has it of Python's reader, of a pack of several shards and pages."""
    pack = pack_of_several_shards(tmp_path)
    assert pack.head.n_shards > 1
    npm(clone, "run", "faults", HELIOS_FAULTS="1000", HELIOS_PACK=str(pack.folder))


def test_lock_file_names_no_registry():
    """A lock file with addresses would send everyone to one machine's registry."""
    assert '"resolved"' not in (SOURCE / "package-lock.json").read_text()
