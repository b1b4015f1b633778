"""What befalls the GPU changes no picture: it is taken from the page and given back, and its targets change their size.

The expected pictures are those of a page to which nothing happened. Where the GPU lacks what the sky is drawn with, the
page says so.
"""

import numpy as np
import pytest
from look import View, look_at_site
from pinhole import Pinhole
from v1_site import naked_eye_stars

pytestmark = pytest.mark.slow

SIZE = (640, 480)
SMALL = (410, 333)
ORION = Pinhole(np.zeros(3), (83.8, -1.2), size=SIZE).state + "&ev=0"
BETELGEUSE = next(star for star in naked_eye_stars() if star.name == "Betelgeuse")
BESIDE = "pos={},{},{}&look=83.8,-1.2&ev=-4".format(*(0.97 * BETELGEUSE.position))
"""So near that of v1 more cells are needed than from the Sun."""

LOSE = """new Promise((done) => {
  const canvas = document.getElementById("sky");
  canvas.addEventListener("webglcontextlost", () => setTimeout(() => done(true)), { once: true });
  window.lost = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
  window.lost.loseContext();
})"""
RESTORE = """new Promise((done) => {
  const canvas = document.getElementById("sky");
  const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => done(true)));
  canvas.addEventListener("webglcontextrestored", drawn, { once: true });
  window.lost.restoreContext();
})"""
FRAMES_AT_REST = """(async () => {
  let frames = 0;
  helios.addOverlay({ draw: () => frames++ });
  // However late its own frame comes on a busy machine, there is a time without any after it.
  for (let tries = 0; tries < 20; tries++) {
    const before = frames;
    await new Promise((done) => setTimeout(done, 400));
    if (before > 0 && frames === before) return 0;
  }
  return frames;
})()"""


def view(state="", steps=()):
    return View(state=state, steps=list(steps), light=(0, 0, *SIZE))


@pytest.fixture(scope="module", params=["v2", "v1"])
def site(request):
    return request.getfixturevalue({"v2": "naked_eye_site", "v1": "naked_eye_site_v1"}[request.param])


@pytest.fixture(scope="module")
def undisturbed(site, tmp_path_factory):
    views = [view(ORION), view(BESIDE)]
    return look_at_site(site, views, tmp_path_factory.mktemp("undisturbed"), size=SIZE).views


def assert_same(seen, expected):
    np.testing.assert_array_equal(seen.light, expected.light)
    np.testing.assert_array_equal(seen.pixels(), expected.pixels())


def test_the_picture_comes_back_with_the_gpu(site, undisturbed, tmp_path):
    """Twice, and the second time the camera has gone elsewhere, and cells of v1 have come, while there was no GPU."""
    views = [
        view(ORION, [{"evaluate": LOSE}, {"evaluate": RESTORE}]),
        view(ORION, [{"evaluate": LOSE}, {"evaluate": f"helios.go({BESIDE!r})"}, {"evaluate": RESTORE}]),
        view(ORION),
        view(ORION, [{"evaluate": FRAMES_AT_REST}]),
    ]
    visit = look_at_site(site, views, tmp_path, size=SIZE)
    orion, beside = undisturbed
    assert orion.light.sum() > 0
    assert beside.light.sum() > 0
    assert beside.loaded["cells"] > orion.loaded["cells"] or not (site / "stars").exists()
    for seen, expected in zip(visit.views, [orion, beside, orion, orion]):
        assert_same(seen, expected)
    assert visit.views[3].script == 0
    assert visit.problems == []


def test_a_page_of_another_size_is_as_one_opened_so(site, undisturbed, tmp_path):
    """Smaller, of odd sides, so that every smaller target is rounded, and larger again."""
    resized = [View(state=ORION, steps=[{"resize": SMALL}, {"evaluate": f"helios.go({ORION!r})"}])]
    again = view(ORION, [{"resize": SIZE}, {"evaluate": f"helios.go({ORION!r})"}])
    visit = look_at_site(site, [*resized, again], tmp_path / "resized", size=SIZE)
    opened = look_at_site(site, [View(state=ORION)], tmp_path / "opened", size=SMALL)
    assert visit.views[0].pixels().shape == (SMALL[1], SMALL[0], 3)
    np.testing.assert_array_equal(visit.views[0].pixels(), opened.views[0].pixels())
    assert_same(visit.views[1], undisturbed[0])
    assert visit.console == []


NO_WEBGL = "HTMLCanvasElement.prototype.getContext = () => null;"
BAD_SHADERS = """{
  const { shaderSource } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.shaderSource = function (shader, text) {
    shaderSource.call(this, shader, text + "nonsense");
  };
}"""
NO_FLOATS = """{
  const { getExtension } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.getExtension = function (name) {
    return name.startsWith("EXT_color_buffer") ? null : getExtension.call(this, name);
  };
}"""


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (NO_WEBGL, "This browser offers no WebGL 2"),
        (NO_FLOATS, "This graphics driver cannot draw into 16-bit float pictures"),
        (BAD_SHADERS, "This graphics driver does not take the viewer's shaders"),
    ],
)
def test_what_the_gpu_lacks_is_said_on_the_page(naked_eye_site, tmp_path, before, message):
    visit = look_at_site(naked_eye_site, [View()], tmp_path, size=SIZE, before=before)
    assert message in visit.page
    assert len(visit.problems) == 1
    assert visit.views == []
