"""The benchmark's scalar rasteriser: `scalar_rasteriser.cpp`, compiled with -O2, between torch's projection and its
gradients, as OpenSplat has it on the CPU."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.ctypeslib import ndpointer

from helios.rendering.opaque.torch_opaque import _cull, _project

SOURCE = Path(__file__).with_name("scalar_rasteriser.cpp")
FLOATS = ndpointer(np.float32, flags="C_CONTIGUOUS")


def compiled(compiler: str = "g++") -> ctypes.CDLL:
    """Return the compiled rasteriser."""
    folder = tempfile.mkdtemp(prefix="helios-bench-")
    library = Path(folder) / "scalar_rasteriser.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    code = ctypes.CDLL(str(library))
    code.draw.restype = ctypes.c_void_p
    integers = ndpointer(np.int64), FLOATS, ndpointer(np.int32), FLOATS, FLOATS, FLOATS, FLOATS
    code.draw.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int, *integers]
    code.gradients.restype = None
    code.gradients.argtypes = [ctypes.c_void_p, *[FLOATS] * 9]
    return code


def draw(code: ctypes.CDLL, scene: dict, width: int, height: int) -> torch.Tensor:
    """Return the image [H, W, 3] of the first camera, on black, antialiased; gradients in all but the camera."""
    viewmat, K = scene["viewmats"][0].detach(), scene["Ks"][0]
    seen = scene["means"] @ viewmat[:3, :3].T + viewmat[:3, 3]
    drawn = seen[:, 2].detach() >= 0.01
    seen = torch.where(drawn[:, None], seen, torch.tensor([0.0, 0.0, 1.0]))
    centres = seen[:, :2] / seen[:, 2:] * K[(0, 1), (0, 1)] + K[:2, 2]
    shapes = (scene["quats"], scene["scales"], scene["opacities"])
    peaks, variances, conics = _project(seen, *shapes, viewmat, K, width, height, True)
    order, radii = _cull(drawn, seen[:, 2], centres, peaks, variances, width, height)
    return _Rasterise.apply(centres, conics, peaks, scene["colors"][0], order, radii, code, width, height)


class _Rasterise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, centres, conics, peaks, colors, order, radii, code, width, height):
        arrays = [t.detach().contiguous().numpy() for t in (centres, conics, peaks, colors)]
        image = torch.zeros(height, width, 3)
        ctx.picture = code.draw(
            len(order), width, height, order.numpy(), arrays[0], radii.contiguous().numpy(), *arrays[1:], image.numpy()
        )
        ctx.arrays, ctx.code = arrays, code
        return image

    @staticmethod
    def backward(ctx, d_image):
        grads = [np.zeros_like(a) for a in ctx.arrays]
        ctx.code.gradients(ctx.picture, *ctx.arrays, d_image.contiguous().numpy(), *grads)
        return *(torch.from_numpy(g) for g in grads), None, None, None, None, None
