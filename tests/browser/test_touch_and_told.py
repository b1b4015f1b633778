"""The page by finger and by ear: what is touched is large enough, a swipe chooses nothing, a screen reader is told.

Chromium's own accessibility tree says what a screen reader is given; fingers are Chromium's touch events.
"""

import numpy as np
import pytest
from look import CHOSEN, View, look_at_site

pytestmark = pytest.mark.slow

BELT = "pos=0,0,0&look=84.05339,-1.20192&fov=20&ev=0"
"""Alnilam in the middle."""
READY = "document.getElementById('labels').childElementCount > 0"
LISTED = "document.querySelectorAll('#search-list [role=option]').length > 1"
TOLD = "document.querySelector('#panel:not([hidden])')?.getAttribute('aria-busy') === 'false'"
SKY = {"evaluate": "document.getElementById('sky').focus()"}
FOCUS = {"evaluate": "document.activeElement.id || document.activeElement.textContent"}
SAID = "document.getElementById('told-text').textContent"
CLICK = "document.getElementById('{}-button').click()"
TOUR = "document.querySelector('#tours-menu button').click()"
PHONES = {"upright": (390, 844), "on its side": (844, 390)}
SMALLEST_PX = 44
"""WCAG 2.2, success criterion 2.5.5."""
LEAST_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3."""
SMALL = f"""(() => {{
  const seen = (each) => each.checkVisibility({{ visibilityProperty: true }});
  const all = [...document.querySelectorAll("button, input, select, a, [role=option]")];
  const pressed = all.filter((each) => seen(each) && !each.closest("#told:not(:focus-within)"));
  const boxes = pressed.map((each) => [(each.closest("label") ?? each).getBoundingClientRect(), each]);
  const out = ({{ left, right }}) => left < 0 || right > innerWidth;
  const small = boxes.filter(([box]) => Math.min(box.width, box.height) < {SMALLEST_PX} || out(box));
  return {{ count: boxes.length, small: small.map(([{{ width, height }}, each]) => [each.outerHTML, width, height]) }};
}})()"""
SIRIUS = "document.querySelector('#search-list [role=option]')?.textContent.startsWith('Sirius')"
SCROLLED = "[document.getElementById('search-list').scrollTop, helios.view().pos, document.activeElement.id]"


@pytest.mark.parametrize("size", PHONES.values(), ids=PHONES)
def test_fingers_find_all_that_is_pressed_and_a_swipe_chooses_nothing(site, tmp_path, size):
    """On the sky, beside the panel, in the menu, the list, the help, on a tour and in messages."""
    look = [{"wait": 300}, {"evaluate": SMALL}]
    middle = (size[0] // 2, size[1] // 2)
    tap = {"tap": "#search-list [role=option]"}
    swipe = (size[0] - 90, 190, size[0] - 90, 80)
    views = [
        View(BELT, steps=[{"until": READY}, *look]),
        View(steps=[{"tap": middle}, {"until": TOLD}, *look], clean=False),
        View(steps=[SKY, {"press": "Escape"}, {"evaluate": CLICK.format("show")}, *look], clean=False),
        View(steps=[{"press": "Escape"}, {"press": "/"}, {"type": "a"}, {"until": LISTED}, *look], clean=False),
        View(steps=[{"evaluate": SCROLLED}], picture=False),
        View(steps=[{"swipe": swipe}, {"wait": 700}, {"evaluate": SCROLLED}], clean=False),
        View(
            steps=[{"press": "Escape"}, {"press": "/"}, {"type": "sirius"}, {"until": SIRIUS}, tap, {"until": CHOSEN}]
        ),
        View(steps=[{"evaluate": CLICK.format("help")}, *look], clean=False),
        View(
            steps=[{"press": "Escape"}, {"evaluate": "location.hash = '#goto=Vulcan'"}, {"wait": 900}, *look],
            clean=False,
        ),
        View(steps=[{"evaluate": CLICK.format("tours")}, {"evaluate": TOUR}, {"wait": 900}, *look], clean=False),
    ]
    visit = look_at_site(site, views, tmp_path, size=size, touch=True, reducedMotion=True)
    for view in [view for view in visit.views if isinstance(view.script, dict)]:
        assert view.script["small"] == []
        assert view.script["count"] > 8
    before, after = visit.views[4].script, visit.views[5].script
    assert before[1:] == after[1:] == [before[1], "search-input"]  # nobody has flown, and the list is open
    if size[1] < 500:
        assert before[0] == 0 < after[0]
    assert np.linalg.norm(visit.views[6].view["pos"]) > 5e16  # of Sirius, 8.1e16 m


def test_a_screen_reader_hears_the_page(site, tmp_path):
    """Names and roles of controls; the place; what is in view when asked, and after a flight; how many are found."""
    tree = {"tree": True}
    counted = "document.getElementById('search-count').textContent !== ''"
    arrived = {"until": f"!helios.flying() && {SAID}.includes('Sirius')"}
    views = [
        View(BELT, steps=[{"until": READY}, SKY, {"press": "i"}, {"until": f"{SAID} !== ''"}, tree]),
        View(steps=[{"press": "/"}, {"type": "sirius"}, {"until": LISTED}, {"until": counted}, tree]),
        View(steps=[{"press": "Enter"}, {"until": CHOSEN}, arrived, tree]),
        View(
            steps=[{"press": "/"}, {"type": "xyzzyx"}, {"until": f"{counted} && {LISTED.replace('> 1', '== 0')}"}, tree]
        ),
        View(steps=[{"press": "Escape"}, FOCUS]),
    ]
    for view in views:
        view.picture = False  # which would hide what has the focus
    page, found, there, none, escaped = (
        view.script for view in look_at_site(site, views, tmp_path, reducedMotion=True).views
    )
    controls = [node for node in page if node[0] in ("button", "slider", "combobox", "checkbox", "textbox", "link")]
    assert len(controls) >= 12
    assert [node for node in controls if not node[1].strip()] == []

    def texts(nodes: list) -> list[str]:
        return [name for role, name, *_ in nodes if role == "StaticText"]

    [in_view] = [text for text in texts(page) if "In view" in text]
    assert in_view.startswith("At the Sun. Looking to Orion. In view: ")
    assert "Alnilam" in in_view
    assert any(role == "Canvas" and "I tells what is in view" in name for role, name, *_ in page)
    assert ["slider", "Exposure"] in [node[:2] for node in page]
    options = [name for role, name, *_ in found if role == "option"]
    assert f"{len(options)} results" in texts(found)
    assert any(role == "combobox" and value == "sirius" for role, _, value, _ in found)
    [arrival] = [text for text in texts(there) if "In view" in text]
    assert arrival.startswith("At Sirius. ")
    assert " ly from the Sun. " in arrival
    assert "Nothing of that name here" in texts(none)
    assert escaped == "sky"


def test_the_focus_comes_back(site, tmp_path):
    """After the panel, the menu, the help, a message and a tour."""
    click = "document.getElementById('{}-button').focus()"
    leave = "[...document.querySelectorAll('#tour button')].at(-1).focus()"
    message = "window.dispatchEvent(new ErrorEvent('error', { message: 'trouble' }))"
    close = "document.querySelector('#notices button').focus()"
    enter = {"press": "Enter"}
    views = [
        View(BELT, steps=[{"until": READY}, SKY, enter, {"until": TOLD}, {"press": "Escape"}, FOCUS]),
        View(steps=[{"evaluate": click.format("show")}, enter, {"press": "Tab"}, {"press": "Escape"}, FOCUS]),
        View(steps=[{"evaluate": click.format("help")}, enter, FOCUS]),
        View(steps=[{"press": "Escape"}, FOCUS]),
        View(steps=[{"evaluate": message}, {"wait": 500}, {"evaluate": close}, enter, {"wait": 200}, FOCUS]),
        View(steps=[{"evaluate": click.format("tours")}, enter, {"press": "Tab"}, enter, {"wait": 1500}, FOCUS]),
        View(steps=[{"evaluate": leave}, enter, {"wait": 300}, FOCUS]),
    ]
    for view in views:
        view.picture = False
    visit = look_at_site(site, views, tmp_path, reducedMotion=True)
    assert [view.script for view in visit.views] == [
        *("sky", "show-button", "help-title", "help-button", "sky", "Pause", "tours-button")
    ]


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB bytes [..., 3]: WCAG 2.2."""
    linear = np.where(rgb <= 10, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


PAINT = """(() => {
  document.getElementById("sky").style.opacity = 0;
  document.documentElement.style.background = document.body.style.background = "COLOR";
  for (const label of document.querySelectorAll(".label")) label.style.webkitTextStroke = "STROKE";
  const labels = [...document.querySelectorAll(".label:not([hidden])")];
  return labels.map((each) => each.getBoundingClientRect()).map(({ x, y, width, height }) => [x, y, width, height]);
})()"""


def grown(mask: np.ndarray) -> np.ndarray:
    """The mask and all pixels beside it, [H, W]."""
    padded = np.pad(mask, 1)
    rows, columns = mask.shape
    return np.any([padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)], axis=0)


def test_names_are_read_on_a_sky_of_light(site, tmp_path):
    """Their letters stand out from what is right around them, were the sky white from edge to edge."""
    letters_alone = {"evaluate": PAINT.replace("COLOR", "#000").replace("STROKE", "0")}
    in_glare = {"evaluate": PAINT.replace("COLOR", "#fff").replace("STROKE", "")}
    views = [
        View(BELT + "&show=none", steps=[{"until": READY}, letters_alone], clean=False),
        View(steps=[in_glare], clean=False),
    ]
    dark, light = look_at_site(site, views, tmp_path).views
    assert len(dark.script) > 3
    for x, y, width, height in dark.script:
        box = np.s_[int(y) - 3 : int(y + height) + 3, int(x) - 3 : int(x + width) + 3]
        letters, seen = (luminance(view.pixels()[box].astype(float)) for view in (dark, light))
        around = grown(letters > 0.02) & ~(letters > 0.02)
        core = np.median(seen[letters > 0.8 * letters.max()])
        assert (core + 0.05) / (np.median(seen[around]) + 0.05) > LEAST_CONTRAST
