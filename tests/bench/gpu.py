"""All that needs CUDA, in one run: `make gpu`, or `python -m tests.bench.gpu [--json FILE] [catalogue.csv.gz]`.

`pytest -m gpu`, then the benchmarks of the loss, of training and of scenes from photographs, whose ratios are printed
as text and, at the end or to FILE, as JSON. Exits with 1 where a test fails, and says in one line what is missing where
it cannot run. On one H100 or H200 it is meant to end within 8 minutes, a first compilation of gsplat of one minute
among them.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def missing() -> str | None:
    """What this machine lacks to run anything here, in words; None where nothing."""
    absent = [name for name in ("torch", "gsplat", "triton", "pytest") if importlib.util.find_spec(name) is None]
    if absent:
        return f"the packages {', '.join(absent)}"
    import torch

    if not torch.cuda.is_available():
        return f"a CUDA device, and torch {torch.__version__} sees none"
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path, nargs="?", help="also train all cells of its universe at depth 5")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go; default: they are printed")
    arguments = parser.parse_args()
    if why := missing():
        sys.exit(f"make gpu needs {why}")

    from tests.bench import bench_gpu, bench_gpu_loss, bench_gpu_scene

    began = time.monotonic()
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", "-m", "gpu"], cwd=ROOT)
    figures = {
        "tests": {"exit_code": tests.returncode, "seconds": round(time.monotonic() - began, 1)},
        "loss": bench_gpu_loss.measure(),
        "training": bench_gpu.measure(arguments.catalogue),
        "scene": bench_gpu_scene.measure(),
    }
    figures["seconds"] = round(time.monotonic() - began, 1)
    text = json.dumps(figures, indent=1)
    if arguments.json:
        arguments.json.write_text(text + "\n")
    else:
        print(text)
    sys.exit(1 if tests.returncode else 0)


if __name__ == "__main__":
    main()
