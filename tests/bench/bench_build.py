"""How long `helios build` takes beside a process that only reads the same file with pandas; prints the ratio.

Run as `python tests/bench/bench_build.py [FILE]`. Both are timed as whole processes, interpreter start included, in
turn, so that a busy machine slows both; the medians are compared. The design's limit is a ratio of 3.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT.parent / "shared/data/stars/gaia_dr3_g15_100k.csv.gz"
ROUNDS = 7


def seconds(*command) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main():
    catalogue = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else CATALOGUE
    if not catalogue.exists():
        sys.exit(f"{catalogue.name}: not found; name a catalogue")
    with tempfile.TemporaryDirectory() as folder:
        build = ("-m", "helios", "build", "--stars", catalogue, "--depth", 5, "-o", Path(folder) / "universe")
        read = ("-c", f"import pandas; pandas.read_csv({str(catalogue)!r})")
        seconds(*build), seconds(*read)
        times = [(seconds(*build), seconds(*read)) for _ in range(ROUNDS)]
    built, read = (statistics.median(column) for column in zip(*times))
    print(f"helios build      {built:.3f} s")
    print(f"pandas.read_csv   {read:.3f} s")
    print(f"ratio             {built / read:.2f}  (limit 3)")


if __name__ == "__main__":
    main()
