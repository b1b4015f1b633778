"""The same bytes on any processor: BLAS, which picks its kernels by the processor, has no part in what is stored.

OpenBLAS takes the kernels of another processor where OPENBLAS_CORETYPE says so. Two of them give other sums of products
than this machine's own, as the first test makes sure.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
KERNELS = ("Nehalem", "Haswell", "Prescott")

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


def test_a_universe_is_the_same(tmp_path, others):
    rng, catalogue = np.random.default_rng(0), tmp_path / "stars.csv"
    names = ("ra", "dec", "parallax", "parallax_error", "pmra", "pmdec", "phot_g_mean_mag", "bp_rp")
    low, high = (0, -90, 0.2, 0.05, -500, -500, 3, -0.3), (360, 90, 50, 5, 500, 500, 18, 4)
    np.savetxt(catalogue, rng.uniform(low, high, (200, 8)), delimiter=",", header=",".join(names), comments="")
    for kernel in (None, *others):
        output = tmp_path / str(kernel) / "universe"
        options = ("--distance", "edsd", "--epoch", 2026.9, "--leaf-capacity", 20)
        run("-m", "helios", "build", "--stars", catalogue, *options, "-o", output, kernel=kernel)
        run(
            "-m",
            "helios",
            "export",
            "--universe",
            output,
            "--format",
            "csv",
            "-o",
            output / "../stars.csv",
            kernel=kernel,
        )
        assert contents(output.parent) == contents(tmp_path / "None")


@pytest.mark.parametrize("strategy", ["default", "mcmc"])
def test_what_is_trained_is_the_same(tmp_path, others, strategy):
    pytest.importorskip("torch")
    run("-m", "helios", "build", "--synthetic", 400, "--depth", 0, "-o", tmp_path / "universe")
    for kernel in (None, others[0]):
        output = tmp_path / str(kernel)
        quick = ("--iterations", 60, "--image-size", 32, "--backend", "numba", "--strategy", strategy)
        train = ("train-all", "--input", tmp_path / "universe", "--output", output / "universe", *quick)
        run("-m", "helios", *train, "--densify-interval", 10, "--densify-until", 50, kernel=kernel)
        for pack_format in ("v2", "v1"):
            pack = ("pack", "--universe", output / "universe", "--format", pack_format, "-o", output / pack_format)
            run("-m", "helios", *pack, kernel=kernel)
        assert contents(output) == contents(tmp_path / "None")
