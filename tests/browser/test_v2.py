"""A pack of the format v2 shows the sky that v1 shows, from its first frame on, and changes it without a jump of light.

Two universes: the embedded naked-eye stars, and these with 20,000 random faint ones in a thin layer, which make a tree.
Light is read before the tone curve. Pictures are small, as it is a processor that draws them.
"""

import shutil

import numpy as np
import pytest
from look import View, look_at_site
from pinhole import Pinhole, direction_of
from servers import Ranges, WholeFiles
from test_steady import FAR_M, OUT, pair
from v1_site import write_site

SIZE = (320, 240)
ALL = (0, 0, *SIZE)
ORION = "pos=0,0,0&look=83.8,-1.2&fov=60&ev=0"
BACK = "pos=0,0,0&look=200,40&fov=60&ev=0"
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def light_of(seen):
    """Luminance [H, W] of the light of a view."""
    return seen.light @ LUMINANCE


def blocks(image):
    """Sums of 16 x 16 px of an image [H, W]."""
    height, width = (n // 16 for n in image.shape)
    return image.reshape(height, 16, width, 16).sum(axis=(1, 3))


def test_orion_is_that_of_v1(site_v1, site, tmp_path):
    named = [{"until": "helios.labels().includes('Rigel')"}, {"evaluate": f"helios.go({ORION!r})"}]
    views = [View(ORION, steps=named, light=ALL), View("pos=3e17,1e17,0&look=83.8,-1.2&fov=60&ev=0", light=ALL)]
    first, second = (look_at_site(each, views, tmp_path / each.parent.name, size=SIZE) for each in (site_v1, site))
    for visit in (first, second):
        assert (visit.problems, visit.console) == ([], [])
    for v1, v2 in zip(first.views, second.views):
        old, new = light_of(v1), light_of(v2)
        # 5 mmag of each star and half floats; the places of v1 and v2 differ by 0.001 px.
        assert new.sum() == pytest.approx(old.sum(), rel=2e-3)
        assert np.abs(blocks(new) - blocks(old)).sum() < 0.01 * old.sum()
    assert set(second.views[0].labels) == set(first.views[0].labels)  # listed as they were first shown


SMALL = "Object.assign(helios.source().budget, { splats: 12000 })"
FADE = """(async () => {
  const seen = [];
  helios.addOverlay({ draw: () => {
    const light = helios.readLight(0, 0, 320, 240);
    let sum = 0;
    for (let i = 0; i < light.length; i += 3) sum += 0.2126 * light[i] + 0.7152 * light[i + 1] + 0.0722 * light[i + 2];
    seen.push([sum, helios.source().state.drawn, performance.now()]);
  } });
  Object.assign(helios.source().budget, { splats: 200000 });
  window.dispatchEvent(new Event("resize"));
  await new Promise((done) => {
    const look = () => (seen.length > 3 && performance.now() - seen.at(-1)[2] > 1000 ? done() : setTimeout(look, 100));
    look();
  });
  return seen;
})()"""


@pytest.fixture(scope="module")
def turned(deep, tmp_path_factory):
    """A visit that turns around and back within a budget, and then fades to a larger one."""
    look = [{"evaluate": f"helios.go({BACK!r})"}, {"evaluate": f"helios.go({ORION!r})"}]
    views = [
        View(state=ORION, steps=[{"evaluate": SMALL}, {"evaluate": f"helios.go({ORION!r})"}], light=ALL),
        View(steps=[*look, {"evaluate": "helios.source().state"}], light=ALL),
        View(steps=[{"evaluate": FADE}], light=ALL),
    ]
    return look_at_site(deep, views, tmp_path_factory.mktemp("turned"), size=SIZE)


def test_turning_on_the_spot_changes_nothing(turned):
    assert turned.problems == []
    assert turned.views[1].script["drawn"] <= 12_000
    np.testing.assert_array_equal(turned.views[1].light, turned.views[0].light)


def test_light_is_constant_through_a_fade(turned):
    sums, drawn, _ = np.array(turned.views[2].script).T
    assert len(sums) >= 4
    assert drawn[-1] > 20_000
    # What stands for stars outside of the view has light in it, so the ends differ by some millimagnitudes.
    assert np.ptp(sums) < 0.01 * sums[0]
    low, high = sorted([sums[0], sums[-1]])
    assert sums.min() > low * 0.999
    assert sums.max() < high * 1.001


@pytest.mark.parametrize("handler", [Ranges, WholeFiles])
def test_a_damaged_tile_is_said_and_the_rest_is_shown(deep, tmp_path, handler):
    whole = look_at_site(deep, [View(state=ORION, light=ALL)], tmp_path, size=SIZE)
    *_, asked = [part for file, part in whole.requests if file.endswith("tiles-00000.bin") and part]
    site = tmp_path / "site"
    shutil.copytree(deep, site)
    tiles = site / "universe" / "tiles-00000.bin"
    data = bytearray(tiles.read_bytes())
    data[int(asked.rpartition("-")[2])] ^= 1
    tiles.write_bytes(data)
    visit = look_at_site(site, [View(state=ORION, light=ALL)], tmp_path, size=SIZE, handler=handler)
    assert len(visit.problems) == 1
    assert "tiles-00000.bin, tile of cell" in visit.page
    assert "is damaged: its CRC-32" in visit.page
    lost = whole.views[0].loaded["splats"] - visit.views[0].loaded["splats"]
    assert 0 < lost < 2000
    assert light_of(visit.views[0]).sum() == pytest.approx(light_of(whole.views[0]).sum(), rel=0.01)


FIRST_SKY = """(() => {
  const { startTime } = performance.getEntriesByName("first sky")[0];
  const files = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter(({ responseEnd }) => responseEnd <= startTime)
    .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize]);
  const { visibility } = getComputedStyle(document.querySelector("header"));
  return { files, visibility };
})()"""


def test_the_first_sky_takes_less_than_200_kilobytes(deep, tmp_path):
    """Nothing is compressed by this server; names and tiles come later."""
    found = look_at_site(deep, [View(steps=[{"evaluate": FIRST_SKY}])], tmp_path, size=SIZE).views[0].script
    assert found["visibility"] == "visible"  # though not before the first sky
    names = {name for name, _ in found["files"]}
    assert {"/", "/site.json", "/universe/head.bin", "/universe/sky.bin", "/universe/glow.bin"} <= names
    assert sum(size for _, size in found["files"]) < 200_000, found


WITHOUT_WORKERS = "window.Worker = class { constructor() { throw new Error('no workers here'); } };"


def test_without_workers_the_same_is_shown(deep, tmp_path):
    views = [View(state=ORION, light=ALL)]
    with_them, without = (
        look_at_site(deep, views, tmp_path, size=SIZE, **options) for options in ({}, {"before": WITHOUT_WORKERS})
    )
    assert without.problems == []
    np.testing.assert_array_equal(without.views[0].light, with_them.views[0].light)


def test_light_is_the_same_in_whichever_picture_a_splat_is_drawn(tmp_path):
    """Flux x distance^2 of a splat whose standard deviation goes from 3.9 to 4.1 and from 15 to 60 px."""
    star = pair(OUT, -5.0)[0]
    site = write_site(tmp_path / "site", [star], with_stars=False, trained=True)
    size = (300, 300)
    focal = 150 / np.tan(np.radians(30))
    sigma = FAR_M * np.sqrt(7e-6 * 10**2 / (2 * np.pi * 0.9))
    widths = [3.0, 3.9, 4.1, 8.0, 15.0, 17.0, 30.0]
    cameras = [Pinhole(star.position - focal * sigma / width * OUT, direction_of(OUT)) for width in widths]
    views = [View(state=camera.state + "&ev=-7", light=(0, 0, *size), picture=False) for camera in cameras]
    visit = look_at_site(site, views, tmp_path, size=size)
    flux = np.array([light_on_the_sphere(seen, focal) for seen in visit.views]) / np.array(widths) ** 2
    np.testing.assert_allclose(flux, flux.mean(), rtol=2e-3)


def light_on_the_sphere(seen, focal):
    """Light of a view, each pixel times the solid angle it covers over that of one on the axis."""
    light = light_of(seen)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
    off2 = ((x - light.shape[1] / 2) ** 2 + (y - light.shape[0] / 2) ** 2) / focal**2
    return (light * (1 + off2) ** -1.5).sum()


AROUND = ("look=0,0", "look=90,0", "look=180,0", "look=270,0", "look=45,60", "look=225,-60")


def test_within_a_small_budget_every_view_has_its_light(deep, tmp_path):
    """72 pc from the Sun, among wide splats: the light of six views is that of the stars, which a large budget shows.

    Flattened, those splats would put up to 16 mmag more into a view.
    """
    states = [f"pos=1.3e18,1.3e18,1.2e18&{look}&fov=60&ev=0" for look in AROUND]
    views = [View(state=state, light=ALL, picture=False) for state in states]
    small = [{"evaluate": "Object.assign(helios.source().budget, { splats: 3000 })"}]
    few = [View(state=states[0], steps=small, picture=False), *views]
    stars, levels = (look_at_site(deep, each, tmp_path, size=SIZE).views for each in (views, few))
    found, true = (np.array([light_of(seen).sum() for seen in visit[-6:]]) for visit in (levels, stars))
    assert np.abs(2500 * np.log10(found / true)).max() < 10
