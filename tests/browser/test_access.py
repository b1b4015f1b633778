"""The page can be used without a mouse and told without eyes: axe finds nothing wrong, and Tab reaches all of it.

axe-core (Deque, MPL-2.0) judges the page by the rules of WCAG 2 and its best practices, colour contrast among them.
"""

import pytest
from look import CHOSEN, CLIENT, View, look_at_site

pytestmark = pytest.mark.slow

BELT = "pos=0,0,0&look=84.05339,-1.20192&fov=20&ev=0"
"""Alnilam in the middle."""
AXE = CLIENT / "node_modules/axe-core/axe.min.js"
JUDGE = """axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => [id, html, failureSummary])))"""
FOCUS = "document.activeElement.id || document.activeElement.textContent"
LISTED = "document.querySelector('#search-list [role=option]') !== null"
READY = "document.getElementById('labels').childElementCount > 0"
SIZES = {"desktop": ((1280, 800), False), "phone": ((390, 844), True), "phone on its side": ((844, 390), True)}


@pytest.mark.parametrize(("size", "touch"), SIZES.values(), ids=SIZES)
def test_axe_finds_nothing(site, tmp_path, size, touch):
    """On the sky, beside the panel, under the list of places, the menu Show, the help, and in red light."""
    judge = [{"wait": 300}, {"evaluate": JUDGE}]
    middle = (size[0] // 2, size[1] // 2)
    told = "document.querySelector('#panel:not([hidden])')?.getAttribute('aria-busy') === 'false'"
    opened = {"evaluate": "document.getElementById('help-button').click()"}
    views = [
        View(BELT, steps=[{"until": READY}, {"evaluate": f"{AXE.read_text()};0"}, *judge], clean=False),
        View(BELT, steps=[{"click": middle}, {"until": told}, *judge], clean=False),
        View(steps=[{"press": "Escape"}, {"press": "/"}, {"type": "ple"}, {"until": LISTED}, *judge], clean=False),
        View(
            steps=[
                {"press": "Enter"},
                {"until": CHOSEN},
                {"evaluate": "document.getElementById('show-button').click()"},
                *judge,
            ]
        ),
        View(steps=[{"press": "Escape"}, opened, *judge], clean=False),
        View(steps=[{"press": "Escape"}, {"press": "r"}, *judge], clean=False),
    ]
    visit = look_at_site(site, views, tmp_path, size=size, touch=touch, reducedMotion=True)
    assert [view.script for view in visit.views] == [[]] * len(views)
    assert visit.problems == []


def test_tab_reaches_every_control_and_escape_leads_back(site, tmp_path):
    """In the order in which they stand on the page, none twice; Escape leads back from the search."""
    steps = [{"until": READY}, {"evaluate": "document.getElementById('sky').focus()"}]
    walk = [View(steps=[*steps, {"evaluate": FOCUS}])]
    walk += [View(steps=[{"press": "Tab"}, {"evaluate": FOCUS}]) for _ in range(12)]
    walk += [View(steps=[{"evaluate": "document.getElementById('search-input').focus()"}, {"press": "Escape"}])]
    walk += [View(steps=[{"evaluate": FOCUS}])]
    visit = look_at_site(site, walk, tmp_path)
    reached = [view.script for view in visit.views[:13]]
    assert reached[:2] == ["sky", "told-button"]
    expected = ["night-button", "full-button", "search-input", "exposure-input", "auto-button", "labels-button"]
    assert [each for each in reached if each in expected] == expected
    assert {"show-button", "home-button", "help-button"} <= set(reached)
    assert len(set(reached)) == len(reached)
    assert visit.views[-1].script == "sky"
