"""Rasterisers of opaque scenes: splats composited front to back, as 3D Gaussian Splatting has it.

`choose(name)` gives an `OpaqueBackend`. A new one is one file and one line in `OPAQUE_BACKENDS`. The additive ones of
`helios.rendering`, which draw light that adds up, are for stars; these are for things seen in photographs.
"""

from __future__ import annotations

from helios.errors import BackendError
from helios.registry import Registry
from helios.rendering.opaque.contract import Drawn, OpaqueBackend

__all__ = ["OPAQUE_BACKENDS", "Drawn", "OpaqueBackend", "choose"]

OPAQUE_BACKENDS = Registry(
    "backend",
    "helios.opaque_backends",
    {
        "gsplat": "helios.rendering.opaque.gsplat_opaque:GsplatOpaque",
        "numba": "helios.rendering.opaque.numba_opaque:NumbaOpaque",
        "torch": "helios.rendering.opaque.torch_opaque:TorchOpaque",
    },
)


def choose(name: str = "auto", packed: bool = False) -> OpaqueBackend:
    """Return the backend called `name`; "auto" gives gsplat where it draws a test splat, else numba.

    The backend's `why` says how the choice was made. `packed` is for gsplat (`GsplatOpaque`); the others need no
    memory for what is out of view either way. Raises InputError for an unknown name, BackendError where the one asked
    for cannot work here.
    """
    if name not in ("auto", "gsplat"):
        return OPAQUE_BACKENDS.get(name)()
    why = "asked for" if name == "gsplat" else "a test splat drawn by gsplat came out right"
    try:
        backend = OPAQUE_BACKENDS.get("gsplat")(why=why, packed=packed)
        backend.probe()
    except BackendError as error:
        if name == "gsplat":
            raise
        return OPAQUE_BACKENDS.get("numba")(why=str(error).removesuffix(" (use --backend numba)"))
    return backend
