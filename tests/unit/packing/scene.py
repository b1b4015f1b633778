"""Small universes for the tests of packs and exporters: real stores, with splats that no star could be mistaken for."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.landmarks import Landmark
from helios.splats import CellResult, Splats
from helios.universe import Universe
from helios.universe.journal import TrainingJournal

LANDMARK = Landmark("sirius", "Sirius", "star", (-1.5e16, 4.9e16, -6.5e16), 1e9, "test", "")

OWN_CELLS = "v1:depth=2"
"""The v1 pack of `make_stars` that has its cells, not those of depth 5."""


def make_stars(path: Path, count: int = 200, depth: int = 2) -> Universe:
    """Build a universe of synthetic stars at `path`: at depth 2, some 30 cells of 1 to 30 stars."""
    build_universe(
        BuildConfig(synthetic=count, depth=depth),
        path,
        [LANDMARK],
    )
    return Universe.open(path)


def make_clumps(path: Path, **rule: int) -> Universe:
    """Build a universe at `path` of 150 stars all over the sky and 60 within 1 degree and 3 %; `rule` says the tree."""
    rng, stars = np.random.default_rng(4), path.with_name(f"{path.name}.csv")
    directions = rng.normal(size=(150, 3))
    ra = np.r_[np.degrees(np.arctan2(directions[:, 1], directions[:, 0])) % 360, rng.normal(40, 0.5, 60)]
    dec = np.r_[np.degrees(np.arcsin(directions[:, 2] / np.linalg.norm(directions, axis=1))), rng.normal(10, 0.5, 60)]
    parallax, mag = np.r_[10 ** rng.uniform(0, 3, 150), rng.normal(10, 0.3, 60)], rng.uniform(0, 12, 210)
    rows = [",".join(map(repr, row)) for row in zip(*(column.tolist() for column in (ra, dec, parallax, mag)))]
    stars.write_text("\n".join(["ra,dec,parallax,phot_g_mean_mag", *rows]) + "\n")
    config = BuildConfig(stars=(str(stars),), **rule)
    build_universe(config, path, [LANDMARK])
    return Universe.open(path)


def make_trained(source: Path, path: Path, stray: float = 1.0) -> Universe:
    """Copy a universe of stars to `path` and train every second cell; its first splat lies `stray` times as far out."""
    stars, rng = Universe.open(source), np.random.default_rng(5)
    journal = TrainingJournal.open(stars, path, "00" * 32)
    cells = []
    for i in range(0, len(stars), 2):
        splats = random_splats(rng, 1 + int(np.diff(stars.offsets)[i]) // 2)
        splats.means[0] *= np.float32(stray)
        cells.append(CellResult(i, splats, {"psnr": 30.0}, "trained"))
    journal.append(cells)
    journal.commit()
    return Universe.open(path)


def random_splats(rng: np.random.Generator, count: int) -> Splats:
    """Return anisotropic, rotated splats, tau from 1e-4 to 100 on both sides of 0.95, colours of luminance 1."""
    quats = rng.normal(size=(count, 4))
    means, scales = rng.uniform(-1, 1, (count, 3)), np.exp(rng.uniform(-12, -2, (count, 3)))
    opacities, colors = 10 ** rng.uniform(-4, 2, count), rng.uniform(0, 3, (count, 3))
    return Splats(
        means=means.astype(np.float32),
        quats=(quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        scales=scales.astype(np.float32),
        opacities=opacities.astype(np.float32),
        colors=(colors / (colors @ [0.2126, 0.7152, 0.0722])[:, None]).astype(np.float32),
    )


def make_viewer(path: Path) -> Path:
    """Write what stands for the viewer's bundle where the test is not about it."""
    (path / "assets").mkdir(parents=True)
    (path / "index.html").write_text("<!doctype html><script type=module src=assets/viewer.js></script>")
    (path / "assets" / "viewer.js").write_text("export {};\n")
    return path


def copy(source: Path, target: Path) -> Path:
    """Return `target`, a copy of the directory `source` for a test to damage."""
    return Path(shutil.copytree(source, target))


def tree(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file under `root`, by relative path."""
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


_KILLER = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    import helios.universe.store
    import helios.packing.v1
    import helios.packing.v2.format
    from helios.packing.pack import pack_universe
    from helios.packing.site import write_site
    from helios.universe import Universe

    def run(statement, path, last):
        seen = 0
        def hook(event, arguments):
            nonlocal seen
            writes = event == "open" and isinstance(arguments[1], str) and arguments[1][0] in "wx"
            if writes and str(path.parent) in str(arguments[0]) or event in CHANGES:
                seen += 1
                if seen == last:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        exec(statement)

    CHANGES = ("os.rename", "os.mkdir", "os.rmdir", "os.remove")
    statement, *paths, path = sys.argv[1], *map(Path, sys.argv[2:])
    printed, sys.stdout = sys.stdout, open(os.devnull, "w")
    exec(statement)
    sys.stdout = printed
    for number, path in enumerate(paths, start=1):
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            run(statement, path, number)
            os._exit(0)
        print(code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        if code == 0:
            break
    """
)


def kill_before_each_change(statement: str, paths: list[Path]) -> int:
    """Run `statement` once per path, as `path`, each in a process killed before its n-th change to the disk, n = 1...

    First it runs to its end for the last path, in the process that the others are forked from, so that they need not
    import and compile. Returns how many were killed; the next ran to its end, so that `paths` were enough, and the
    others are left alone.
    """
    result = subprocess.run(
        [sys.executable, "-c", _KILLER, statement, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[3],
    )
    codes = [int(line) for line in result.stdout.split()]
    assert codes == [-9] * (len(codes) - 1) + [0], result.stderr
    return len(codes) - 1
