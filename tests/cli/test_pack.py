"""`helios pack` and `helios export` as a user types them: exit code, files, message, and `kill -9` at any time.

Universes are small and real. The kills are of whole processes, one before each change that the command makes to the
disk.
"""

import gzip
import json
import os
import re
import shutil

import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.packing import EXPORTERS, PACKS
from helios.packing.export import export
from helios.packing.pack import open_pack
from helios.packing.site import check_site
from helios.packing.solar import SOLAR_FILES
from helios.universe import Universe
from tests.unit.packing import scene


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    scene.make_stars(folder / "universe")
    scene.make_trained(folder / "universe", folder / "universe_trained")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A current directory with `universe` and `universe_trained`."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def viewer(tmp_path, monkeypatch):
    """A viewer in the place of the package's own."""
    scene.make_viewer(tmp_path / "package" / "web")
    monkeypatch.setattr("helios.packing.site.files", lambda name: tmp_path / "package")


def helios(*arguments, code=0):
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    if code == 1:
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
    return result.output


def test_it_packs_all_stars_of_the_trained_universe_and_says_how_large_they_are(here):
    before = scene.tree(here / "universe")
    output = helios("pack")
    pack = open_pack(here / "universe_trained" / "pack")
    assert pack.format == "v2"
    beside = ("ids", "landmarks.json", *SOLAR_FILES)
    files = (path for path in pack.folder.iterdir() if path.name.split("-")[0] not in beside)
    size = sum(path.stat().st_size for path in files)
    cells = pack.result.cells
    assert output.startswith(
        f"packed universe_trained/pack: {cells} cells (0 trained), 200 splats, {size:,} bytes\n"
        f"{size / 200:.1f} bytes per splat; read back: equal\n"
    )
    trained = Universe.open(here / "universe_trained").trained.sum()
    assert f"the splats of {trained} trained cells are not in it, all stars are: --format v1 packs" in output
    assert "are not in it" not in helios("pack", "--universe", "universe", "-o", "stars")
    assert scene.tree(here / "universe") == before


def test_the_format_v1_has_the_splats_of_trained_cells(here):
    output = helios("pack", "--format", "v1")
    assert "are not in it" not in output
    packed = open_pack(here / "universe_trained" / "pack").result
    size = (here / "universe_trained" / "pack" / "cells.pack.bin").stat().st_size
    splats, trained = packed.splats, packed.trained_cells
    assert (
        f"packed universe_trained/pack: {packed.cells} cells ({trained} trained), {splats} splats, {size:,} bytes"
        in output
    )
    assert f"{size / splats:.1f} bytes per splat, {size / splats / 56:.2f} x the bare 56; read back: equal" in output


def test_it_packs_the_universe_where_none_is_trained(here):
    shutil.rmtree(here / "universe_trained")
    assert "packed universe/pack: " in helios("pack")
    assert len(open_pack(here / "universe" / "pack")) > 0


def test_it_packs_the_universe_that_is_named(here):
    assert "(0 trained)" in helios("pack", "--universe", "universe")
    assert not (here / "universe_trained" / "pack").exists()


def test_it_packs_to_the_folder_and_in_the_format_that_are_named(here, viewer):
    before = scene.tree(here / "universe_trained")
    output = helios("pack", "--format", "v1:loose_cells=false", "-o", "elsewhere", "--site", "site")
    assert "packed elsewhere: " in output
    assert not (here / "elsewhere" / "cells").exists()
    assert scene.tree(here / "universe_trained") == before
    assert check_site(here / "site") == len(open_pack(here / "elsewhere")) + len(open_pack(here / "site" / "stars"))
    wrong = helios("pack", "--format", "v9", code=1)
    assert f"unknown pack format 'v9' (choose from {', '.join(PACKS.names())})" in wrong
    assert "must not lie in each other" in helios("pack", "-o", "elsewhere", "--site", "elsewhere/site", code=1)


def test_a_site_is_packed_first_and_says_how_to_look_at_it(here, viewer):
    output = helios("pack", "--site", "site", "--format", "v1")
    assert output.endswith("look at it: helios serve site\n")
    packs = here / "universe_trained" / "pack", here / "site" / "stars"
    assert check_site(here / "site") == sum(len(open_pack(pack)) for pack in packs)


