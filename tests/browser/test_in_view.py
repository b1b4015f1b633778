"""What a frame draws is what is in view, and looks as if all were drawn.

Real stars and 20,000 random ones make a tree of many cells. What the GPU is given falls with the field of view and
is the Sun alone where no star is; the light is that of a frame that leaves nothing out, from the Sun and from outside.
Nothing here is timed: `tests/bench/bench_frame.py` does that.
"""

import itertools

import numpy as np
import pytest
from look import View, look_at_site
from test_v2 import ALL, SIZE

FIELDS = (100, 60, 20, 5)
PC_M = 3.0857e16
OUTSIDE = f"pos=0,0,{3000 * PC_M}"
"""Above the pole of the ecliptic, where most stars are on one side."""
VIEWS = (
    "pos=0,0,0&look=83.8,-1.2&fov=60&ev=4",
    "pos=0,0,0&look=270,-60&fov=8&ev=4",
    f"{OUTSIDE}&look=90,-50&fov=40&ev=8",
)
SMALL = [{"evaluate": "void Object.assign(helios.source().budget, { splats: 6000 })"}]
DRAWN = [{"evaluate": "helios.drawn()"}]
NEXT = "await new Promise(requestAnimationFrame)"
ALL_DRAWN = [{"evaluate": f"(async () => {{ helios.drawAll(); {NEXT}; {NEXT}; return helios.drawn(); }})()"}]


def test_what_is_drawn_follows_the_field_of_view(deep, tmp_path):
    states = [f"pos=0,0,0&look=83.8,-1.2&fov={field}&ev=4" for field in FIELDS]
    states += [f"pos=0,0,{1e5 * PC_M}&look={look}&fov=60&ev=4" for look in ("270,66.56", "90,-66.56")]
    visit = look_at_site(deep, [View(state, steps=DRAWN, picture=False) for state in states], tmp_path, size=SIZE)
    assert (visit.problems, visit.console) == ([], [])
    *fields, behind, ahead = (view.script["stars"] + view.script["soft"] for view in visit.views)
    assert visit.views[0].loaded["splats"] > 20_000
    assert all(narrow < wide for wide, narrow in itertools.pairwise(fields))
    # Of so few stars the brightest 9,000 are one cell, all around the Sun, and the next are in cells of 45 degrees.
    assert fields[-1] < 0.85 * fields[0]
    assert ahead > 5000
    assert behind <= 1  # the Sun, which is given to every frame


@pytest.mark.parametrize("before", [[], SMALL], ids=["all open", "some open"])
def test_the_picture_is_that_of_everything_drawn(deep, tmp_path, before):
    parts = [View(state, steps=DRAWN, light=ALL) for state in VIEWS]
    wholes = [View(state, steps=ALL_DRAWN, light=ALL) for state in VIEWS]
    visit = look_at_site(deep, [View(steps=before, picture=False), *parts, *wholes], tmp_path, size=SIZE)
    assert (visit.problems, visit.console) == ([], [])
    for part, whole in zip(visit.views[1 : 1 + len(VIEWS)], visit.views[1 + len(VIEWS) :]):
        assert all(whole.script[kind] >= part.script[kind] for kind in ("stars", "soft", "wide"))
        assert part.light.sum() > 0
        # The sums of floats are made in another order.
        np.testing.assert_allclose(part.light, whole.light, rtol=1e-4, atol=1e-6 * part.light.max())
        np.testing.assert_allclose(part.pixels().astype(int), whole.pixels(), atol=1)
