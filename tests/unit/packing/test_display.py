"""A universe on show: what a notebook gets, when a site is made anew, and that servers and folders end.

The frame is read by Python's parser of HTML, links as a browser reads them, and the server is asked over a real socket.
"""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import helios
from helios.errors import HeliosError, InputError, StoreError
from helios.packing.display import link_text, show
from helios.packing.pack import open_pack, pack_universe
from helios.packing.server import open_socket
from helios.packing.site import write_site
from helios.universe import Universe
from tests.unit.packing.scene import copy, make_stars, make_trained
from tests.unit.packing.serving import ask

ROOT = Path(__file__).parents[3]


@pytest.fixture
def universe(stars, tmp_path):
    """A universe of its own, not packed."""
    return Universe.open(copy(stars.path, tmp_path / "universe"))


def frame(display) -> dict[str, str | None]:
    """The attributes of the only element that a notebook is given."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(display._repr_html_())
    [(tag, attributes)] = found
    assert tag == "iframe"
    return attributes


def times(site: Path) -> int:
    return (site / "files.json").stat().st_mtime_ns


def test_a_frame_shows_the_site_of_the_universe(universe):
    with universe.show(goto="M 31", width=640, height="50vh") as display:
        attributes = frame(display)
        assert attributes["src"] == display.url
        assert (attributes["width"], attributes["height"]) == ("640", "50vh")
        address = urlsplit(display.url)
        assert address.hostname == "127.0.0.1"
        assert parse_qs(address.fragment) == {"goto": ["M 31"]}
        for name in ("index.html", "site.json", "universe/head.bin"):
            status, _, body = ask(address.port, f"/{name}")
            assert (status, body) == (200, (display.site / name).read_bytes())
        assert open_pack(display.site / "universe").head.stars == len(universe.stars())
    assert not (universe.path / "pack").exists()


def test_what_a_user_names_cannot_leave_the_frame(universe):
    with show(universe, goto='"><script>', width='1"><b>') as display:
        assert frame(display)["src"] == display.url
        assert frame(display)["width"] == '1"><b>'


def test_it_ends_with_its_close(universe):
    display = show(universe)
    port = urlsplit(display.url).port
    assert ask(port, "/site.json")[0] == 200
    display.close()
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/site.json")
    assert not display.site.parent.exists()
    assert "closed" in repr(display)
    display.close()
    with show(universe) as again:
        assert ask(urlsplit(again.url).port, "/site.json")[0] == 200


def test_it_ends_with_the_process(universe, tmp_path):
    code = (
        "import sys, helios; d = helios.show(sys.argv[1]); k = helios.show(sys.argv[1], site=sys.argv[2]); "
        "print(d.site, k.site)"
    )
    command = [sys.executable, "-c", code, str(universe.path), str(tmp_path / "kept")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    made, kept = map(Path, done.stdout.split())
    assert kept == tmp_path / "kept"
    assert (kept / "index.html").is_file()
    assert not made.parent.exists()
    assert done.stderr == ""


def test_a_cell_that_runs_again_shows_the_same_site(universe):
    with show(universe, goto="Vega") as one:
        made = times(one.site)
        other = show(Universe.open(universe.path), goto="Sirius")
        assert other.url == one.url.replace("Vega", "Sirius")
        assert times(other.site) == made


def test_a_site_is_made_anew_only_where_the_universe_changed(universe, tmp_path):
    site = tmp_path / "site"
    with show(universe, site=site):
        made = times(site)
    with show(universe, site=site) as display:
        assert display.site == site
        assert times(site) == made
    (universe.path / "landmarks.json").touch()
    with show(universe, site=site):
        trained = times(site)
        assert trained > made
        make_trained(universe.path, tmp_path / "trained")
        with show(tmp_path / "trained", site=site) as later:
            assert times(later.site) > trained


def test_a_site_of_another_build_is_replaced(universe, tmp_path):
    other = make_stars(tmp_path / "other", count=50)
    pack_universe(other)
    write_site(other, tmp_path / "site")
    with show(universe, site=tmp_path / "site") as display:
        assert open_pack(display.site / "universe").head.stars == len(universe.stars())


def test_the_pack_of_a_universe_is_used_unless_it_is_older(universe):
    pack_universe(universe, format="v1")
    with show(universe) as display:
        assert open_pack(display.site / "universe").format == "v1"
    (universe.path / "landmarks.json").touch()
    with show(universe) as display:
        assert open_pack(display.site / "universe").format == "v2"
    assert open_pack(universe.path / "pack").format == "v1"


def test_a_pack_or_site_that_is_damaged_is_named(universe, tmp_path):
    site = tmp_path / "site"
    show(universe, site=site).close()
    (site / "universe" / "sky.bin").write_bytes(b"")
    with pytest.raises(StoreError, match=r"sky\.bin: 0 bytes"):
        show(universe, site=site)
    pack_universe(universe)
    (universe.path / "pack" / "head.bin").write_bytes(b"HELIOSv2")
    with pytest.raises(StoreError, match=r"head\.bin"):
        show(universe)


def test_what_cannot_be_shown_is_said(universe, tmp_path):
    with pytest.raises(InputError, match="no universe there"):
        show(tmp_path / "nothing")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    with pytest.raises(InputError, match="no site of Helios"):
        show(universe, site=tmp_path / "mine")
    with pytest.raises(InputError, match="must not lie in each other"):
        show(universe, site=universe.path / "site")
    with open_socket(0) as taken, pytest.raises(InputError, match="is in use"):
        show(universe, port=taken.getsockname()[1])
    with pytest.raises(TypeError, match="zoom"):
        universe.show(zoom=2)


def test_a_view_is_a_link_as_the_viewer_reads_it():
    link = link_text(
        goto="α Cen +1°", pos=(1e20, -2.5, 1 / 3), look=(83.8, -1.2), fov=30, ev=-2, up="equatorial", show=["grid", "b"]
    )
    assert link.startswith("#")
    assert "+" not in link
    read = {key: value for key, [value] in parse_qs(link[1:]).items()}
    assert [float(number) for number in read.pop("pos").split(",")] == [1e20, -2.5, 1 / 3]
    assert read == {
        **{"goto": "α Cen +1°", "look": "83.8,-1.2", "fov": "30.0", "ev": "-2.0"},
        **{"up": "equatorial", "show": "grid,b"},
    }
    assert link_text() == ""
    assert link_text(ev="auto", show="none") == "#ev=auto&show=none"


@pytest.mark.parametrize(
    "view",
    [
        *({"pos": (1, 2)}, {"look": (1, 91)}, {"look": "ab"}, {"fov": float("nan")}, {"ev": "bright"}),
        *({"up": "galactic"}, {"look": 5}),
    ],
)
def test_a_view_that_is_none_is_refused_before_anything_is_made(universe, view):
    with pytest.raises(HeliosError, match=next(iter(view))):
        universe.show(**view)


def test_they_are_names_of_the_package():
    assert helios.show is show
    assert helios.Display.close.__doc__
