"""What a frame costs: `python -m tests.bench.bench_frame SITE [--splats N] [--frames N]`.

Chromium draws with software GL, so a frame costs the processor all of it. For views from the Sun of 60 and of 5 degrees
it prints milliseconds of processor a frame, of all processes together and of the page's scripts alone: not of a clock,
so that what else runs on the machine counts little. Each is the median of five rounds of a camera that turns. The
baseline beside is the same view with all that is loaded drawn, in view or not.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from look import HERE, require_tools
from servers import Ranges, serving

SIZE = {"width": 640, "height": 480}
FIELDS = (60, 5)


def frames(site: Path, splats: int, count: int) -> list[dict]:
    """For each of FIELDS what `frame_cost.mjs` finds, `count` frames a round, at most `splats` splats all around."""
    flags = re.findall(r'"(--[^"]+)"', (HERE / "look.mjs").read_text())
    with serving(site, Ranges) as server:
        job = {
            "url": f"http://127.0.0.1:{server.server_address[1]}/",
            "chromium": require_tools(),
            "flags": flags,
            "viewport": SIZE,
            "frames": count,
            "splats": splats,
            "states": [f"pos=0,0,0&look=83.8,-1.2&fov={field}&ev=6" for field in FIELDS],
        }
        command = ["node", str(Path(__file__).with_name("frame_cost.mjs"))]
        done = subprocess.run(command, input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("site", type=Path)
    parser.add_argument("--splats", type=int, default=200_000)
    parser.add_argument("--frames", type=int, default=20)
    options = parser.parse_args()
    print(f"{'':14}{'in view':>27}{'everything':>27}")
    print(f"{'view':14}" + 2 * f"{'splats':>9}{'CPU ms':>9}{'JS ms':>9}" + f"{'ratio':>9}")
    for field, found in zip(FIELDS, frames(options.site, options.splats, options.frames)):
        seen, everything = found["seen"], found["everything"]
        columns = [
            f"{one['drawn']['stars'] + one['drawn']['soft']:9,}{one['cpu']:9.1f}{one['script']:9.2f}"
            for one in (seen, everything)
        ]
        print(f"{f'{field} degrees':14}{''.join(columns)}{everything['cpu'] / seen['cpu']:9.1f}")


if __name__ == "__main__":
    main()