def test_the_format_v2_is_packed_validated_and_put_in_a_site(here, viewer):
    output = helios("pack", "--universe", "universe", "--site", "site")
    assert output.endswith("look at it: helios serve site\n")
    pack = open_pack(here / "universe" / "pack")
    assert (pack.format, pack.result.splats) == ("v2", 200)
    manifest = json.loads((here / "site" / "site.json").read_text())
    assert manifest["layers"] == [{"folder": "universe", "format": "v2", "radii": None}]
    places = json.loads(gzip.decompress((here / "site" / manifest["landmarks"]).read_bytes()))
    counted = [{key: value for key, value in place.items() if key != "stars"} for place in places]
    assert counted == json.loads((here / "universe" / "landmarks.json").read_bytes())
    assert check_site(here / "site") == pack.result.cells
    assert "universe: sound" in helios("validate", "universe")
    sky = pack.folder / "sky.bin"
    sky.write_bytes(sky.read_bytes()[:-1] + b"\xff")
    result = CliRunner().invoke(main, ["validate", "universe"])
    assert result.exit_code == 1
    assert "sky.bin: the sky: damaged" in result.output


def test_a_site_that_may_not_be_written_packs_nothing(here, viewer):
    (here / "mine").mkdir()
    (here / "mine" / "notes.txt").write_text("notes")
    before = scene.tree(here)
    assert "is not empty and no site of Helios" in helios("pack", "--site", "mine", code=1)
    assert scene.tree(here) == before


def newer(universe):
    file = universe / "universe.zarr/zarr.json"
    metadata = json.loads(file.read_text())
    metadata["attributes"]["version"] = 5
    file.write_text(json.dumps(metadata))


def as_file(universe):
    shutil.rmtree(universe)
    universe.write_text("no universe")


@pytest.mark.parametrize("command", [("pack",), ("pack", "--site", "site"), ("export", "-o", "x.ply")])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "universe: no universe"),
        (as_file, "universe: no universe"),
        (newer, "version 5"),
        (lambda u: shutil.rmtree(u / "universe.zarr"), "missing"),
        (lambda u: os.truncate(u / "universe.zarr/cells/l/c/0", 30), "cells/l: damaged"),
    ],
)
def test_what_is_no_sound_universe_is_one_clear_line(here, command, spoil, message):
    spoil(here / "universe")
    before = scene.tree(here)
    assert message in helios(command[0], "--universe", "universe", *command[1:], code=1)
    assert scene.tree(here) == before


def test_export_writes_all_cells_or_those_that_are_named(here):
    cells = [str(cell) for cell in Universe.open(here / "universe_trained").cells]
    assert f"wrote all.ply: {len(cells)} cells" in helios("export", "--format", "ply", "-o", "all.ply")
    one, two, three = cells[:3]
    for number, arguments in enumerate(
        (
            ("--cells", one, two, three),
            ("--cells", f"{three},{two},{one}"),
            ("--cells", one, "--cells", three, "--cells", two, "--cells", one),
        )
    ):
        assert "3 cells" in helios("export", *arguments, "-o", f"{number}.ply")
    assert (here / "0.ply").read_bytes() == (here / "1.ply").read_bytes() == (here / "2.ply").read_bytes()


def test_export_says_what_a_file_does_not_show(here):
    universe = Universe.open(here / "universe_trained")
    frame = r"a unit of its coordinates is [\d.e+-]+ pc, their origin the Sun\n"
    faint = r"[\d.e+-]+ % of the light is in splats of an opacity below 1/255, which most viewers do not draw\n"
    result = export(universe, here / "x.ply", "ply:widest_shrunk=0")
    output = helios("export", "--format", "ply:widest_shrunk=0", "-o", "all.ply")
    assert re.search(frame + faint, output)
    assert f"\n{100 * result.faint_share:.2g} % of the light" in output
    assert "below 1/255" not in helios("export", "--format", "ply:widest_shrunk=inf", "-o", "all.ply")
    noted = export(universe, here / "x.spz", "spz")
    assert noted.notes
    assert helios("export", "--format", "spz", "-o", "all.spz").splitlines()[2:] == list(noted.notes)
    one = helios("export", "--cells", str(universe.cells[0]), "-o", "one.ply")
    assert re.search(r"their origin at [\d.e+-]+ [\d.e+-]+ [\d.e+-]+ pc \(ecliptic\)\n", one)
    assert "coordinates" not in helios("export", "--format", "csv", "-o", "all.csv")


