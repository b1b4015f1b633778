"""The Triton kernels of training compiled: for sm_90 on any machine, and run where there is a CUDA device.

The interpreter takes what the compiler does not, such as a name that changes its type in a branch.
"""

import importlib
import importlib.util

import numpy as np
import pytest
import torch

from tests.unit.training.loss.triton_runs import BOTH, assert_agrees, noise, run, run_twin, spots

if importlib.util.find_spec("triton") is None:
    pytest.skip("Triton is not installed", allow_module_level=True)

SIGNATURE = {
    "*fp32": "pred weights slopes gradient partials loss upstream params grad exp_avg exp_avg_sq rates",
    "*i1": "mask kept",
    "*fp16": "truth images",
    "*i64": "views",
    "*i32": "truth_light light",
    "fp32": "weight by_ssim by_flux by_pixel rate root",
    "i32": "per_cell pool pitch first stride count",
}
IMAGES = {"HEIGHT": 256, "WIDTH": 256, "UNIT": 2.0**-10, "GRADIENT": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "constants"),
    [
        ("loss.triton_ssim", "find_light", {"HEIGHT": 256, "WIDTH": 256}),
        ("loss.triton_ssim", "march_ssim", IMAGES),
        ("loss.triton_ssim", "march_ssim", IMAGES | {"GRADIENT": False}),
        ("loss.triton_tiles", "add_tiles", IMAGES | {"LEVELS": 6, "SSIM": True}),
        ("loss.triton_tiles", "add_tiles", IMAGES | {"HEIGHT": 33, "WIDTH": 50, "LEVELS": 6, "SSIM": True}),
        ("loss.triton_tiles", "add_tiles", IMAGES | {"GRADIENT": False, "LEVELS": 1, "SSIM": False}),
        ("loss.triton_tiles", "sum_parts", {"COUNT": 352, "BLOCK": 1024}),
        ("loss.triton_tiles", "scale_cells", {"COUNT": 4 * 196608, "BLOCK": 4096}),
        ("optim.triton_adam", "step_rows", {"BLOCK": 1024}),
    ],
)
def test_kernels_compile_for_hopper(module, name, constants, tmp_path, monkeypatch):
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, compile

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel = getattr(importlib.import_module(f"helios.training.{module}"), name)
    types = {argument: kind for kind, arguments in SIGNATURE.items() for argument in arguments.split()}
    signature = {argument: types.get(argument, "constexpr") for argument in kernel.arg_names}
    source = ASTSource(kernel, signature, {(kernel.arg_names.index(k),): v for k, v in constants.items()})
    options = {"num_warps": 4, "enable_fp_fusion": True}
    compiled = compile(source, target=GPUTarget("cuda", 90, 32), options=options)
    assert f".entry {name}" in compiled.asm["ptx"]
    assert compiled.metadata.shared < 48 * 1024


@pytest.fixture(scope="module")
def cuda():
    if not torch.cuda.is_available():
        pytest.skip("the compiled loss needs a CUDA device; torch sees none")
    return "cuda"


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("weights", [(0.2, 1.0), (1.0, 0.0), (0.0, 1.0)])
def test_agrees_with_the_float64_twin_on_a_gpu(cuda, weights, dtype):
    settings = dict(zip(("lambda_dssim", "lambda_flux"), weights))
    pred = np.concatenate([noise(1, 2, 256, 256, seed=37), spots(1, 2, 256, 256, count=20, seed=38, rows=0.3)])
    truth = np.concatenate([noise(1, 3, 256, 256, seed=39), spots(1, 3, 256, 256, count=20, seed=40, columns=0.6)])
    views, upstream = [[2, 0], [1, 2]], np.array([1.0, 0.5], np.float32)
    loss, gradient, stored = run(pred, truth, views, dtype, upstream, cuda, **settings)
    assert_agrees((loss, gradient), run_twin(pred, stored, views, upstream, **settings))
    again = run(pred, truth, views, dtype, upstream, cuda, **settings)
    assert np.array_equal(again[0], loss)
    assert np.array_equal(again[1], gradient)


@pytest.mark.gpu
def test_a_cuda_graph_replays_loss_and_gradient(cuda):
    from helios.training.loss.triton_loss import TritonTruth, triton_image_loss

    truth = TritonTruth.of(torch.tensor(noise(2, 3, 64, 100, seed=41), device=cuda))
    pred = torch.zeros(2, 2, 64, 100, 3, device=cuda, requires_grad=True)
    views = torch.zeros(2, 2, dtype=torch.int64, device=cuda)

    def step():
        loss = triton_image_loss(pred, truth, views, **BOTH)
        return loss, *torch.autograd.grad(loss.sum(), pred)

    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss, gradient = step()
    with torch.no_grad():
        pred.copy_(torch.tensor(noise(2, 2, 64, 100, seed=42)))
        views.copy_(torch.tensor([[2, 1], [0, 2]]))
    graph.replay()
    wanted, wanted_gradient = step()
    assert torch.equal(loss, wanted)
    assert torch.equal(gradient, wanted_gradient)
