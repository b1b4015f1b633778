"""`helios render --date` as a user types it: bodies, what files say of the date, and refusals in one line."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from click.testing import CliRunner
from PIL import Image

import helios
from helios.cli import main
from helios.coords import ecliptic_m_to_icrs
from helios.film import find_ffmpeg
from helios.pictures.moment import moment_of
from helios.pictures.places import named
from helios.solar.dates import parse_date
from tests.unit.packing import scene

DATE = ("--date", "2026-11-29T20:00")
SMALL = ("--size", "120x80")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return scene.make_stars(tmp_path_factory.mktemp("dated") / "universe", count=100).path


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("universe").symlink_to(made)
    return tmp_path


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["render", *map(str, arguments)])
    assert result.exit_code == code, result.output
    if code == 1:
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
    return result.output


def test_a_picture_of_a_date_says_it_and_has_the_same_bytes_twice(here):
    view = ("--from", "mars", "--look-at", "earth", "--fov", "20", "--fits", *DATE, *SMALL)
    found = []
    for _ in range(2):
        output = run("-o", "sky.png", *view)
        found.append((Path("sky.png").read_bytes(), Path("sky.fits").read_bytes()))
    assert found[0] == found[1]
    assert re.search(r"\ndate 2026-11-29T20:00:00Z: \d+ bodies .*, 0 larger than a pixel\n", output)
    assert "stars stand still: the universe has no velocities (helios build --epoch stores them)" in output
    with Image.open("sky.png") as image:
        texts, pixels = image.text, np.asarray(image)
    assert re.match(r"2026-11-29T20:00:00Z \(JD 2461374\.3341\d+ TDB\)", texts["Date"])
    assert pixels[40, 60].max() > 200
    # A date without an hour is midnight, and in a link of the viewer noon.
    link = re.search(r"#\S+", texts["Camera"])[0]
    assert link.endswith("&t=2026-11-29")
    assert "date 2026-11-29T12:00:00Z: " in run("-o", "again.png", "--link", link, *SMALL)
    assert "date 2026-11-28T00:00:00Z: " in run("-o", "again.png", "--link", link, "--date", "2026-11-28", *SMALL)
    with fits.open("sky.fits") as hdus, warnings.catch_warnings():
        warnings.simplefilter("error")
        for hdu in hdus:
            header = hdu.header
            assert header["DATE-OBS"] == "2026-11-29T20:00:00"
            assert header["MJD-OBS"] == pytest.approx(Time("2026-11-29T20:00:00", scale="utc").mjd, abs=1e-8)
            wcs = WCS(header)
        assert wcs.wcs.dateobs == "2026-11-29T20:00:00"
        assert "Date: 2026-11-29T20:00:00Z" in str(hdus[0].header["COMMENT"])
    run("-o", "bare.png", "--fov", "20", *SMALL)
    with Image.open("bare.png") as image:
        assert "Date" not in image.text
        assert "&t=" not in image.text["Camera"]


def test_small_bodies_far_from_their_epoch_are_told(here):
    output = run("-o", "sky.png", "--date", "JD2451545", *SMALL)
    assert re.search(r"small bodies are 2\d years from their epoch, on ellipses that nothing pulls at", output)


REFUSED = {
    "body without a date": (("--look-at", "Jupiter"), r"'Jupiter': a body of the solar system, .*give --date too"),
    "name": (
        ("--from", "Ganymeed", *DATE),
        r"'Ganymeed': no body, no landmark and no star .*did you mean 'Ganymed' or 'Ganymede'",
    ),
    "no date": (("--date", "yesterday"), r"date 'yesterday': must be 2026-11-29"),
    "no day": (("--date", "2026-02-30"), "date '2026-02-30': day is out of range"),
    "too late": (("--date", "2150-01-01"), r"date 2150-01-01 .*: outside the ephemeris .* 1899-12-31 to 2101"),
    "no file": (("--ephemeris", "none.bsp", *DATE), "none.bsp: cannot be read: No such file"),
    "no kernel": (("--ephemeris", "universe/index.json", *DATE), "index.json: "),
    "ephemeris alone": (("--ephemeris", "none.bsp"), "--ephemeris: says where bodies are at a date, give --date too"),
    "itself": (("--from", "mars", "--look-at", "Mars", *DATE), "--look-at Mars: is where the camera is"),
    "difference": (("--difference", *DATE), "--difference with --date: trained splats stand still"),
    "link": (("--link", "#pos=0,0,0&look=1,2&t=soon"), "date 'soonT12:00': must be"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_and_nothing_is_written(here, name):
    options, message = REFUSED[name]
    assert re.search(message, run("-o", "x.png", *options, *SMALL, code=1))
    assert not Path("x.png").exists()


def test_a_film_of_a_path_passes_bodies(here):
    universe = helios.open("universe")
    moment = moment_of(universe, parse_date("2026-11-29"))
    eye, ahead = named("mars", universe, moment).position_m, named("earth", universe, moment).position_m
    ra, dec, _ = ecliptic_m_to_icrs(ahead - eye)
    place = ",".join(map(repr, eye.tolist()))
    Path("way.txt").write_text(f"pos={place}&look={ra},{dec}&fov=4\npos={place}&look={ra},{dec}&fov=2\n")
    film = ("--path", "way.txt", "--frames", "2", "--size", "64x48", "--exposure", "0")
    frames = []
    for number, date in enumerate(((), ("--date", "2026-11-29"))):
        run("-o", f"{number}.mkv", *film, *date)
        command = [
            find_ffmpeg(),
            "-loglevel",
            "error",
            "-i",
            f"{number}.mkv",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "gray",
            "-",
        ]
        raw = subprocess.run(command, capture_output=True, check=True).stdout
        frames.append(np.frombuffer(raw, np.uint8).reshape(2, 48, 64))
    assert (frames[0][:, 22:26, 30:34] < 30).all()
    assert (frames[1][:, 22:26, 30:34].max((1, 2)) > 200).all()
    assert "films of a --path, not for a --flight" in run("-o", "x.mp4", "--flight", "sun", "M31", *DATE, code=1)


def test_pictures_of_a_date_need_no_astropy(here):
    code = (
        "import sys\n"
        "from helios.cli import main\n"
        "main.main(['render', '-o', 'sky.png', '--size', '32x16', '--date', '2026-11-29'], standalone_mode=False)\n"
        "assert not {'torch', 'matplotlib', 'astropy', 'pandas', 'jplephem'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
