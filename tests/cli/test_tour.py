"""`helios tour` and `helios pack --tour` as a user types them: exit code, files and message."""

import json
import shutil

import pytest
from click.testing import CliRunner

import helios
from helios.cli import main
from tests.unit.packing import scene

NAMED = ("tour", "Sirius", "m45", "-o", "mine.json", "--title", "Mine")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A universe of ten stars with the embedded landmarks."""
    folder = tmp_path_factory.mktemp("made")
    rows = "\n".join(f"{36 * i},{5 * i},{10 + i},{i}" for i in range(10))
    (folder / "stars.csv").write_text(f"ra,dec,parallax,phot_g_mean_mag\n{rows}\n")
    helios.build([folder / "stars.csv"], folder / "universe")
    helios.pack(folder / "universe")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    scene.make_viewer(tmp_path / "package" / "web")
    monkeypatch.setattr("helios.packing.site.files", lambda name: tmp_path / "package")
    return tmp_path


def run(*arguments, code=0):
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    if code == 1:
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
    return result.output


def test_it_writes_a_tour_of_landmarks_the_same_bytes_twice(here):
    assert run(*NAMED).splitlines() == [
        "wrote 2 stops to mine.json",
        "put it into a site: helios pack --site site --tour mine.json",
    ]
    first = (here / "mine.json").read_bytes()
    tour = json.loads(first)
    assert tour["title"] == "Mine"
    assert [(stop["goto"], stop["seconds"]) for stop in tour["stops"]] == [("Sirius", 10), ("Pleiades (M45)", 10)]
    assert all(stop["text"] for stop in tour["stops"])
    run(*NAMED)
    assert (here / "mine.json").read_bytes() == first


def test_an_unknown_name_is_told_with_a_suggestion_and_nothing_is_written(here):
    output = run("tour", "Sirius", "Betelgeus", "-o", "x.json", "--title", "T", code=1)
    assert output == "Error: 'Betelgeus': no landmark of universe is called so (did you mean 'Betelgeuse'?)\n"
    assert not (here / "x.json").exists()


def test_wrong_values_are_refused(here):
    assert "seconds is 0.0" in run(*NAMED, "--seconds", "0", code=1)
    assert "must be named in letters" in run("tour", "Sirius", "-o", "my tour.json", "--title", "T", code=1)
    assert "title" in run("tour", "Sirius", "-o", "x.json", "--title", "", code=1)
    assert "Missing argument" in run("tour", "-o", "x.json", "--title", "T", code=2)
    assert sorted(path.name for path in here.glob("*.json")) == []


def test_a_universe_without_landmarks_says_so(here):
    (here / "universe" / "landmarks.json").unlink()
    assert "has no landmarks" in run(*NAMED, code=1)


def test_pack_puts_tours_into_the_site(here):
    run(*NAMED)
    run("pack", "--site", "site", "--tour", "mine.json")
    assert json.loads((here / "site" / "site.json").read_text())["tours"] == [
        {"file": "tours/mine.json", "title": "Mine"}
    ]
    assert (here / "site" / "tours" / "mine.json").read_bytes() == (here / "mine.json").read_bytes()


def test_pack_refuses_a_bad_tour_before_it_packs(here):
    shutil.rmtree(here / "universe" / "pack")
    (here / "bad.json").write_text('{"version": 1, "title": "T", "stops": [{"title": "A", "text": "B"}]}')
    output = run("pack", "--site", "site", "--tour", "bad.json", code=1)
    assert output == "Error: bad.json stop 1: no field seconds\n"
    assert "give --site too" in run("pack", "--tour", "bad.json", code=1)
    assert not (here / "universe" / "pack").exists()
    assert not (here / "site").exists()
