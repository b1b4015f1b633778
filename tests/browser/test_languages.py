"""All that a visitor reads comes out of one file of texts, in the visitor's language, and fits the page.

A language of the tests' own, in which every text stands in brackets, shows what does not: all words of the page outside
of brackets must be names, which the files of the site have, or units.
"""

import gzip
import json
import re

import pytest
from look import CHOSEN, ROOT, View, look_at_site
from servers import Ranges

pytestmark = pytest.mark.slow

BELT = "pos=0,0,0&look=84.05339,-1.20192&fov=40&ev=0&show=constellations,scale,compass"
"""Alnilam in the middle."""
READY = "document.getElementById('labels').childElementCount > 0"
TOLD = "document.querySelector('#panel:not([hidden])')?.getAttribute('aria-busy') === 'false'"
LISTED = "document.querySelector('#search-list [role=option]') !== null"
SKY = {"evaluate": "document.getElementById('sky').focus()"}
CLICK = "document.getElementById('{}-button').click()"
TOUR = "document.querySelector('#tours-menu button').click()"
UNITS = {"Mpc", "kpc", "pc", "ly", "au", "km", "s", "mag", "G", "V", "K", "BP", "RP", "h", "m"}
BRACKETED = """import en from "./{}";
const bracketed = (value, key) =>
  typeof value === "string" ? (key === "locale" ? "de" : `⟦${{value}}⟧`)
  : typeof value === "function" ? (...gaps) => `⟦${{value(...gaps)}}⟧`
  : Array.isArray(value) ? value.map((each) => bracketed(each))
  : Object.fromEntries(Object.entries(value).map(([name, each]) => [name, bracketed(each, name)]));
export default bracketed(en);
"""
# What files say is the same in all languages: tours, descriptions, names of places.
READ = """(() => {
  const texts = [];
  const names = "#about, #labels, #panel h2, #search-list span, #search-input, #language option";
  const files = `${names}, #tour .told, #tours-menu button, script, noscript`;
  const walk = (element) => {
    for (const name of ["title", "aria-label", "placeholder", "aria-valuetext", "alt"]) {
      if (element.hasAttribute(name)) texts.push(element.getAttribute(name));
    }
    if (element.matches(files)) return;
    const own = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();
    if (own) texts.push(element.tagName === "DD" ? element.textContent : own);
    if (element.tagName === "DD") return; // of which keys are a part
    for (const child of element.children) walk(child);
  };
  walk(document.body);
  return [...new Set(texts)];
})()"""
CUT = """(() => {
  const cut = [];
  for (const element of document.querySelectorAll("button, label, select, h2, dt, dd, p, small, output, li")) {
    const { left, right, width, height } = element.getBoundingClientRect();
    if (!element.checkVisibility({ visibilityProperty: true }) || width < 2 || height < 2) continue;
    const wide = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline";
    if (wide || left < 0 || right > innerWidth) cut.push([element.id, element.textContent, left, right]);
  }
  return { cut, lang: document.documentElement.lang, help: document.getElementById("help-button").textContent };
})()"""


class InBrackets(Ranges):
    """Serves the texts of English in brackets as those of German."""

    def do_GET(self) -> None:
        if not re.fullmatch(r"/assets/de-[0-9a-f]{8}\.js", self.path):
            super().do_GET()
            return
        [english] = (path.name for path in (ROOT / "helios/web/assets").glob("en-*.js"))
        body = BRACKETED.format(english).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class WithoutTexts(Ranges):
    """Has no file of texts until it was asked for `site.json?texts`."""

    has = False

    def do_GET(self) -> None:
        if re.fullmatch(r"/assets/(en|de)-[0-9a-f]{8}\.js", self.path) and not WithoutTexts.has:
            self.send_error(404)
            return
        WithoutTexts.has |= self.path == "/site.json?texts"
        super().do_GET()


def everywhere(read: str) -> list[View]:
    """Views of all that the page may show: the sky, panel, menu, search, arrivals, help, messages, a tour."""
    look = [{"wait": 300}, {"evaluate": read}]
    gone = {"evaluate": "location.hash = '#goto=Vulcan'"}
    return [
        View(BELT, steps=[{"until": READY}, {"press": "i"}, *look]),
        View(steps=[SKY, {"press": "Enter"}, {"until": TOLD}, *look], clean=False),
        View(steps=[{"press": "Escape"}, {"evaluate": CLICK.format("show")}, *look], clean=False),
        View(steps=[{"press": "Escape"}, {"press": "/"}, {"type": "ple"}, {"until": LISTED}, *look], clean=False),
        View(steps=[{"press": "Enter"}, {"until": CHOSEN}, *look], clean=False),
        View(steps=[{"press": "/"}, {"type": "xyzzyx"}, {"wait": 700}, *look], clean=False),
        View(steps=[{"press": "Escape"}, {"evaluate": CLICK.format("help")}, *look], clean=False),
        View(steps=[{"press": "Escape"}, gone, {"until": "helios.problems.length > 0"}, *look], clean=False),
        View(steps=[{"evaluate": CLICK.format("tours")}, {"evaluate": TOUR}, {"wait": 900}, *look], clean=False),
    ]


