"""The same bytes on any processor: BLAS, which picks its kernels by the processor, has no part in what is stored.

OpenBLAS takes the kernels of another processor where OPENBLAS_CORETYPE says so. Two of them give other sums of products
than this machine's own, as the first test makes sure.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KERNELS = ("Nehalem", "Haswell", "Prescott")
STRATEGIES = ("default", "mcmc")

SUMS = "import numpy as np; rng = np.random.default_rng(0); a = rng.random((3, 3)); b = rng.random((3, 1000)); "
SUMS += "import hashlib; print(hashlib.sha256(np.tensordot(a, b, 1).tobytes()).hexdigest())"


def run(*arguments: object, kernel: str | None = None) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | ({"OPENBLAS_CORETYPE": kernel} if kernel else {})
    done = subprocess.run([sys.executable, *map(str, arguments)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def others() -> list[str]:
    """Kernels with which BLAS rounds in another way than with this processor's own."""
    own = run("-c", SUMS)
    found = [kernel for kernel in KERNELS if run("-c", SUMS, kernel=kernel) != own]
    if not found:
        pytest.skip(
            f"BLAS ({np.__config__.show(mode='dicts')['Build Dependencies']['blas']['name']}) has one kernel here"
        )
    return found


COMMANDS = "import json, sys; from helios.cli import main\n"
COMMANDS += "for command in json.loads(sys.argv[1]): main(command, standalone_mode=False)"


def building(catalogue: Path, output: Path) -> list[tuple[object, ...]]:
    options = ("--distance", "edsd", "--epoch", 2026.9, "--leaf-capacity", 20)
    build = ("build", "--stars", catalogue, *options, "-o", output / "universe")
    return [build, ("export", "--universe", output / "universe", "--format", "csv", "-o", output / "stars.csv")]


def training(source: Path, output: Path, strategy: str) -> list[tuple[object, ...]]:
    quick = ("--iterations", 60, "--image-size", 32, "--backend", "numba", "--strategy", strategy)
    quick += ("--densify-interval", 10, "--densify-until", 50)
    packs = [("pack", "--universe", output / "u", "--format", name, "-o", output / name) for name in ("v2", "v1")]
    return [("train-all", "--input", source, "--output", output / "u", *quick), *packs]


@pytest.fixture(scope="module")
def made(tmp_path_factory, others) -> dict[str | None, Path]:
    """By kernel, the folder of what a process with it has made; the last of several kernels trains nothing."""
    root = tmp_path_factory.mktemp("made")
    rng, catalogue = np.random.default_rng(0), root / "stars.csv"
    names = ("ra", "dec", "parallax", "parallax_error", "pmra", "pmdec", "phot_g_mean_mag", "bp_rp")
    low, high = (0, -90, 0.2, 0.05, -500, -500, 3, -0.3), (360, 90, 50, 5, 500, 500, 18, 4)
    np.savetxt(catalogue, rng.uniform(low, high, (200, 8)), delimiter=",", header=",".join(names), comments="")
    run("-m", "helios", "build", "--synthetic", 400, "--depth", 0, "-o", root / "universe")
    for kernel in (None, *others):
        commands = building(catalogue, root / str(kernel) / "built")
        if kernel in (None, others[0]):
            for strategy in STRATEGIES:
                commands += training(root / "universe", root / str(kernel) / strategy, strategy)
        run("-c", COMMANDS, json.dumps([list(map(str, command)) for command in commands]), kernel=kernel)
    return {kernel: root / str(kernel) for kernel in (None, *others)}


def test_a_universe_is_the_same(made):
    expected = contents(made[None] / "built")
    assert len(expected) > 50
    for folder in made.values():
        assert contents(folder / "built") == expected


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_trained_is_the_same(made, others, strategy):
    expected = contents(made[None] / strategy)
    assert len(expected) > 50
    assert contents(made[others[0]] / strategy) == expected
