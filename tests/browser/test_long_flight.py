"""A visitor who flies about at random for minutes: memory stays within its bounds, and what is seen stays right.

A minute of it where FLIGHT_MINUTES does not say otherwise. 60,000 made stars, and room for a fifth of their tiles, so
that tiles go and come again all the time.
"""

import os

import numpy as np
import pytest
from look import View, look_at_site

import helios

MINUTES = float(os.environ.get("FLIGHT_MINUTES", "1"))
LEG_S = 2.5
STARS, ROOM_BYTES, BUDGET = 60_000, 100_000, 10_000
SIZE = (640, 480)
PARSEC_M = 3.0856775814913673e16

SHRINK = f"""
const source = helios.source();
source.resident.mostBytes = {ROOM_BYTES};
source.budget.splats = {BUDGET};
window.samples = [];
setInterval(() => {{
  const {{ bytes }} = source.state;
  samples.push([bytes, source.store.count, performance.memory.usedJSHeapSize, source.resident.tiles.size]);
}}, 250);
null"""


def leg(rng):
    """Steps of some seconds: keys held while the view is dragged, the wheel, or a link to a random place."""
    kind = rng.choice(["keys", "wheel", "link"], p=[0.5, 0.25, 0.25])
    x, y = (rng.uniform(0.2, 0.8, 2) * SIZE).tolist()
    drag = {"drag": [SIZE[0] / 2, SIZE[1] / 2, x, y]}
    if kind == "keys":
        key = str(rng.choice(list("wasdqe")))
        return [{"hold": key}, drag, {"wait": 1e3 * LEG_S}, {"release": key}]
    if kind == "wheel":
        turns = [{"wheel": float(rng.normal(0.0, 400.0))} for _ in range(4)]
        return [drag, {"move": [x, y]}, *turns, {"wait": 1e3 * LEG_S}]
    direction = rng.normal(size=3)
    place = 10 ** rng.uniform(-2.0, 3.5) * PARSEC_M * direction / np.linalg.norm(direction)
    ra, dec = rng.uniform(0.0, 360.0), rng.uniform(-80.0, 80.0)
    link = f"#pos={','.join(f'{value:.6e}' for value in place)}&look={ra:.3f},{dec:.3f}&fov={rng.uniform(20, 90):.1f}"
    return [{"evaluate": f"location.hash = '{link}'"}, {"wait": 1e3 * LEG_S}]


@pytest.mark.slow
def test_minutes_of_random_flight_keep_within_memory(tmp_path):
    universe = helios.build(output=tmp_path / "universe", synthetic=STARS, seed=5, solar_system="none")
    helios.pack(universe)
    site = helios.write_site(universe, tmp_path / "site").path
    rng = np.random.default_rng(12)
    home = "pos=0,0,0&look=83.0,0.0&fov=60&ev=14"
    flight = [step for _ in range(round(60 * MINUTES / LEG_S)) for step in leg(rng)]
    views = [
        View(steps=[{"evaluate": SHRINK}], picture=False),
        View(steps=[*flight, {"evaluate": "samples"}], picture=False),
        View(state=home),
    ]
    long = look_at_site(site, views, tmp_path / "long", size=SIZE, timeout_s=240 + 60 * MINUTES * 3)
    assert (long.problems, long.console) == ([], [])
    held, splats, heap, tiles = np.array(long.views[1].script).T
    assert len(held) > 60 * MINUTES
    shrunk = int(np.argmax(held <= ROOM_BYTES))  # the page had filled more room before
    assert np.all(held[shrunk:] <= ROOM_BYTES)
    assert shrunk < len(held) // 2
    assert np.any(np.diff(tiles) < 0), "no tile had to go"
    assert splats.max() <= 1.4 * STARS + 4096
    # After the first quarter nothing grows: garbage makes it swing, so the least of quarters are compared.
    quarter = len(heap) // 4
    assert heap[-quarter:].min() < 1.25 * heap[quarter : 2 * quarter].min()
    # Home again it is as if one had never left.
    fresh = look_at_site(site, [views[0], View(state=home)], tmp_path / "fresh", size=SIZE)
    light = [visit.views[-1].pixels().astype(float) for visit in (long, fresh)]
    assert light[1].max() > 100.0
    assert np.mean(np.abs(light[0] - light[1])) < 0.02 * np.mean(light[1]) + 0.05
