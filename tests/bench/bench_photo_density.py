"""A round of density control in a scene of photographs: `python -m tests.bench.bench_photo_density [--splats 200000]`.

Seconds of the processor, all threads together, best of three, each from the same splats and gradients; and the ratio to
a round of gsplat's own `DefaultStrategy`, which is plain torch, in the same run. A third of the splats want to grow.
"""

import argparse
import time
from types import SimpleNamespace

import torch
from gsplat.strategy import DefaultStrategy

from helios.photos.density import DENSITY
from helios.photos.table import SplatTable

STEP = 1000


def splats(count: int) -> SplatTable:
    rng = torch.Generator().manual_seed(0)
    columns = {"means": (3,), "scales": (3,), "quats": (4,), "opacities": (), "sh0": (1, 3), "shN": (15, 3)}
    params = {name: torch.randn((count, *shape), generator=rng) for name, shape in columns.items()}
    return SplatTable({**params, "scales": params["scales"] - 5.0, "opacities": 2.0 * params["opacities"] - 1.0})


def drawing(count: int) -> SimpleNamespace:
    means2d = torch.zeros(1, count, 2, requires_grad=True)
    means2d.grad = 3e-6 * torch.randn((1, count, 2), generator=torch.Generator().manual_seed(1))
    radii = torch.full((1, count, 2), 3, dtype=torch.int32)
    return SimpleNamespace(images=torch.zeros(1, 200, 200, 3), means2d=means2d, radii=radii)


def ours(spec: str, cap: int, count: int) -> tuple[float, str]:
    table, rng, strategy = splats(count), torch.Generator().manual_seed(2), DENSITY.make(spec, max_gaussians=cap)
    state, drawn = strategy.begin(table, 1.0), drawing(count)
    began = time.process_time()
    strategy.after_backward(table, state, STEP, drawn, rng)
    changes = strategy.after_step(table, state, STEP, 1e-4, rng)
    return time.process_time() - began, f"{changes}, {len(table)} splats"


def gsplats(count: int) -> tuple[float, str]:
    table, strategy, drawn = splats(count), DefaultStrategy(), drawing(count)
    params = {name: torch.nn.Parameter(param.detach()) for name, param in table.params.items()}
    optimizers = {name: torch.optim.Adam([param]) for name, param in params.items()}
    for name, param in params.items():
        moments = {"exp_avg": table.exp_avg[name], "exp_avg_sq": table.exp_avg_sq[name]}
        optimizers[name].state[param] = {"step": torch.tensor(1.0), **moments}
    info = {"width": 200, "height": 200, "n_cameras": 1, "gaussian_ids": None}
    info |= {"means2d": drawn.means2d, "radii": drawn.radii}
    state = strategy.initialize_state()
    began = time.process_time()
    strategy.step_post_backward(params, optimizers, state, STEP, info)
    return time.process_time() - began, f"{len(params['means'])} splats"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splats", type=int, default=200_000)
    count = parser.parse_args().splats
    base, words = min(gsplats(count) for _ in range(3))
    print(f"{'gsplat DefaultStrategy':32s} {base:6.3f} s  {words}")
    for spec in ("default", "spectral", "spectral:enable_spectral_splitting=false", "mcmc"):
        for cap in (10 * count, count):
            seconds, words = min(ours(spec, cap, count) for _ in range(3))
            name = f"{spec.replace('enable_spectral_splitting', 'split')}{', at the cap' if cap == count else ''}"
            print(f"{name:32s} {seconds:6.3f} s  {base / seconds:4.1f}x  {words}", flush=True)


if __name__ == "__main__":
    main()
