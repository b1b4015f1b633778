"""The package as it is used from Python: what it imports, its names, its functions, and what they refuse.

What the functions make is the commands' to prove: these call the same ones.
"""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import helios
from helios import api
from helios.errors import InputError
from helios.progress import Done, Stage

ROOT = Path(__file__).parents[2]
STARS = ROOT / "tests/data/gaia_200.csv"


def run(code: str) -> str:
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_importing_it_imports_nothing_else():
    code = (
        "import sys; before = set(sys.modules); import helios; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    assert set(run(code).split()) - sys.stdlib_module_names == {"helios"}


def test_every_name_is_there_and_is_listed():
    assert set(helios.__all__) <= set(dir(helios))
    for name in helios.__all__:
        assert getattr(helios, name).__doc__
    assert helios.Cone is helios.regions.Cone
    with pytest.raises(AttributeError, match="module 'helios' has no attribute 'nothing'"):
        _ = helios.nothing


def test_type_checkers_see_the_names_where_they_are_found():
    tree = ast.parse(Path(helios.__file__).read_text())
    (branch,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module.removeprefix("helios.")
        for node in branch.body
        if node.module != "typing"
        for alias in node.names
        if alias.asname == alias.name
    }
    assert seen == helios._HOMES


@pytest.mark.parametrize("first", ["", "import helios.training.config;", "from helios.training import config;"])
def test_a_function_shares_its_name_with_the_package_that_does_its_work(first):
    code = (
        f"{first}import inspect, helios; call = inspect.signature(helios.train); import helios.training.config; "
        "print(list(call.parameters)[0], call == inspect.signature(helios.train), helios.training.config.TrainConfig)"
    )
    assert run(code) == "universe True <class 'helios.training.config.TrainConfig'>\n"
    for name in ("train", "pack", "render", "fetch"):
        assert inspect.signature(getattr(helios, name)) == inspect.signature(getattr(api, name))


def test_a_universe_is_built_opened_and_asked(tmp_path):
    events = []
    universe = helios.build(str(STARS), tmp_path / "universe", max_mag=5, leaf_capacity=20, on_event=events.append)
    assert isinstance(universe, helios.Universe)
    assert isinstance(events[0], Stage)
    again = helios.open(universe.path)
    assert again.stars().table.equals(universe.stars().table)
    assert universe.stars()["phot_g_mean_mag"].max() <= 5
    assert helios.validate(universe).sound
    assert helios.validate(str(universe.path)).stars == helios.info(universe)["stars"] == len(universe.stars())


def test_cells_around_landmarks_are_those_that_the_command_trains(tmp_path):
    star = helios.build([STARS], tmp_path / "universe", landmarks=[], depth=3)
    assert helios.landmark_cells(star) == ()
    view = star[7]
    place = helios.Landmark("a", "a", "star", tuple(view.frame_m[0].tolist()), 1.0, "", "")
    home = star.tree.cells_at([place.pos_m])[0]
    for reach in (0, 1, 2):
        wanted = set(home.neighbours(reach)) & set(star.cells)
        assert set(helios.landmark_cells(star, [place], neighbors=reach)) == wanted
    with_it = helios.build([STARS], tmp_path / "with", landmarks=[place], depth=3)
    assert json.loads((with_it.path / "landmarks.json").read_text())[0]["id"] == "a"
    assert helios.landmark_cells(with_it, neighbors=2) == helios.landmark_cells(star, [place], neighbors=2)


def test_an_unknown_option_is_a_type_error_that_names_the_known_ones(tmp_path):
    with pytest.raises(TypeError, match=r"no option max_magg \(there are .*max_mag, .*workers"):
        helios.build(output=tmp_path / "universe", max_magg=3)
    assert not (tmp_path / "universe").exists()
    universe = helios.build([STARS], tmp_path / "universe")
    with pytest.raises(TypeError, match=r"no option epochs \(there are .*iterations, "):
        helios.train(universe, epochs=3)
    with pytest.raises(TypeError, match=r"no option limits \(there are archive, columns, limit, "):
        helios.fetch("gaia", tmp_path / "stars.parquet", limits=3)
    with pytest.raises(InputError, match="cell 2_0_0_0: not in"):
        helios.train(universe, cells=["2_0_0_0"])
    with pytest.raises(InputError, match="no universe there"):
        helios.open(tmp_path / "nowhere")


def test_from_a_catalogue_to_a_site_nothing_is_printed(tmp_path, capfd):
    events = []
    universe = helios.build([STARS], tmp_path / "universe", leaf_capacity=40)
    cell = max(universe, key=len)
    trained = helios.train(
        universe, cell.id, backend="numba", iterations=2, image_size=32, seed=3, on_event=events.append
    )
    assert isinstance(trained, helios.TrainResult)
    assert (trained.path, trained.trained, trained.left) == (universe.path, 1, 0)
    assert events[-1] == Done(trained)
    view = helios.open(trained.path)[cell.id]
    assert 0 < len(view.splats) <= len(view)
    packed = helios.pack(universe, on_event=events.append)
    assert isinstance(packed, helios.PackResult)
    assert packed.splats == len(universe.stars())
    site = helios.write_site(universe, tmp_path / "site", on_event=events.append)
    assert isinstance(site, helios.SiteResult)
    assert helios.pack(universe, tmp_path / "splats", "v1").trained_cells > 0
    assert (tmp_path / "site" / "index.html").exists()
    written = helios.export(universe, tmp_path / "cell.ply", cells=str(cell.id))
    assert isinstance(written, helios.ExportResult)
    assert (written.cells, written.splats) == (1, len(view.splats))
    image = helios.render(universe, helios.Camera.sky(10, 20), (16, 24), splats=True, backend="numba")
    assert image.shape == (16, 24, 3)
    assert np.isfinite(image).all()
    assert capfd.readouterr() == ("", "")
