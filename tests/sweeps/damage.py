"""Random damage to universes, packs, sites, and what killed commands leave: each is noticed, or changes nothing.

A flipped bit, a file cut short, zeroed, emptied, gone, overwritten in part or exchanged for another. What reads it must
refuse it in one line or make what it makes of the sound one; `validate` must find it; a command that goes on from
damaged work must end with the same bytes. `python -m tests.sweeps.damage [SHARE]` prints a table, and exits with 1
where any does not.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.sweeps.crashes import CASES, QUICK, contents, write_catalogues
from tests.sweeps.forked import Ended, Point, helios, run, warm_up

KINDS = ("flip", "flip", "flip", "cut", "zeroes", "empty", "gone", "garbage", "exchanged")


def damage(folder: Path, files: list[Path], rng: random.Random) -> str | None:
    """Damage one of `files` in `folder` at random; return what was done, None where it changed no byte."""
    file, kind = rng.choice(files), rng.choice(KINDS)
    sound = file.read_bytes()
    data = bytearray(sound)
    place = rng.randrange(max(1, len(data)))
    if kind == "flip" and data:
        data[place] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del data[place:]
    elif kind == "zeroes":
        data[place:] = bytes(len(data) - place)
    elif kind == "empty":
        data.clear()
    elif kind == "garbage":
        data[place : place + 16] = rng.randbytes(len(data[place : place + 16]))
    elif kind == "exchanged":
        data[:] = rng.choice(files).read_bytes()
    name = file.relative_to(folder)
    if kind == "gone":
        file.unlink()
    elif data == sound or _same_json(bytes(data), sound):
        return None
    else:
        # In place of the file, not into it: its other names, hard links, stay as they were.
        file.unlink()
        file.write_bytes(data)
    return f"{kind} in {name} at {place}"


def _same_json(one: bytes, other: bytes) -> bool:
    """Whether both are the same value in JSON, which says nothing else by its blanks."""
    try:
        return json.loads(one) == json.loads(other)
    except ValueError:
        return False


@dataclass
class Tally:
    """What a campaign found: trials, how often the damage was noticed, done again or harmless, and faults."""

    trials: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, outcome: str, what: str) -> None:
        self.outcomes[outcome] += 1
        if outcome in FAULTS:
            self.faults.append(f"{outcome}: {what}")


OUTCOMES = ("noticed", "as before", "silent", "traceback", "many lines")
FAULTS = OUTCOMES[2:]


def judged(ended: Ended, same: bool) -> str:
    """Return the outcome of a command that read damage, with `same` where it made what it makes of the sound."""
    if ended.traceback or ended.code < 0:
        return "traceback"
    if ended.code:
        errors = [line for line in ended.text.splitlines() if line.startswith("Error: ")]
        told = "not sound" in ended.text or len(errors) == 1
        return "noticed" if told else "many lines"
    return "as before" if same else "silent"


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def checking(site: Path) -> Callable[[], None]:
    """Return what checks a site as `helios serve` does before it serves."""

    def check() -> None:
        from helios.errors import HeliosError
        from helios.packing.site import check_site

        try:
            print(check_site(site))
        except HeliosError as error:
            print(f"Error: {error}")
            sys.exit(1)

    return check


READERS = {
    "export": ("export", "--universe", "u", "-o", "made/e.ply"),
    "table": ("export", "--universe", "u", "--format", "csv", "-o", "made/e.csv"),
    "pack": ("pack", "--universe", "u", "-o", "made/p"),
    "pack v1": ("pack", "--universe", "u", "--format", "v1", "-o", "made/p"),
    "site": ("pack", "--universe", "u", "--site", "made/s"),
    "train": ("train-landmarks", "--input", "u", "--output", "made/t", *QUICK),
}


ALL, QUICK_ONES = tuple(READERS), tuple(name for name in READERS if name != "train")


class Sound:
    """A trained universe `u`, packed in `format`, and its site `s` in the folder `home`, and what is made of them."""

    def __init__(self, scratch: Path, format: str = "v2"):
        self.scratch, self.home = scratch, scratch / "home"
        self.home.mkdir()
        for arguments in (
            ("build", "--synthetic", 60, "--depth", 1, "-o", "u"),
            ("train-all", "--input", "u", "--output", "u", *QUICK),
            ("pack", "--universe", "u", "--format", format, "--site", "s"),
        ):
            made(arguments, self.home)
        (self.home / "made").mkdir()
        self.wanted = {}
        for name, arguments in READERS.items():
            made(arguments, self.home)
            self.wanted[name] = contents(self.home / "made")
            shutil.rmtree(self.home / "made")
            (self.home / "made").mkdir()

    def copy(self) -> Path:
        return Path(shutil.copytree(self.home, self.scratch / "trial"))


def made(arguments: tuple[object, ...], folder: Path) -> None:
    ended = run(helios(arguments), folder)
    assert ended.code == 0, ended.text


def universe(sound: Sound, trials: int, rng: random.Random, part: str = "") -> Iterator[tuple[str, str]]:
    """Yield (outcome, what) for damage to the universe, or to `part` of it, as each command meets it."""
    for number in range(trials):
        home = sound.copy()
        files = files_in(home / "u" / part)
        if not part:
            files = [file for file in files if not file.is_relative_to(home / "u/pack")]
        what = damage(home, files, rng)
        if what:
            yield judged(run(helios(("validate", "u")), home), same=False), f"{what}, validate"
            for name in ("site",) if part else ALL if number % 5 == 0 else QUICK_ONES:
                ended = run(helios(READERS[name]), home)
                yield (
                    judged(ended, contents(home / "made") == sound.wanted[name]),
                    f"{what}, {name}: {ended.text[-300:]}",
                )
                shutil.rmtree(home / "made")
                (home / "made").mkdir()
        shutil.rmtree(home)


def pack(sound: Sound, trials: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    return universe(sound, trials, rng, "pack")


def site(sound: Sound, trials: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    for _ in range(trials):
        home = sound.copy()
        what = damage(home, files_in(home / "s"), rng)
        if what and (
            (home / "s/site.json").exists() or (home / "s/files.json").exists()
        ):  # without it the folder is no site of ours: serve says "not checked"
            ended = run(checking(home / "s"), home)
            yield judged(ended, same=False), f"{what}, serve: {ended.text[-300:]}"
        shutil.rmtree(home)


def going_on(name: str, scratch: Path, trials: int, rng: random.Random, below: str) -> Iterator[tuple[str, str]]:
    """Kill the command `name` at random points, damage a file in the folders `below`, and run it again."""
    case = CASES[name]
    start = scratch / f"start-{name}"
    start.mkdir()
    write_catalogues(scratch)
    for arguments in case.before:
        made(arguments, start)
    alone = Path(shutil.copytree(start, scratch / f"alone-{name}"))
    counted = Point(alone)
    assert run(helios(case.command), alone, counted.install).code == 0
    wanted = contents(alone)
    while trials:
        home = Path(shutil.copytree(start, scratch / "trial"))
        point = Point(home, rng.randrange(2, counted.seen))
        run(helios(case.command), home, point.install)
        files = [file for folder in home.glob(below) for file in files_in(folder)]
        what = damage(home, files, rng) if files else None
        if what:
            trials -= 1
            ended = run(helios(case.command), home)
            yield (
                judged(ended, contents(home) == wanted),
                f"{what}, {name} killed at {point.number}: {ended.text[-300:]}",
            )
        shutil.rmtree(home)


def main() -> int:
    share, rng = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0, random.Random(0)
    warm_up(training=True)
    bad = 0
    print(f"{'damaged':<24} {'trials':>7} " + " ".join(f"{name:>11}" for name in OUTCOMES) + f" {'s':>6}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        (folder / "v1").mkdir()
        sound, sound_v1 = Sound(folder), Sound(folder / "v1", "v1")
        campaigns = {
            "universe": (90, lambda n: universe(sound, n, rng)),
            "pack in a universe": (40, lambda n: pack(sound, n, rng)),
            "v1 pack in a universe": (40, lambda n: pack(sound_v1, n, rng)),
            "site": (60, lambda n: site(sound, n, rng)),
            "v1 site": (40, lambda n: site(sound_v1, n, rng)),
            "killed build": (70, lambda n: going_on("build, 1 worker", folder, n, rng, ".u.build")),
            "killed training": (40, lambda n: going_on("train with checkpoints", folder, n, rng, "t/training")),
        }
        for name, (trials, campaign) in campaigns.items():
            began, tally, trials = time.monotonic(), Tally(), max(1, round(share * trials))
            for outcome, what in campaign(trials):
                tally.add(outcome, what)
            counts = " ".join(f"{tally.outcomes[outcome]:>11}" for outcome in OUTCOMES)
            print(f"{name:<24} {trials:>7} {counts} {time.monotonic() - began:>6.0f}", flush=True)
            print("\n".join(f"  {fault}" for fault in tally.faults[:10]), end="\n" if tally.faults else "", flush=True)
            bad += len(tally.faults)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
