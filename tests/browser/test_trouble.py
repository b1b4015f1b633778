"""What may befall a page besides its server: links of any numbers, messages without end, a GPU that is taken away.

And sites of layers (v1), and sites in a folder of any name. The site is that of the naked-eye stars.
"""

import json
import shutil
import zlib

import numpy as np
import pytest
from faults import OVER, Fault, faulty, page, status
from look import View, look_at_site
from servers import Ranges

pytestmark = pytest.mark.slow

SIZE = (320, 240)
ALL = (0, 0, *SIZE)
ORION = "pos=0,0,0&look=83.8,-1.2&fov=60&ev=0"
TEXT = {"evaluate": "document.querySelector('#notices').innerText"}

LINKS = [
    "pos=1e400,0,0",
    "pos=1e308,1e308,-1e308&look=1e308,90&fov=1e-308&ev=1e9",
    "pos=NaN,0,0&look=NaN,NaN&fov=NaN&ev=NaN",
    "pos=-Infinity,0,0&look=0,-90&fov=0&ev=-1e9",
    "pos=1e-320,5e-324,-0&look=-0,1e-320&fov=-1&ev=-0",
    "pos=1,2&look=1,2,3&up=toString&fov=0x10&ev=,",
    "pos=%00,%F0%9F,%&look=%&up=__proto__",
    "pos=" + "9" * 5000 + ",0,0",
]
FACTS = """(() => ({
  finite: [...helios.view().pos, ...Object.values(helios.view().look), helios.view().fov, helios.view().exposure]
    .every(Number.isFinite),
  place: document.querySelector("#place").textContent,
}))()"""


def test_no_number_in_a_link_breaks_the_page(naked_eye_site, tmp_path):
    """It may lead to where nothing is seen, but the way back shows the sky as before."""
    views = [View(state=ORION, light=ALL)]
    for link in LINKS:
        go = {"evaluate": f"location.hash = {link!r}; new Promise((done) => setTimeout(done, 300))"}
        views.append(View(steps=[go, {"evaluate": FACTS}], light=ALL, picture=False))
    views.append(View(state=ORION, light=ALL))
    visit = look_at_site(naked_eye_site, views, tmp_path, size=SIZE)
    assert (visit.problems, visit.console) == ([], [])
    for link, seen in zip(LINKS, visit.views[1:-1]):
        assert seen.script["finite"], link
        assert "NaN" not in seen.script["place"], link
        assert "Infinity" not in seen.script["place"], link
        assert np.isfinite(seen.light).all(), link
    np.testing.assert_array_equal(visit.views[-1].light, visit.views[0].light)


@pytest.mark.parametrize("link", [LINKS[1], LINKS[3]])
def test_a_page_may_start_with_such_a_link(naked_eye_site, tmp_path, link):
    views = [View(steps=[{"evaluate": FACTS}]), View(state=ORION, light=ALL)]
    visit = look_at_site(naked_eye_site, views, tmp_path, size=SIZE, start=f"#{link}")
    assert (visit.problems, visit.console) == ([], [])
    assert visit.views[0].script["finite"]
    assert visit.views[1].light.sum() > 0


NOTICES = """(async () => {
  for (let i = 0; i < 10000; i++) {
    window.dispatchEvent(new ErrorEvent("error", { message: `trouble ${i} ` + "of some length ".repeat(40) }));
  }
  await new Promise((done) => setTimeout(done, 500));
  const box = document.querySelector("#notices");
  const { width, height } = box.getBoundingClientRect();
  const share = (width * height) / (innerWidth * innerHeight);
  const found = { share, text: box.innerText, most: helios.problems.length };
  for (let close; (close = [...box.querySelectorAll("button")].at(-1)); ) close.click();
  return { ...found, after: box.innerText };
})()"""


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_ten_thousand_messages_do_not_cover_the_sky(naked_eye_site, tmp_path, size):
    seen = look_at_site(naked_eye_site, [View(steps=[{"evaluate": NOTICES}])], tmp_path, size=size).views[0].script
    assert seen["share"] < 0.4
    assert "trouble 2" in seen["text"]
    assert "trouble 3 " not in seen["text"]
    assert "and 9,997 more" in seen["text"]
    assert seen["most"] <= 1000
    assert seen["after"] == ""


LOSE = """(() => {
  window.taken = document.querySelector("#sky").getContext("webgl2").getExtension("WEBGL_lose_context");
  taken.loseContext();
  return new Promise((done) => setTimeout(done, 300));
})()"""


def test_a_lost_gpu_is_said_until_it_returns(naked_eye_site, tmp_path):
    views = [
        View(state=ORION, light=ALL),
        View(steps=[{"evaluate": LOSE}, TEXT]),
        View(steps=[{"evaluate": "taken.restoreContext()"}, {"wait": 500}, TEXT]),
        View(state=ORION, light=ALL),
    ]
    visit = look_at_site(naked_eye_site, views, tmp_path, size=SIZE)
    before, lost, back, after = visit.views
    assert "the sky comes back as soon as the browser gives it back" in lost.script
    assert back.script == ""
    np.testing.assert_array_equal(after.light, before.light)


