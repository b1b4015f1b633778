"""`site.json` says at which date stars are where the pack has them, if the pack has their motions, and only then."""

import json

import pytest

from helios.packing.pack import pack_universe
from helios.packing.site import write_site
from tests.unit.packing.v2.pack_scene import make_universe


@pytest.mark.parametrize(
    ("options", "pack", "epoch"),
    [({"epoch": "J2026.9"}, "v2", 2026.9), ({}, "v2", None), ({"epoch": "J2026.9"}, "v1", None)],
)
def test_the_epoch_is_told_of_what_moves(options, pack, epoch, tmp_path):
    universe = make_universe(tmp_path / "universe", stars=300, **options)
    pack_universe(universe, tmp_path / "pack", pack)
    site = write_site(universe, tmp_path / "site", pack=tmp_path / "pack").path
    assert json.loads((site / "site.json").read_text()).get("epoch") == epoch
    assert any((site / "universe").glob("motion-*.bin")) == (epoch is not None)
