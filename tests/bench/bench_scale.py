"""Builds and packs of 1, 10 and 50 million made rows: rows a second, memory, disk, how the time grows; prints ratios.

Run as `python -m tests.bench.bench_scale [MILLIONS ...]`; takes some minutes and, for 50 million rows, 7 GB of disk.
Rows lie in files of 500,000, as Gaia's own do, sorted by identifier: a thick disc of stars around the Sun. Memory is
the proportional set size of the process and its workers together, mapped files included, looked at ten times a second;
disk what lies in the folder of the output while it is built, as often. The pack is v2, read back and compared. Beside
each build stands, from the same run, what it can be compared with: for Parquet pyarrow reading the same columns, for
CSV parsing them, for CSV.gz `gunzip | parse`.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared/data/stars/gaia_dr3_g15_100k.csv.gz"
FILE_ROWS = 500_000
COLUMNS = ["source_id", "ra", "dec", "parallax", "phot_g_mean_mag", "bp_rp"]


def made_stars(number: int) -> pa.Table:
    """The rows of file `number`."""
    rng, n = np.random.default_rng(number), FILE_ROWS
    along = np.abs(rng.normal(0.0, 1500.0, n)) + rng.exponential(300.0, n) + 5.0
    longitude, height = rng.uniform(0.0, 360.0, n), rng.laplace(0.0, 200.0, n)
    parallax = 1000.0 / np.hypot(along, height) + rng.normal(0.0, 0.05, n)
    return pa.table(
        {
            "source_id": np.sort(rng.integers(0, 1 << 45, n)) + (number << 45),
            "ra": longitude % 360.0,
            "dec": np.rad2deg(np.arctan2(height, along)),
            "parallax": np.where(parallax > 0.0, parallax, 0.05),
            "phot_g_mean_mag": np.clip(rng.normal(17.0, 2.0, n), 2.0, 21.0).astype(np.float32),
            "bp_rp": rng.normal(1.2, 0.5, n).astype(np.float32),
        }
    )


def write_files(folder: Path, kind: str, count: int) -> None:
    folder.mkdir()

    def write(number: int) -> None:
        path = folder / f"part{number:03d}.{kind.removesuffix('.gz')}"
        if kind == "parquet":
            pq.write_table(made_stars(number), path)
            return
        pa.csv.write_csv(made_stars(number), path)
        if kind == "csv.gz":
            subprocess.run(["gzip", "-6", str(path)], check=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(count)))


class Watch(threading.Thread):
    """Looks at the memory of a process with its children, and at the bytes in a folder, until it has ended.

    A look takes 20 ms of a processor.
    """

    def __init__(self, process: subprocess.Popen, folder: Path, every_s: float = 0.1):
        super().__init__()
        self.process, self.folder, self.every_s, self.memory_mb, self.disk_bytes = process, folder, every_s, 0.0, 0
        self.start()

    def run(self):
        while self.process.poll() is None:
            self.memory_mb = max(self.memory_mb, sum(map(memory_mb, family(self.process.pid))))
            self.disk_bytes = max(self.disk_bytes, bytes_in(self.folder))
            time.sleep(self.every_s)


def family(pid: int) -> list[int]:
    found = [pid]
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [other for child in tasks.read_text().split() for other in family(int(child))]
        except OSError:
            continue
    return found


def memory_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3


def bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_blocks * 512
    return total


def watched(folder: Path, *command: str) -> tuple[float, Watch]:
    """Seconds of a command of Helios, and what was seen of it and of `folder` meanwhile."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "helios", *command], cwd=ROOT, stdout=subprocess.DEVNULL)
    watch = Watch(process, folder)
    process.wait()
    seconds = time.perf_counter() - started
    watch.join()
    if process.returncode:
        sys.exit(f"helios {command[0]} failed")
    return seconds, watch


def build(stars: Path, folder: Path) -> tuple[float, float, Watch, int]:
    """Seconds of the build and of its pack, what was seen of both, and the bytes of the universe."""
    out = folder / "out"
    out.mkdir()
    seconds, watch = watched(out, "build", "--stars", str(stars), "-o", str(out / "universe"))
    size = bytes_in(out)
    packing, seen = watched(out, "pack", "--universe", str(out / "universe"))
    watch.memory_mb = max(watch.memory_mb, seen.memory_mb)
    subprocess.run(["rm", "-r", str(out)], check=True)
    return seconds, packing, watch, size


def read_alone(stars: Path) -> float:
    """Seconds in which pyarrow reads or parses the same columns of all files, on two cores.

    Two files at a time, but of gzipped ones one after the other: `gunzip | parse` are two processes.
    """
    files = sorted(stars.iterdir())

    def read(file: Path) -> None:
        if file.suffix == ".parquet":
            for _ in pq.ParquetFile(file).iter_batches(1 << 16, columns=COLUMNS):
                pass
            return
        gunzip = subprocess.Popen(["gunzip", "-c", file], stdout=subprocess.PIPE) if file.suffix == ".gz" else None
        stream = pa.PythonFile(gunzip.stdout, "r") if gunzip else str(file)
        with pa.csv.open_csv(stream, pa.csv.ReadOptions(block_size=1 << 24)) as batches:
            for _ in batches:
                pass

    started = time.perf_counter()
    with ThreadPoolExecutor(1 if files[0].suffix == ".gz" else 2) as pool:
        list(pool.map(read, files))
    return time.perf_counter() - started


def main():
    sizes = [float(word) for word in sys.argv[1:]] or [1.0, 10.0, 50.0]
    print("  kind     rows       seconds  rows/s     with pack  reading alone  ratio  memory   disk over result")
    times = []
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name).resolve()
        for kind, millions in [
            *(("parquet", size) for size in sizes),
            ("csv", min(10.0, max(sizes))),
            ("csv.gz", min(8.0, max(sizes))),
        ]:
            rows = max(int(millions * 1e6) // FILE_ROWS, 1) * FILE_ROWS
            write_files(folder / kind, kind, rows // FILE_ROWS)
            alone = read_alone(folder / kind)
            seconds, packing, watch, size = build(folder / kind, folder)
            times += [(rows, seconds)] if kind == "parquet" else []
            print(
                f"  {kind:7}  {rows:10,} {seconds:8.1f}  {rows / seconds:9,.0f}"
                f"  {rows / (seconds + packing):9,.0f}  {alone:11.1f} s  {seconds / alone:5.2f}"
                f"  {watch.memory_mb:5.0f} MB  {watch.disk_bytes / size:.2f}",
                flush=True,
            )
            subprocess.run(["rm", "-r", str(folder / kind)], check=True)
        if len(times) > 1:
            slope = np.polyfit(*np.log(np.array(times, float).T), 1)[0]
            marginal = (times[-1][0] - times[0][0]) / (times[-1][1] - times[0][1])
            print(f"time grows as rows to the power {slope:.2f}; {marginal:,.0f} rows a second once started")
        if REAL.exists():
            seconds = sorted(build(REAL, folder)[0] for _ in range(5))[2]
            print(f"100,000 real stars, process start included: {seconds:.2f} s (median of 5)")


if __name__ == "__main__":
    main()
