"""Build and pack of made rows from Parquet by this tree and by another in turn: rows a second, with ratios.

Run as `python -m tests.bench.bench_rate OTHER [MILLIONS ...]`, where OTHER is a checkout of an older commit; whether
both make the same bytes is told. `rows/s` are by the clock, from the start of the one command to the end of the other,
and mean something on a machine that has nothing else to do; `of 2 cores` are twice the rows for each second of the
processor, of all processes together. The Python that runs this runs both: one that has only what Helios needs starts
sooner. Each tree first compiles its kernels, which is not counted.
"""

import ctypes
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.bench_scale import FILE_ROWS, ROOT, Watch, write_files

_CHILD_SUBREAPER = 36
"""Of Linux's prctl: processes whose parent has ended become ours, and so do their seconds."""


def seconds_of(tree: Path, folder: Path, *command: str) -> tuple[float, float, float]:
    """Seconds of the processor and of the clock, and MB at the most, of a command of Helios as it stands in `tree`."""
    before, began = children_seconds(), time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(tree)}
    process = subprocess.Popen(
        [sys.executable, "-m", "helios", *command], cwd=tree, env=environment, stdout=subprocess.DEVNULL
    )
    watch = Watch(process, folder, every_s=0.5)
    process.wait()
    clock = time.perf_counter() - began
    watch.join()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    if process.returncode:
        sys.exit(f"helios {command[0]} failed in {tree}")
    return children_seconds() - before, clock, watch.memory_mb


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def made(tree: Path, stars: Path, folder: Path) -> tuple[list[float], str]:
    """(seconds of the processor of build and of pack, of the clock of both, MB) and the digest of all files."""
    folder.mkdir()
    universe = folder / "universe"
    build = seconds_of(tree, folder, "build", "--stars", str(stars), "-o", str(universe))
    pack = seconds_of(tree, folder, "pack", "--universe", str(universe))
    digest = hashlib.sha256()
    for path in sorted(universe.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(universe).as_posix().encode() + path.read_bytes())
    subprocess.run(["rm", "-r", str(folder)], check=True)
    return [build[0], pack[0], build[1] + pack[1], max(build[2], pack[2])], digest.hexdigest()


def main():
    if len(sys.argv) < 2:
        sys.exit("name a checkout of an older commit")
    ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    trees = {"before": Path(sys.argv[1]).resolve(), "now": ROOT}
    print("  rows         tree    build  pack, s of the processor   clock    rows/s  of 2 cores   memory")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder / "first", "parquet", 1)
        for tree in trees.values():
            made(tree, folder / "first", folder / "out")
        for millions in [float(word) for word in sys.argv[2:]] or [2.0]:
            files = max(int(millions * 1e6) // FILE_ROWS, 1)
            write_files(folder / "stars", "parquet", files)
            os.sync()  # or the first tree would write while these are written
            rows, rates, digests = files * FILE_ROWS, [], set()
            for which, tree in trees.items():
                (build, pack, clock, memory), digest = made(tree, folder / "stars", folder / "out")
                rates.append(rows / clock)
                digests.add(digest)
                print(
                    f"  {rows:11,}  {which:6}  {build:5.1f}  {pack:4.1f}  {clock:24.1f} s  {rates[-1]:8,.0f}"
                    f"  {2 * rows / (build + pack):10,.0f}  {memory:5.0f} MB",
                    flush=True,
                )
            said = "the same bytes" if len(digests) == 1 else "OTHER BYTES"
            print(f"  {rows:11,}  ratio   {rates[1] / rates[0]:.2f}, {said}", flush=True)
            subprocess.run(["rm", "-r", str(folder / "stars")], check=True)


if __name__ == "__main__":
    main()
