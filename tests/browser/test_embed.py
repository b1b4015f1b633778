"""The npm package: what it holds, that its types serve a page's own code, and that its example page shows two skies.

Positions of stars are those of the catalogues: Orion's belt at 83.8, -1.2, the Pleiades at 56.75, +24.12, Sirius
2.64 pc away. The element and the page in its frame are asked alike, and have to agree.
"""

import json
import math
import shutil
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from look import CLIENT, HERE, ROOT, TIMEOUT_S, require_tools
from servers import Ranges, serving

import helios

pytestmark = pytest.mark.slow

PARSEC_M = 3.0856775814913673e16

CONSUMER = """
import { HeliosSky, type SkyView } from "helios-viewer";
const sky: HeliosSky = document.createElement("helios-sky");
sky.addEventListener("view", ({ detail }) => console.log(detail.look?.[0].toFixed(1)));
sky.addEventListener("click", () => undefined);
export const view: SkyView = sky.view;
export const there: Promise<boolean> = sky.goto("M 31");
sky.view = { fov: 20, ev: "auto" };
// @ts-expect-error no such part
sky.view = { zoom: 2 };
// @ts-expect-error a direction has two numbers
sky.view = { look: [1] };
"""


def run(command: list[str], cwd: Path, **options) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """The folder that `npm install` would make of the package, packed from a copy of the source."""
    root = tmp_path_factory.mktemp("package")
    source = root / "client_export"
    shutil.copytree(CLIENT, source, ignore=shutil.ignore_patterns("node_modules", "dist-lib"))
    (source / "node_modules").symlink_to(CLIENT / "node_modules")
    shutil.copy(ROOT / "LICENSE", root)
    run(["npm", "pack", "--pack-destination", str(root)], source)
    [packed] = root.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(root, filter="data")
    return root / "package"


@pytest.fixture(scope="module")
def visit(package, tmp_path_factory):
    """What the skies of the example page said, and their picture."""
    root = tmp_path_factory.mktemp("page")
    shutil.copy(package / "examples" / "embed.html", root / "index.html")
    shutil.copy(package / "dist-lib" / "helios-sky.js", root)
    universe = helios.build(output=root / "universe", max_mag=5, solar_system="none")
    helios.pack(universe)
    helios.write_site(universe, root / "site")
    shutil.copytree(package / "dist-lib" / "viewer", root / "empty")
    for name in ("mine", "other"):
        (root / f"{name}.csv").write_text("ra,dec,distance\n84,-1,100\n")
    with serving(root, Ranges) as server:
        port = server.server_address[1]
        job = {
            "url": f"http://127.0.0.1:{port}/",
            "foreign": f"http://localhost:{port}/site/",
            "empty": "empty/",
            "chromium": require_tools(),
            "png": str(root / "embed.png"),
        }
        return json.loads(run(["node", str(HERE / "embed.mjs")], root, input=json.dumps(job)))


def test_the_package_holds_the_element_its_types_and_the_viewer(package):
    names = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    assets = {name for name in names if name.startswith("dist-lib/viewer/assets/")}
    assert names - assets == {
        *("package.json", "README.md", "examples/embed.html", "dist-lib/LICENSE"),
        *("dist-lib/helios-sky.js", "dist-lib/sky_element.d.ts", "dist-lib/viewer/index.html"),
    }
    built = {path.name for path in (ROOT / "helios" / "web" / "assets").iterdir()}
    assert {Path(name).name for name in assets} == built
    assert "import" not in (package / "dist-lib" / "helios-sky.js").read_text()


def test_its_types_serve_a_page_of_ones_own(package, tmp_path):
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "helios-viewer").symlink_to(package)
    (tmp_path / "page.ts").write_text(CONSUMER)
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    run(["node", str(CLIENT / "node_modules" / "typescript" / "bin" / "tsc"), *options, "page.ts"], tmp_path)
    script = 'import { linkOf } from "helios-viewer"; console.log(linkOf({ fov: 20 }));'
    assert run(["node", "--input-type=module", "-e", script], tmp_path) == "fov=20\n"


def test_two_skies_in_a_page_each_have_a_view_and_light(visit):
    orion, pleiades = visit["start"]
    assert orion["view"]["look"] == pytest.approx([83.8, -1.2])
    assert orion["view"]["fov"] == 40
    assert orion["view"]["pos"] == [0, 0, 0]
    assert pleiades["view"]["look"] == pytest.approx([56.75, 24.12], abs=2)
    assert 80 < math.hypot(*pleiades["view"]["pos"]) / PARSEC_M < 135
    assert pleiades["view"]["show"] == "none"
    assert orion["light"] > 0
    assert pleiades["light"] > 0
    assert orion["light"] != pytest.approx(pleiades["light"], rel=0.01)
    assert orion["problems"] == pleiades["problems"] == []


def test_a_sky_takes_neither_the_focus_nor_the_scroll_of_its_page(visit):
    assert visit["focused"] == "BODY"
    assert visit["at"] == 0


def test_a_view_is_set_and_told(visit):
    turned = visit["turned"]
    assert turned["view"]["look"] == pytest.approx([200, 40])
    assert turned["view"]["pos"] == turned["page"]["pos"] == [1e17, -2.5, 1 / 3]
    assert turned["view"]["fov"] == turned["page"]["fov"] == 40
    assert turned["told"][-1] == turned["view"]
    assert visit["set"]["fov"] == 25
    assert visit["set"]["look"] == turned["view"]["look"]


def test_a_flight_ends_where_it_was_to(visit):
    flown = visit["flown"]
    assert flown["there"]
    assert not flown["flying"]
    assert flown["told"] > 1
    before = 10 ** ((-8 - 1.43 + 5) / 5)  # pc, where its absolute magnitude of 1.43 gives the -8 at which a flight ends
    assert math.hypot(*flown["view"]["pos"]) == pytest.approx((2.64 - before) * PARSEC_M, rel=0.03)
    assert visit["unknown"] is False
    assert visit["stayed"] == visit["start"][1]["view"]
    ra, dec = flown["view"]["look"]
    assert visit["text"] == f"Right ascension {ra:.1f}°, declination {dec:.1f}°"


def test_only_its_own_frame_is_believed(visit):
    before, after = visit["forged"]
    assert before == after


def test_a_sky_that_is_moved_in_its_page_keeps_its_view(visit):
    assert visit["moved"] == visit["flown"]["view"]


def test_a_page_draws_its_own_stars_over_a_sky_and_keeps_its_view(visit):
    before, after, address = visit["points"]
    assert after == before
    tables = parse_qs(urlsplit(address).query)["points"]
    page = address.split("/site/")[0]
    assert tables == [f"{page}/mine.csv", f"{page}/other.csv"]


def test_a_site_of_another_host_is_shown_alike(visit):
    assert visit["foreign"]["window"] is None
    assert visit["foreign"]["view"]["fov"] == 12
    assert visit["foreign"]["view"]["look"] == pytest.approx([10, 20])


def test_what_cannot_be_shown_is_told(visit):
    failed = visit["failed"]
    assert "needs src" in failed["nothing"]
    assert "site.json" in failed["reason"]
    assert failed["told"] == failed["reason"]
    assert [text for text in visit["said"] if "404" not in text] == []
