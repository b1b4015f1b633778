"""Proves that generated landmarks are the right stars in the right order, whatever the chunks, and what is cut is told.

The catalogue is drawn at random with ties, repeated ids and unusable rows sprinkled in; expectations are made with
plain Python sorting. The command is run on the embedded stars, whose brightest anyone can name.
"""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from helios.catalog.table import StarTable
from helios.cli import main
from helios.constants import PARSEC_M
from helios.errors import InputError
from helios.landmarks import load_landmarks
from helios.landmarks.generate import generate_landmarks
from helios.landmarks.generators import GENERATORS


class Stars:
    """A reader of arrays, in chunks of `size` rows."""

    row_unit = "line"
    identified = True
    path = None
    schema = None

    def __init__(self, table, size, name="made.csv"):
        self.table, self.size, self.name = table, size, name

    def provenance(self):
        return {}

    def chunks(self):
        for start in range(0, len(self.table), self.size):
            yield self.table[start : start + self.size]


@pytest.fixture
def table():
    rng = np.random.default_rng(11)
    n = 400
    stars = StarTable(
        source_id=rng.integers(1, 300, n),
        ra=rng.uniform(0, 360, n),
        dec=rng.uniform(-90, 90, n),
        parallax=rng.uniform(0.5, 100, n),
        phot_g_mean_mag=rng.integers(20, 180, n) / 10,
        bp_rp=rng.uniform(-0.5, 4, n),
        row=np.arange(2, n + 2),
    )
    stars.parallax[[3, 50]] = np.nan, -1.0
    stars.phot_g_mean_mag[7] = np.nan
    return stars


@pytest.mark.parametrize("size", [1, 37, 1000])
@pytest.mark.parametrize("method", ["brightness", "quality"])
def test_best_stars_best_first_whatever_the_chunks(table, size, method):
    made, counts = generate_landmarks([Stars(table, size)], 25, method)
    sigma = np.exp(np.interp(table.phot_g_mean_mag, [15, 17, 20, 21], np.log([0.025, 0.07, 0.5, 1.3])))
    score = -table.phot_g_mean_mag if method == "brightness" else table.parallax / sigma
    usable = [i for i in range(len(table)) if table.parallax[i] > 0 and np.isfinite(table.phot_g_mean_mag[i])]
    expected, seen = [], set()
    for i in sorted(usable, key=lambda i: (-score[i], table.source_id[i])):
        if table.source_id[i] not in seen:
            seen.add(table.source_id[i])
            expected.append(i)
    assert [landmark.id for landmark in made] == [f"star-{table.source_id[i]}" for i in expected[:25]]
    for landmark, i in zip(made, expected):
        assert math.hypot(*landmark.pos_m) == pytest.approx(1000 / table.parallax[i] * PARSEC_M, rel=1e-12)
    assert (counts.rejected, counts.rows_read) == (3, len(table))


def test_stars_of_several_readers_name_their_own(table):
    bright = StarTable(*(np.array([v]) for v in (10**15, 10.0, 20.0, 5.0, 1.0, 0.5, 2)))
    made, _ = generate_landmarks([Stars(table, 90), Stars(bright, 9, "other.csv")], 2, "brightness")
    assert [landmark.source for landmark in made] == ["other.csv, by brightness", "made.csv, by brightness"]
    assert made[0].description == "Star, G 1.0, 200 pc"


def test_fewer_stars_than_asked_for_are_all_taken(table):
    made, _ = generate_landmarks([Stars(table, 50)], 10**6, "quality", {7: "Seven"})
    assert len(made) == len({landmark.id for landmark in made}) <= 300
    assert {landmark.name for landmark in made if landmark.id == "star-7"} <= {"Seven"}


@pytest.mark.parametrize(
    ("count", "method", "words"), [(0, "quality", "--count 0"), (3, "fame", "brightness, quality")]
)
def test_bad_options(table, count, method, words):
    with pytest.raises(InputError, match=words):
        generate_landmarks([Stars(table, 50)], count, method)