def test_a_shallow_universe_is_regrouped(here):
    universe = Universe.open(here / "universe")
    output = helios("pack", "--universe", "universe", "--format", "v1")
    assert f"regrouped at depth 5 from {len(universe)} cells of depth 2\n" in output
    assert {cell.depth for cell in open_pack(here / "universe" / "pack").cell_ids} == {5}
    assert "regrouped" not in helios("pack", "--universe", "universe", "--format", "v1:depth=2")
    assert list(open_pack(here / "universe" / "pack").cell_ids) == list(universe.cells)


def test_an_adaptive_universe_is_regrouped_and_exported_by_names_with_depths(here):
    universe = scene.make_clumps(here / "adaptive", leaf_capacity=8)
    output = helios("pack", "--universe", "adaptive", "--format", "v1")
    packed = open_pack(here / "adaptive" / "pack")
    assert f"packed adaptive/pack: {len(packed)} cells (0 trained), 210 splats" in output
    assert f"regrouped at depth 5 from {len(universe)} cells of an adaptive tree" in output
    names = [str(universe.cells[i]) for i in (0, len(universe) - 1)]
    assert "2 cells" in helios("export", "--universe", "adaptive", "--cells", *names, "-o", "two.ply")
    depths = f"{universe.cells.depth.min()} to {universe.cells.depth.max()}"
    assert f"comment cells 2 of an adaptive tree of depths {depths}\n".encode() in (here / "two.ply").read_bytes()
    gone = helios("export", "--universe", "adaptive", "--cells", "0_0_0_0", "-o", "none.ply", code=1)
    assert "cell 0_0_0_0: not in" in gone


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cells", "1_2"), "must be L_THETA_PHI"),
        (("--cells", "1_2_x"), "must be L_THETA_PHI"),
        (("--cells", "900_0_0"), "outside the grid"),
        (("--cells", "0_0_0"), "not in universe_trained"),
        (("--format", "obj"), f"unknown export format 'obj' (choose from {', '.join(EXPORTERS.names())})"),
        (("--format", "csv:id=no"), "export format csv: 'id=no' must be OPTION=VALUE with an option of splats"),
        (("-o", "missing/x.ply"), "must be a file in a directory that exists"),
        (("--cells", ","), "no cells to export"),
    ],
)
def test_what_cannot_be_exported_is_one_clear_line(here, arguments, message):
    before = scene.tree(here)
    assert message in helios("export", "-o", "x.ply", *arguments, code=1)
    assert scene.tree(here) == before


def test_formats_are_named_in_help():
    for command, registry in (("pack", PACKS), ("export", EXPORTERS)):
        assert f"One of {', '.join(registry.names())}." in helios(command, "--help")


def test_killed_before_any_of_its_changes_the_next_run_gives_the_bytes_of_an_undisturbed_one(tmp_path):
    scene.make_stars(tmp_path / "stars", count=8, depth=1)
    universe = scene.make_trained(tmp_path / "stars", tmp_path / "trained")
    places = [scene.copy(universe.path, tmp_path / f"{n}" / "universe") for n in range(4 * len(universe) + 30)]
    helios("pack", "--universe", universe.path)
    undisturbed = scene.tree(universe.path)
    killed = scene.kill_before_each_change(
        "from helios.cli import main; main.main(['pack', '--universe', str(path)], standalone_mode=False)", places
    )
    assert killed > len(universe)
    for path in places[:killed]:
        helios("pack", "--universe", path)
        assert scene.tree(path) == undisturbed
        assert os.listdir(path.parent) == ["universe"]
