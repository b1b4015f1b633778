"""`helios render` as a user types it: files, messages, what they say of themselves, and refusals in one line."""

import builtins
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner
from PIL import Image

from helios.cli import main
from helios.film import find_ffmpeg
from tests.unit.packing import scene

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    stars = scene.make_stars(folder / "universe", count=400)
    scene.make_trained(stars.path, folder / "trained")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("universe", "trained"):
        (tmp_path / name).symlink_to(made / name)
    return tmp_path


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["render", *map(str, arguments)])
    assert result.exit_code == code, result.output
    if code == 1:
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
    return result.output


def test_a_picture_says_what_it_is_and_has_the_same_bytes_twice(here):
    output = run("-o", "sky.png", "--size", "200x100", "--look-at", "10,20", "--fov", "50", "--grid", "equatorial")
    assert output.startswith("wrote sky.png: 200 x 100 px, ")
    assert re.search(r"\nexposure [+-]\d+\.\d\d stops, by itself: stars to magnitude -?\d+\.\d\n$", output)
    first = (here / "sky.png").read_bytes()
    run("-o", "sky.png", "--size", "200x100", "--look-at", "10,20", "--fov", "50", "--grid", "equatorial")
    assert (here / "sky.png").read_bytes() == first
    with Image.open("sky.png") as image:
        assert image.size == (200, 100)
        texts = image.text
        pixels = np.asarray(image)
    assert pixels.any()
    ev = float(re.match(r"([+-][\d.]+) stops \(auto\), E = ", texts["Exposure"])[1])
    assert re.search(rf"#pos=0\.0,0\.0,0\.0&look=10\.0+,20\.0+&fov=50&ev={ev:.4g}", texts["Camera"])
    assert "7e-6 sr for magnitude 0" in texts["Units"]
    assert texts["Content"] == "truth"
    # The link gives the picture back.
    link = re.search(r"#\S+", texts["Camera"])[0]
    assert run("-o", "again.png", "--size", "200x100", "--link", link, "--grid", "equatorial").count("by itself") == 0
    with Image.open("again.png") as image:
        assert np.abs(np.asarray(image).astype(int) - pixels).max() <= 1
    assert sorted(p.name for p in here.iterdir()) == ["again.png", "sky.png", "trained", "universe"]


def test_exposure_is_counted_in_stops(here):
    levels = []
    for ev in ("0", "1"):
        run("-o", "sky.fits", "--size", "64x32", "--projection", "mollweide", "--exposure", ev)
        run("-o", f"{ev}.png", "--size", "64x32", "--projection", "mollweide", "--exposure", ev, "--no-glare")
        with Image.open(f"{ev}.png") as image:
            levels.append(np.asarray(image.convert("L")).astype(float))
    with fits.open("sky.fits") as hdus:
        light = hdus[0].data[::-1].astype(float) * 7e-6 * hdus[0].header["FOCALPX"] ** 2
        assert hdus[0].header["CTYPE1"] == "GLON-MOL"
    assert (levels[1] >= levels[0]).all()
    assert levels[1].max() > 0
    for ev, level in zip((0, 1), levels):
        # sRGB of 1 - exp(-Y), Y at E = 16 x 2^ev; the luma of an image is not its luminance, but for grey.
        shown = -np.expm1(-light * 16 * 2**ev)
        srgb = np.where(shown > 0.0031308, 1.055 * shown ** (1 / 2.4) - 0.055, 12.92 * shown) * 255
        assert np.abs(srgb - level).max() < 30
        assert abs((srgb - level).mean()) < 1


def test_a_map_holds_the_light_of_the_catalogue(here):
    output = run(
        "-o", "map.png", "--projection", "equirectangular", "--size", "200x100", "--fits", "--grid", "galactic"
    )
    assert "linear light in map.fits" in output
    with fits.open("map.fits") as hdus:
        flux = float(hdus[0].data.astype(float).sum())
        assert "Camera" in str(hdus[0].header["COMMENT"])
    import helios

    mags = helios.open("universe").columns(("phot_g_mean_mag",))["phot_g_mean_mag"].astype(float)
    assert -2.5 * np.log10(flux / np.sum(10 ** (-0.4 * mags))) == pytest.approx(0.0, abs=1e-3)


def test_trained_cells_and_their_difference(here):
    view = ("--size", "200x100", "--projection", "mollweide", "--universe", "trained")
    assert run("-o", "trained.png", "--trained", *view).startswith("wrote trained.png: 200 x 100 px, ")
    output = run("-o", "difference.png", "--difference", "--fits", *view)
    assert re.search(r"scale \S+ of full brightness, orange for too much light, blue for too little", output)
    with Image.open("difference.png") as image:
        assert image.text["Content"] == "difference"
        pixels = np.asarray(image).astype(int)
    with fits.open("difference.fits") as hdus:
        light = hdus[0].data[::-1]
    assert light.min() < 0 < light.max()
    strong = np.abs(light) > 0.5 * np.abs(light).max()
    strong[-60:] = False  # the bar of the scale
    assert (np.sign(pixels[..., 0] - pixels[..., 2])[strong] == np.sign(light)[strong]).all()


def test_a_cut_says_how_wrong_it_is(here, tmp_path):
    scene.make_stars(tmp_path / "many", count=6000, depth=3)
    output = run(
        "-o", "cut.png", "--size", "128x64", "--projection", "mollweide", "--universe", "many", "--budget", "1500"
    )
    assert re.search(r"known beforehand: about \d+(\.\d+)? % of the light stands in the wrong block of 32 px", output)
    with Image.open("cut.png") as image:
        assert "known beforehand" in image.text["Error"]