def run(*arguments):
    return CliRunner().invoke(main, ["generate-landmarks", *map(str, arguments)])


def test_command_makes_the_embedded_brightest(tmp_path):
    result = run("--count", 4, "-o", tmp_path / "l.json")
    assert result.exit_code == 0, result.output
    assert "wrote 4 landmarks" in result.output
    assert "rejected 2 rows" in result.output
    names = [landmark.name for landmark in load_landmarks(tmp_path / "l.json")]
    # In G, red Betelgeuse outshines alpha Centauri.
    assert names == ["Sirius", "Canopus", "Arcturus", "Betelgeuse"]


def test_command_finds_the_embedded_nearest_by_quality(tmp_path):
    assert run("--count", 3, "--method", "quality", "-o", tmp_path / "l.json").exit_code == 0
    assert [landmark.name for landmark in load_landmarks(tmp_path / "l.json")] == [
        "Rigil Kentaurus",
        "Toliman",
        "Sirius",
    ]


def test_universe_gives_the_same_landmarks_as_its_catalogue(tmp_path):
    stars = tmp_path / "stars.csv"
    rng = np.random.default_rng(5)
    rows = [
        f"{i},{rng.uniform(0, 360)!r},{rng.uniform(-90, 90)!r},{rng.uniform(1, 90)!r},{rng.integers(20, 150) / 10},0.7"
        for i in range(1, 301)
    ]
    stars.write_text("source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n" + "\n".join(rows) + "\n")
    built = CliRunner().invoke(main, ["build", "--stars", str(stars), "--depth", "4", "-o", str(tmp_path / "universe")])
    assert built.exit_code == 0, built.output
    for method in ("brightness", "quality"):
        assert run("--count", 40, "--method", method, "--stars", stars, "-o", tmp_path / "a.json").exit_code == 0
        made = run("--count", 40, "--method", method, "--universe", tmp_path / "universe", "-o", tmp_path / "b.json")
        assert made.exit_code == 0, made.output
        of_file, of_universe = load_landmarks(tmp_path / "a.json"), load_landmarks(tmp_path / "b.json")
        if method == "brightness":  # The store keeps G as float32, which leaves the order of these alone.
            assert [a.id for a in of_file] == [b.id for b in of_universe]
        by_id = {b.id: b for b in of_universe}
        assert by_id.keys() == {a.id for a in of_file}
        for a in of_file:
            assert a.pos_m == pytest.approx(by_id[a.id].pos_m, rel=1e-9, abs=1e-9 * math.hypot(*a.pos_m))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--count", 0), "--count 0: must be at least 1"),
        (("--count", 3, "--stars", "none.csv"), "no such file"),
        (("--count", 3, "--universe", "none"), "no universe there"),
        (("--count", 3, "--stars", "a.csv", "--universe", "u"), "must not be given together"),
    ],
)
def test_command_refuses_bad_input_in_one_line_and_writes_nothing(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, "-o", "l.json")
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_catalogue_of_unusable_rows_is_refused(tmp_path):
    stars = tmp_path / "stars.csv"
    stars.write_text("source_id,ra,dec,parallax,phot_g_mean_mag\n1,10,20,-3,5\n")
    result = run("--count", 3, "--stars", stars, "-o", tmp_path / "l.json")
    assert result.exit_code == 1
    assert "no star that could be a landmark" in result.output
    assert not (tmp_path / "l.json").exists()


def test_written_file_is_the_packs_form(tmp_path):
    run("--count", 1, "-o", tmp_path / "l.json")
    (entry,) = json.loads((tmp_path / "l.json").read_text())
    assert entry["id"] == "star-2491"
    assert set(entry["pos_meters"]) == {"x", "y", "z"}


def test_offered_methods_are_those_there_are():
    from helios.cli.landmarks import generate_landmarks_command

    (method,) = (option for option in generate_landmarks_command.params if option.name == "method")
    assert method.help.endswith(": " + ", ".join(GENERATORS.names()) + ".")
