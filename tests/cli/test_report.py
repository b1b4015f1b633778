"""`helios report`: its files, its words, what it refuses in one line, and that a failure leaves the former page."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import helios
from helios.cli import main

STARS = Path(__file__).parents[1] / "data/gaia_200.csv"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a small universe, `universe`."""
    folder = tmp_path_factory.mktemp("made")
    helios.build(STARS, folder / "universe", leaf_capacity=100, landmarks=[])
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    shutil.copytree(made / "universe", tmp_path / "universe")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def test_the_page_and_its_numbers(here):
    done = run("--metrics", "numbers.json")
    assert done.exit_code == 0, done.output
    size, written = done.stdout.splitlines()
    assert size.startswith("wrote report.html: ")
    assert size.endswith(" kB")
    assert written == "wrote numbers.json"
    numbers = json.loads((here / "numbers.json").read_text())
    assert numbers["universe"]["name"] == "universe"
    assert numbers["universe"]["digest"] == helios.info("universe")["fingerprint"]
    assert numbers["cells"]["stars"] == helios.info("universe")["stars"]
    assert sorted(path.name for path in here.iterdir()) == ["numbers.json", "report.html", "universe"]


def test_many_asteroids_show_the_gaps_between_them_and_few_do_not(here):
    axes = np.random.default_rng(5).uniform(2.0, 3.4, 1200)
    axes = axes[np.abs(axes - 2.5) > 0.02]
    rows = [f"{i},2026-06-09,{a},0.1,5,{i % 360},{7 * i % 360},0,12" for i, a in enumerate(axes.tolist(), 1001)]
    Path("asteroids.csv").write_text("\n".join(["designation,epoch,a,e,i,node,argument,M,H", *rows]))
    helios.build(STARS, here / "belt", landmarks=[], solar_system="asteroids.csv")
    assert run("--metrics", "numbers.json", "belt").exit_code == 0
    told = json.loads((here / "numbers.json").read_text())["asteroids"]
    assert told["orbits"] == len(axes)
    assert told["gaps"][0]["gap"] == "3:1"
    assert told["gaps"][0]["asteroids"] == 0 < told["gaps"][0]["as_its_neighbours"]
    assert "Kirkwood gaps" in (here / "report.html").read_text()
    assert run("--metrics", "few.json").exit_code == 0
    assert "asteroids" not in json.loads((here / "few.json").read_text())


def test_a_trained_universe_is_the_default_where_there_is_one(here):
    trained = run("universe_trained")
    assert trained.exit_code == 1
    shutil.move("universe", "universe_trained")
    assert run("-o", "page.html").exit_code == 0
    assert "The universe universe_trained" in (here / "page.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere: no universe there"),
        (["."], ".: not a universe"),
        (["-o", "universe"], "universe: a directory stands there, left as it is; name a file"),
        (["-o", "none/page.html"], "none/page.html: there is no folder none; make it, or name another place"),
        (["-o", "universe/page.html"], "universe/page.html: lies in the universe itself"),
        (["--metrics", "report.html"], "report.html: is named for two outputs"),
        (["--convergence", "c.png"], "--convergence: universe has no curve of losses: no cell of it is trained"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(here, arguments, told):
    done = run(*arguments)
    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert line.startswith(f"Error: {told}")
    assert [path.name for path in here.iterdir()] == ["universe"]


def test_a_damaged_universe_leaves_the_former_page(here):
    assert run().exit_code == 0
    before = (here / "report.html").read_bytes()
    (chunk,) = (here / "universe/universe.zarr/emitters/phot_g_mean_mag/c").iterdir()
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 0xFF
    chunk.write_bytes(content)
    done = run("--metrics", "numbers.json")
    assert done.exit_code == 1
    assert "phot_g_mean_mag: damaged" in done.output.splitlines()[-1]
    assert (here / "report.html").read_bytes() == before
    assert sorted(path.name for path in here.iterdir()) == ["report.html", "universe"]


def test_without_matplotlib_only_the_curve_is_missing(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run().exit_code == 0
    done = run("--convergence", "c.png")
    assert done.exit_code == 1
    assert "pip install 'helios-planetarium[report]'" in done.output
