"""How long a page takes to its first sky, and a frame to draw: `python -m tests.bench.bench_sky SITE [--splats N]`.

Chromium draws with software GL, so that a frame costs the processor all of it. The baselines are, in the same browser,
a page that only clears a canvas, and a frame of the stars of the first sky alone. Times are medians, in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from look import View, look_at_site

from tests.bench.level_views import places

VIEWS = ("Sun", "Hyades", "Pleiades", "1 kpc centre", "10 kpc up")
SIZE = (640, 480)
FIRST_SKY = 'performance.getEntriesByName("first sky")[0].startTime'
BLANK = """<!doctype html><div id="sky"></div><canvas></canvas><script>
  const gl = document.querySelector("canvas").getContext("webgl2");
  const drawn = new Promise((done) => requestAnimationFrame(() => {
    gl.clear(gl.COLOR_BUFFER_BIT);
    performance.mark("first sky");
    done();
  }));
  const none = () => [];
  window.helios = { ready: drawn, problems: [], project: none, labels: none, view: none, loaded: none };
</script>"""
FRAMES = """(async ({splats, state, frames}) => {
  const source = helios.source();
  source.budget = { ...source.budget, splats };
  await helios.go(state);
  const times = [];
  for (let i = 0; i < frames; i++) {
    await new Promise((done) => {
      requestAnimationFrame(() => {
        const began = performance.now();
        let first = true;
        helios.addOverlay({ draw: () => {
          if (!first) return;
          first = false;
          helios.readLight(0, 0, 1, 1);
          times.push(performance.now() - began);
          done();
        } });
      });
    });
  }
  return { times, drawn: source.state.drawn };
})"""


def first_sky(site: Path, scratch: Path, visits: int) -> float:
    """Median time from the start of the navigation to the first sky, ms."""
    look = [View(steps=[{"evaluate": FIRST_SKY}], picture=False)]
    return statistics.median(look_at_site(site, look, scratch, size=SIZE).views[0].script for _ in range(visits))


def frames(site: Path, scratch: Path, states: list[str], splats: int) -> list[dict]:
    """For each view: the times of 15 frames, ms, each from its start until the GPU has drawn it, and what is drawn."""
    asked = [f"{FRAMES}({{splats: {splats}, state: '{state}', frames: 15}})" for state in states]
    views = [View(steps=[{"evaluate": code}], picture=False) for code in asked]
    return [view.script for view in look_at_site(site, views, scratch, size=SIZE).views]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("site", type=Path)
    parser.add_argument("--splats", type=int, default=20_000)
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    at = places()
    states = ["pos={},{},{}".format(*at[name]) + "&look=83.8,-1.2&fov=60" for name in VIEWS]
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        blank = scratch / "blank"
        blank.mkdir()
        (blank / "index.html").write_text(BLANK)
        page, empty = (first_sky(site, scratch, options.visits) for site in (options.site, blank))
        print(f"first sky {page:.0f} ms, a page that clears a canvas {empty:.0f} ms: {page / empty:.1f} times")
        print(f"{'frame':16}{'drawn':>10}{'ms':>8}{'drawn':>10}{'ms':>8}{'ratio':>8}")
        least = frames(options.site, scratch, states, 0)
        for name, few, many in zip(VIEWS, least, frames(options.site, scratch, states, options.splats)):
            one, two = statistics.median(few["times"]), statistics.median(many["times"])
            print(f"{name:16}{few['drawn']:10,.0f}{one:8.1f}{many['drawn']:10,.0f}{two:8.1f}{two / one:8.1f}")


if __name__ == "__main__":
    main()
