"""The rule of levels may change: what was built by another stays sound, and a killed build does not mix two."""

import numpy as np
import pytest

from helios.building import build
from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.levels import own_stars
from helios.packing.pack import open_pack, pack_universe
from helios.progress import Stage
from helios.universe import Universe
from helios.universe.validate import validate_universe
from tests.unit.universe.conftest import add_nothing

STARS = 5000
OTHERS = {"OWN_STARS": 512, "BRIGHT": 256, "KEPT_WHOLE": 512}


def test_a_universe_of_another_rule_is_sound_and_is_packed(make, monkeypatch, tmp_path):
    for name, number in OTHERS.items():
        monkeypatch.setattr(own_stars, name, number)
    path = make(synthetic=STARS).path
    monkeypatch.undo()
    assert OTHERS["OWN_STARS"] != own_stars.OWN_STARS
    universe = Universe.open(path)
    passing = np.unique(universe.levels.parent[1:])
    assert (universe.levels.own[passing[1:]] == OTHERS["OWN_STARS"]).all()
    assert len(passing) > 2
    assert not validate_universe(path, add_nothing, 5).findings.counts
    pack_universe(universe, tmp_path / "pack")
    pack = open_pack(tmp_path / "pack")
    assert sum(part.stars for part in pack.tiles()) == STARS


@pytest.mark.parametrize("other", [None, "RULE", "PIECES"])
def test_a_killed_build_goes_on_by_the_same_rule_only(other, tmp_path, monkeypatch):
    def until_levels(event):
        if isinstance(event, Stage) and event.name == "making levels":
            raise KeyboardInterrupt

    config, stages = BuildConfig(synthetic=STARS), []
    with pytest.raises(KeyboardInterrupt):
        build_universe(config, tmp_path / "universe", on_event=until_levels)
    if other:
        monkeypatch.setattr(build, other, {"RULE": (*build.RULE[:-1], build.RULE[-1] + 1), "PIECES": 0}[other])
    build_universe(config, tmp_path / "universe", on_event=lambda event: stages.append(event))
    done = {stage.name: stage.done for stage in stages if isinstance(stage, Stage)}
    assert (done["finding bright stars"] == 0) == bool(other)
