"""Commands killed before every change that they make to files, and half-way through every file that they write.

After each kill the same command must end with the bytes of a run left alone, and with nothing beside its output.
`python -m tests.sweeps.crashes [COMMAND...]` prints a table, and exits with 1 where a command fails to.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.sweeps.forked import Ended, Point, helios, run, warm_up

QUICK = ("--iterations", 4, "--image-size", 16, "--backend", "numba")
STARS = "catalogs/bright_stars.csv.gz"
FILES = 3


@dataclass(frozen=True)
class Case:
    """A command, by its arguments, and what must lie there before it, made by other commands in the same folder."""

    command: tuple[object, ...]
    before: tuple[tuple[object, ...], ...] = ()

    @property
    def trains(self) -> bool:
        return any(str(arguments[0]).startswith("train") for arguments in (self.command, *self.before))


_MADE = ("build", "--synthetic", 60, "--depth", 1, "-o", "u")
_GAIA = Path(__file__).parents[1] / "data" / "formats" / "GaiaSource_style_100.csv.gz"
_MEASURED = ("build", "--stars", _GAIA, "--distance", "edsd", "--epoch", 2026.9, "-o", "u")
_CROWD = ("build", "--synthetic", 400, "--depth", 0, "-o", "u")
_OTHER = ("build", "--synthetic", 30, "--depth", 1, "-o", "u")
_FILES = ("build", *(f"../{i}.csv" for i in range(FILES)), "-o", "u", "--leaf-capacity", 16)
_TRAIN = ("train-all", "--input", "u", *QUICK)
_PACK = ("pack", "--universe", "u")
_SITE = (*_PACK, "--site", "s")
_V1 = ("--format", "v1")
_STARS = tuple(argument for i in range(FILES) for argument in ("--stars", f"../{i}.csv"))
_BUILD = ("build", *_STARS, "--leaf-capacity", 16, "-o", "u")

CASES = {
    "build, 1 worker": Case((*_BUILD, "--workers", 1)),
    "build, 2 workers": Case((*_BUILD, "--workers", 2)),
    "build over another": Case((*_BUILD, "--workers", 1), (_OTHER,)),
    "build --merge-bright": Case((*_BUILD, "--workers", 1, "--merge-bright", "--max-mag", 2)),
    "train": Case((*_TRAIN, "--output", "t"), (_MADE,)),
    "train, 2 workers": Case((*_TRAIN, "--output", "t", "--workers", 2), (_MADE,)),
    "train in place": Case((*_TRAIN, "--output", "u"), (_MADE,)),
    "train in place again": Case((*_TRAIN, "--output", "u", "--seed", 2), (_MADE, (*_TRAIN, "--output", "u"), _PACK)),
    "train levels": Case((*_TRAIN, "--output", "t", "--ratio", 1), (_CROWD,)),
    "train with checkpoints": Case((*_TRAIN, "--output", "t", "--checkpoint-every", 2), (_MADE,)),
    "pack": Case(_PACK, (_MADE,)),
    "pack with side files": Case(_PACK, (_MEASURED,)),
    "pack v1": Case((*_PACK, *_V1), (_MADE,)),
    "pack v1 over another": Case((*_PACK, *_V1), (_MADE, (*_PACK, *_V1), (*_TRAIN, "--output", "u"))),
    "pack over v1": Case(_PACK, (_MADE, (*_PACK, *_V1))),
    "site": Case(_SITE, (_MADE,)),
    "site v1": Case((*_SITE, *_V1), (_MADE, (*_TRAIN, "--output", "u"))),
    "site over v1": Case(_SITE, (_OTHER, (*_SITE, *_V1), _MADE)),
    "export": Case(("export", "--universe", "u", "-o", "e.ply"), (_MADE,)),
    "export over another": Case(("export", "--universe", "u", "--format", "csv", "-o", "e.csv"), (_MADE,)),
    "landmarks": Case(("generate-landmarks", "--count", 5, "-o", "l.json")),
}


@dataclass
class Tally:
    """What a sweep of one command found: the number of points, and those with a fault, by kind."""

    points: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, where: str) -> None:
        self.faults.setdefault(kind, []).append(where)


KINDS = ("changed bytes", "leftovers", "tracebacks", "refused")


def sweep(name: str, scratch: Path, tell: Callable[[str], None] = lambda line: None, every: int = 1) -> Tally:
    """Kill the command `name` at every point, or one in `every`, and return what was wrong after the same command."""
    case, tally = CASES[name], Tally()
    start = scratch / "start"
    start.mkdir()
    write_catalogues(scratch)
    for arguments in case.before:
        done = run(helios(arguments), start)
        assert done.code == 0, done.text
    alone = scratch / "alone"
    shutil.copytree(start, alone)
    counted = Point(alone)
    done = run(helios(case.command), alone, counted.install)
    assert done.code == 0, done.text
    wanted, steps = contents(alone), counted.steps
    for number, torn in points(steps, every):
        place = scratch / "trial"
        shutil.copytree(start, place)
        point = Point(place, number, torn)
        first = run(helios(case.command), place, point.install)
        again = run(helios(case.command), place) if first.code == -signal.SIGKILL else first
        tally.points += 1
        where = f"{number}{' torn' if torn else ''} ({steps[number - 1].replace(str(alone), '')})"
        judge(again, contents(place), wanted, where, tally, tell)
        shutil.rmtree(place)
    return tally


def points(steps: list[str], every: int) -> Iterator[tuple[int, bool]]:
    """Yield the points for a command with these steps: before each step, and before that with a file half written."""
    for number in range(1, len(steps) + 1, every):
        yield number, False
        if number > 1 and steps[number - 2].startswith("open"):
            yield number, True


def judge(ended: Ended, found: dict, wanted: dict, where: str, tally: Tally, tell: Callable[[str], None]) -> None:
    if ended.traceback:
        tally.add("tracebacks", where)
    elif ended.code:
        tally.add("refused", where)
    elif found != wanted:
        changed = sorted(name for name in wanted if found.get(name) != wanted[name])
        left = sorted(found.keys() - wanted.keys())
        where = f"{where}: {(changed or left)[:3]}"
        tally.add("changed bytes" if changed else "leftovers", where)
    else:
        return
    last = ended.text.strip().splitlines()[-1:] or [""]
    tell(f"  at {where}: code {ended.code}, {last[0][:200]}")


def contents(folder: Path) -> dict[str, bytes | None]:
    """The bytes of every file in `folder` by its path, None for a folder."""
    found: dict[str, bytes | None] = {}
    for root, folders, files in os.walk(folder):
        found |= {os.path.relpath(os.path.join(root, name), folder): None for name in folders}
        found |= {os.path.relpath(os.path.join(root, name), folder): Path(root, name).read_bytes() for name in files}
    return found


def write_catalogues(folder: Path) -> None:
    """Write FILES small catalogues, one with a star of another, and stars of equal light."""
    for i in range(FILES):
        rows = [
            f"{100 * i + j},{37.0 * (40 * i + j) % 360},{13.0 * j % 170 - 85},{5.0 + j},{3 + j % 7},{0.1 * j}"
            for j in range(20)
        ]
        rows.append(f"7,10.0,10.0,{20 + i},{4 + i},1.0")
        text = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n" + "\n".join(rows) + "\n"
        (folder / f"{i}.csv").write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", help=f"some of: {', '.join(CASES)}; all by default")
    parser.add_argument("--every", type=int, default=1, help="only one point in so many")
    options = parser.parse_args()
    names = options.commands or list(CASES)
    warm_up(training=any(CASES[name].trains for name in names))
    print(f"{'command':<24} {'points':>7} " + " ".join(f"{kind:>13}" for kind in KINDS) + f" {'s':>6}", flush=True)
    bad = 0
    for name in names:
        began, lines = time.monotonic(), []
        with tempfile.TemporaryDirectory() as scratch:
            tally = sweep(name, Path(scratch).resolve(), lines.append, options.every)
        counts = " ".join(f"{len(tally.faults.get(kind, [])):>13}" for kind in KINDS)
        print(f"{name:<24} {tally.points:>7} {counts} {time.monotonic() - began:>6.0f}", flush=True)
        print("\n".join(lines[:20]), end="\n" if lines else "", flush=True)
        bad += len(tally.faults)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