def names_of_files(site) -> tuple[set[str], set[str]]:
    """All words of the names that the site's files have, and the descriptions of its places."""

    def read(name: str):
        return json.loads(gzip.decompress((site / f"universe/{name}.json.gz").read_bytes()))

    landmarks, names = read("landmarks"), read("names")
    texts = [place["name"] for place in landmarks] + [figure["name"] for figure in read("constellations")["figures"]]
    texts += [
        str(part) for rows, first in ((names["places"], 2), (names["stars"], 4)) for row in rows for part in row[first:]
    ]
    return set(re.findall(r"[^\W\d_]+", " ".join(texts))), {place["description"] for place in landmarks}


def test_all_that_is_read_comes_from_the_file_of_texts(site, tmp_path):
    views = everywhere(READ)
    visit = look_at_site(site, views, tmp_path, handler=InBrackets, start="?lang=de", reducedMotion=True)
    names, descriptions = names_of_files(site)
    known = names | UNITS | {"Helios"} | set("αβγδεζηθικλμνξοπρστυφχψω")
    seen = set()
    for view in visit.views:
        for text in view.script:
            rest, before = text, None
            while rest != before:
                rest, before = re.sub(r"⟦[^⟦⟧]*⟧", " ", rest), rest
            seen |= set(re.findall(r"⟦[^⟦⟧]*⟧", text))
            if text in descriptions:  # told by the panel
                continue
            assert not re.search("[⟦⟧]", rest), text
            assert set(re.findall(r"[^\W\d_]+", rest)) <= known, text
    assert len(seen) > 95  # the test has read the page
    assert [problem.strip("⟦⟧") for problem in visit.problems] == ["Nothing here is called “Vulcan”."]


@pytest.mark.parametrize(
    ("start", "locale", "lang", "help"),
    [("", "de-AT", "de", "Hilfe"), ("?lang=fr", "de-AT", "fr", "Aide")],
    ids=["de", "fr"],
)
def test_nothing_is_cut_off_on_a_phone(site, tmp_path, start, locale, lang, help):
    """In the language of the browser, or in that of the link."""
    views = everywhere(CUT)
    visit = look_at_site(
        site, views, tmp_path, size=(390, 844), touch=True, start=start, locale=locale, reducedMotion=True
    )
    for number, view in enumerate(visit.views):
        assert view.script == {"cut": [], "lang": lang, "help": help}, f"view {number}"


def test_a_visitor_chooses_the_language_and_keeps_the_view(site, tmp_path):
    choose = """(() => { const list = document.querySelector("#language select");
      list.value = "fr"; list.dispatchEvent(new Event("change")); })()"""
    french = (
        "document.documentElement.lang === 'fr' && window.helios?.view && document.getElementById('place').textContent"
    )
    look = {"evaluate": "[location.search, document.getElementById('help-button').textContent]"}
    place = "pos=3e17,0,0&look=10,20&fov=33&ev=1"
    views = [View(place, steps=[{"wait": 900}]), View(steps=[{"evaluate": choose}, {"until": french}, look])]
    before, after = look_at_site(site, views, tmp_path).views
    assert after.script == ["?lang=fr", "Aide"]
    assert after.view["pos"] == before.view["pos"] == [3e17, 0, 0]
    assert after.view["fov"] == before.view["fov"]


def test_a_page_without_texts_has_its_sky_and_asks_for_them_again(site, tmp_path):
    WithoutTexts.has = False
    offered = "document.querySelector('#notices .again') !== null"
    shown = "document.getElementById('help-button').textContent"
    again = {"evaluate": "fetch('site.json?texts').then(() => document.querySelector('#notices .again').click())"}
    seen = {"evaluate": f"[{shown}, document.body.classList.contains('starting')]"}
    views = [View(steps=[{"until": offered}, seen]), View(steps=[again, {"until": READY}, {"evaluate": shown}])]
    lacking, whole = look_at_site(site, views, tmp_path, start="?lang=de", handler=WithoutTexts).views
    assert lacking.script == ["", True]
    assert lacking.pixels().max() > 100
    assert whole.script == "Hilfe"