STARS = r"/stars/cells\.pack\.bin"


@pytest.mark.parametrize(
    ("path", "answer", "words", "again"),
    [
        (STARS, status(503), "stars/cells.pack.bin cannot be read: the server answered HTTP 503", True),
        (STARS, status(403), "stars/cells.pack.bin cannot be read: the server answered HTTP 403", True),
        (r"/stars/index\.json", page, "stars/index.json cannot be read: the server answered with a web page", False),
        (r"/landmarks\.json", status(503), "landmarks.json cannot be read: the server answered HTTP 503", True),
    ],
)
def test_of_a_site_of_layers_only_the_base_must_be_there(naked_eye_site_v1, tmp_path, path, answer, words, again):
    sound = look_at_site(naked_eye_site_v1, [View(state=ORION, light=ALL)], tmp_path, size=SIZE).views[0]
    retry = [
        {"evaluate": f"fetch({OVER!r}).then(() => document.querySelector('#notices .again').click())"},
        {"until": "document.querySelector('#notices').textContent === '' && helios.labels"},
    ]
    views = [View(state=ORION, steps=[TEXT], light=ALL)]
    if again:
        views.append(View(steps=[*retry, {"wait": 500}, {"evaluate": f"helios.go({ORION!r})"}], light=ALL))
    visit = look_at_site(naked_eye_site_v1, views, tmp_path, size=SIZE, handler=faulty(Fault(path, answer)))
    assert words in visit.views[0].script
    assert "Try again" in visit.views[0].script
    np.testing.assert_allclose(visit.views[0].light, sound.light, atol=1e-5, rtol=2e-3)
    for seen in visit.views[1:]:
        assert seen.loaded["splats"] >= sound.loaded["splats"]  # those from afar stood for some
        assert sorted(seen.labels) == sorted(sound.labels)  # they are in the order in which they were first shown
        np.testing.assert_allclose(seen.light, sound.light, atol=1e-5, rtol=2e-3)


class InFolder(Ranges):
    """Serves the site under a folder with a space and a letter beyond ASCII in its name."""

    FOLDER = "/sub%20dir/%C3%BC/"

    def do_GET(self) -> None:
        if not self.path.startswith(self.FOLDER):
            self.send_error(404)
            return
        self.path = self.path[len(self.FOLDER) - 1 :]
        super().do_GET()


def test_a_site_may_lie_in_any_folder(naked_eye_site, tmp_path):
    there = look_at_site(naked_eye_site, [View(state=ORION, light=ALL)], tmp_path, size=SIZE)
    start = f"sub dir/ü/#{ORION}"
    inside = look_at_site(naked_eye_site, [View(light=ALL)], tmp_path, size=SIZE, handler=InFolder, start=start)
    assert (inside.problems, inside.console) == ([], [])
    np.testing.assert_array_equal(inside.views[0].light, there.views[0].light)


def test_a_flipped_bit_of_a_cell_is_told_where_the_site_names_checksums(naked_eye_site_v1, tmp_path):
    """The bit is the lowest of an opacity: a value as sound as any."""
    site = tmp_path / "site"
    shutil.copytree(naked_eye_site_v1, site)
    pack = site / "stars" / "cells.pack.bin"
    sums = {"cells.pack.bin": pack.read_bytes()}
    entries = json.loads((site / "stars" / "cells.pack.json").read_text())["cells"]
    lines = [_line(e["file_name"], sums["cells.pack.bin"][e["offset"] : e["offset"] + e["size"]]) for e in entries]
    lines += [_line(name, (site / "stars" / name).read_bytes()) for name in ("index.json", "cells.pack.json")]
    (site / "stars" / "cells.pack.sfv").write_text("".join(lines))
    manifest = json.loads((site / "site.json").read_text())
    manifest["layers"][0]["checksums"] = "cells.pack.sfv"
    (site / "site.json").write_text(json.dumps(manifest))
    sound = look_at_site(site, [View(state=ORION, light=ALL)], tmp_path, size=SIZE)
    assert sound.problems == []
    spoilt = bytearray(pack.read_bytes())
    spoilt[entries[0]["size"] - 4] ^= 1
    pack.write_bytes(spoilt)
    visit = look_at_site(site, [View(state=ORION, light=ALL)], tmp_path, size=SIZE)
    assert len(visit.problems) == 1
    assert entries[0]["file_name"] in visit.page
    assert "is damaged: its CRC-32" in visit.page
    np.testing.assert_allclose(visit.views[0].light, sound.views[0].light, atol=1e-5, rtol=2e-3)


def _line(name, data):
    return f"{name} {zlib.crc32(data):08X}\n"
