"""Images of a cell: the ground truth from its emitters, and rasterisers that can be trained through.

`pick_backend(name)` gives a `Backend`; `helios.rendering.truth.render_truth` draws the truth. A new backend is one file
and one line in `BACKENDS`.
"""

from __future__ import annotations

from helios.errors import BackendError, InputError
from helios.registry import Registry
from helios.rendering.backend import Backend

__all__ = ["BACKENDS", "Backend", "pick_backend", "require_torch"]

BACKENDS = Registry(
    "backend",
    "helios.backends",
    {
        "gsplat": "helios.rendering.gsplat_backend:GsplatBackend",
        "numba": "helios.rendering.numba_backend:NumbaBackend",
        "torch": "helios.rendering.torch_reference:TorchBackend",
    },
)


def require_torch() -> None:
    """Raise BackendError, with the remedy, where the packages of the extra `train` are not installed."""
    try:
        import numba  # noqa: F401
        import torch  # noqa: F401
    except ModuleNotFoundError as error:
        raise BackendError(
            f"training and drawing need the package {error.name}: pip install 'helios-planetarium[train]'"
        ) from error


def pick_backend(name: str = "auto") -> Backend:
    """Return the backend called `name`; "auto" gives gsplat where it draws a test splat, else numba.

    The backend's `why` says how the choice was made. Raises InputError for an unknown name, BackendError where the
    one asked for cannot work here.
    """
    if name == "gsplat":
        backend = BACKENDS.get(name)()
        backend.probe()
        return backend
    if name not in ("auto", *BACKENDS.names()):
        raise InputError(f"unknown backend {name!r} (choose from auto, {', '.join(BACKENDS.names())})")
    if name != "auto":
        return BACKENDS.get(name)()
    try:
        backend = BACKENDS.get("gsplat")(why="a test splat drawn by gsplat came out right")
        backend.probe()
    except BackendError as error:
        return BACKENDS.get("numba")(why=str(error).removesuffix(" (use --backend numba)"))
    return backend