def frames_in(path) -> list[bytes]:
    """Decode the frames of a film by ffmpeg."""
    command = [find_ffmpeg(), "-loglevel", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    size = 64 * 48
    assert len(raw) % size == 0
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def test_a_film_has_the_frames_asked_for_and_the_same_bytes_twice(here):
    films = []
    for _ in range(2):
        output = run("-o", "way.mp4", "--flight", "sun", "Pleiades", "--frames", "13", "--size", "64x48")
        films.append(Path("way.mp4").read_bytes())
    assert output.startswith("wrote way.mp4: 13 frames of 64 x 48 px, 0.43 s\n")
    assert films[0] == films[1]
    assert len(frames_in("way.mp4")) == 13
    Path("way.csv").write_text("x_m,y_m,z_m,ra,dec,seconds\n0,0,0,10,20,\n0,0,0,60,20,0.5\n1e17,0,0,60,-20,0.5\n")
    assert "11 frames" in run("-o", "path.mkv", "--path", "way.csv", "--fps", "10", "--size", "64x48")
    frames = frames_in("path.mkv")
    assert len(frames) == 11
    assert frames[0] != frames[5] != frames[10]
    assert "4 frames" in run("-o", "home.mp4", "--flight", "0,0,9pc", "sun", "--frames", "4", "--size", "64x48")


REFUSED = {
    "a name": (("--look-at", "Sirios"), r"'Sirios': no landmark and no star is called so \(did you mean 'Sirius'\?"),
    "no size": (("--size", "0x10"), "size 0x10: both sides must be from 1 to 32,768 pixels"),
    "size": (("--size", "big"), "--size big: must be WIDTHxHEIGHT"),
    "fov": (("--fov", "179.5"), "field of view 179.5: must be from 0.001 to 179 degrees"),
    "map size": (("--projection", "mollweide", "--size", "10x10"), "must be twice as wide as high"),
    "exposure": (("--exposure", "bright"), "--exposure bright: must be auto, or stops from -22 to 30"),
    "untrained": (("--trained",), r"--trained: no cell of universe is trained \(helios train-landmarks"),
    "difference": (("--difference",), "no cell of universe is trained"),
    "budget": (("--budget", "1"), "--budget 1: must be at least"),
    "both": (("--flight", "sun", "M31", "--path", "x"), "only one can be given"),
    "frames": (("--frames", "3"), "--frames: is for films"),
    "map and look": (("--projection", "mollweide", "--fov", "3"), "a map shows all the sky"),
    "map and up": (("--projection", "mollweide", "--up", "galactic"), "--up: north is up on a map"),
    "film and grid": (("--flight", "sun", "M31", "--grid", "galactic"), "--grid: is for pictures"),
    "no universe": (("--universe", "nowhere"), "nowhere: no universe there"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_and_nothing_is_written(here, name):
    options, message = REFUSED[name]
    assert re.search(message, run("-o", "x.png", *options, code=1))
    assert not Path("x.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "x.gif"), "-o x.gif: a picture must end in .png, .fits, .fit"),
        (("-o", "nowhere/x.png"), "nowhere/x.png: must be a file in a directory that exists"),
        (("-o", "x.png", "--flight", "sun", "M31"), "-o x.png: a film must end in .mp4, .mkv, .webm"),
        (("-o", "x.mp4", "--flight", "sun", "M31", "--size", "33x32"), "both sides of a film must be even"),
        (("-o", "x.mp4", "--flight", "sun", "M31", "--frames", "1"), "--frames 1: must be from 2"),
        (("-o", "x.mp4", "--path", "none.csv"), "none.csv: no such file"),
        (("-o", "x.mp4", "--flight", "sun", "M31", "--fps", "0"), "--fps 0: must be from 1 to 120"),
    ],
)
def test_files_that_cannot_be_are_refused(here, options, message):
    assert message in run(*options, code=1)


def test_without_ffmpeg_a_line_says_how_to_get_it(here, monkeypatch):
    monkeypatch.setenv("PATH", "")
    real = builtins.__import__

    def without(name, *rest):
        if name == "imageio_ffmpeg":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "pip install 'helios-planetarium[video]'" in run("-o", "x.mp4", "--flight", "sun", "M31", code=1)


def test_a_killed_command_leaves_the_file_that_was_there(here):
    Path("sky.png").write_bytes(b"mine")
    code = (
        "import os, signal, sys\n"
        "def hook(event, arguments):\n"
        "    if event == 'os.rename' and 'sky.png' in str(arguments[1]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(hook)\n"
        "from helios.cli import main\n"
        "main.main(['render', '-o', 'sky.png', '--size', '32x16'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == -signal.SIGKILL
    assert Path("sky.png").read_bytes() == b"mine"
    run("-o", "sky.png", "--size", "32x16")
    assert Path("sky.png").read_bytes()[:4] == b"\x89PNG"
    names = sorted(p.name for p in here.iterdir())
    assert names == ["sky.png", "trained", "universe"]


def test_pictures_need_no_torch(here):
    code = (
        "import sys\n"
        "from helios.cli import main\n"
        "main.main(['render', '-o', 'sky.png', '--size', '32x16', '--universe', 'trained', '--trained'], "
        "standalone_mode=False)\n"
        "assert not {'torch', 'matplotlib', 'astropy'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)
