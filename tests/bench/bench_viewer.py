"""What the viewer's tree does with a pack of the format v2: `python -m tests.bench.bench_viewer PACK [--splats N]`.

Prints how far the first sky is from the stars, in blocks of 32 x 32 px of six views from the Sun, before any tile has
come. Then, for three flights of 200 frames and a turn on the spot, the largest change of a block of 32 x 32 px from one
frame to the next that is not the camera's motion, over the light of the block and of the mean block, at most and of
95 % of the frames; it takes minutes, as every frame is drawn twice in float64. Answers take --latency frames. Then
ten flights to stars that the first sky lacks: how much of a star's light shows at arrival, how late nine tenths of it
do, and for two of them the same change. Then the bytes that a tour of ten places fetches, each until nothing is
missing. The baseline beside is the size of the pack.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

from tests.bench.level_views import places

VIEWER = Path(__file__).parents[2] / "client_export"
TOUR = (
    "Sun",
    "Sirius",
    "Hyades",
    "Pleiades",
    "Orion 400 pc",
    "1 kpc centre",
    "1 kpc pole",
    "2.5 kpc",
    "10 kpc up",
    "Sun",
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pack", type=Path)
    parser.add_argument("--splats", type=int, default=200_000)
    parser.add_argument("--latency", type=int, default=6)
    options = parser.parse_args()
    at = places()
    job = {
        "pack": str(options.pack.resolve()),
        "splats": options.splats,
        "latency": options.latency,
        "places": [at[name].tolist() for name in TOUR],
    }
    script = Path(__file__).with_name("viewer_flights.mts")
    command = ["node", "--import", "tsx", str(script)]
    done = subprocess.run(command, cwd=VIEWER, input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=True)
    seen = json.loads(done.stdout)
    first = seen["first"]
    print(f"first sky, {first['bytes'] / 1000:.0f} kB: {100 * first['error']:.1f} % of the light in the wrong block")
    print(f"{'flight':30}{'change, most':>14}{'95 %':>8}{'drawn':>10}{'MB':>8}")
    for one in seen["flights"]:
        most, p95 = (f"{100 * one[key]:.2f} %" for key in ("most", "p95"))
        print(f"{one['name']:30}{most:>14}{p95:>8}{one['drawn']:10,.0f}{one['bytes'] / 1e6:8.2f}")
    shares = [one["share"] for one in seen["arrivals"]]
    late = [one["late"] for one in seen["arrivals"]]
    if shares:
        change = max(one["change"] for one in seen["arrivals"])
        print(f"arrivals at {len(shares)} stars: {100 * min(shares):.0f} % of the light at least, there")
        print(f"{max(late)} frames after the arrival at the latest, change at most {100 * change:.2f} %")
    print(f"{'tour':30}{'requests':>14}{'drawn':>18}{'MB':>8}")
    for name, one in zip(TOUR, seen["tour"]):
        print(f"{name:30}{one['requests']:14}{one['drawn']:18,}{one['bytes'] / 1e6:8.2f}")
    whole = sum(path.stat().st_size for path in options.pack.glob("*.bin"))
    total = sum(one["bytes"] for one in seen["tour"])
    print(f"{'all':30}{sum(one['requests'] for one in seen['tour']):14}{'':18}{total / 1e6:8.2f} of {whole / 1e6:.1f}")


if __name__ == "__main__":
    main()
