"""The choice of a backend: what is asked for, what `auto` takes, and what is said where neither can be had.

Whether a GPU is there is decided by a patched `torch.cuda.is_available`, so that both answers are tested anywhere.
"""

import subprocess
import sys

import pytest
import torch

from helios.errors import BackendError, InputError
from helios.rendering import BACKENDS, pick_backend
from helios.rendering import gsplat_backend as module


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_names_are_honoured():
    assert BACKENDS.names() == ("gsplat", "numba", "torch")
    for name in ("numba", "torch"):
        backend = pick_backend(name)
        assert (backend.name, backend.why, backend.device.type) == (name, "asked for", "cpu")


def test_an_unknown_name_is_refused_with_the_choices():
    with pytest.raises(InputError, match=r"unknown backend 'cuda' \(choose from auto, gsplat, numba, torch\)"):
        pick_backend("cuda")


def test_gsplat_without_a_gpu_is_one_clear_line(no_gpu):
    with pytest.raises(BackendError) as caught:
        pick_backend("gsplat")
    message = str(caught.value)
    assert "needs a CUDA device" in message
    assert message.endswith("(use --backend numba)")
    assert "\n" not in message


def test_auto_without_a_gpu_is_numba_and_says_why(no_gpu):
    backend = pick_backend()
    assert backend.name == "numba"
    assert "needs a CUDA device" in backend.why
    assert "--backend" not in backend.why


def test_auto_with_a_gsplat_that_fails_is_numba_and_says_why(monkeypatch):
    def broken(**scene):
        raise RuntimeError("CUDA error: no kernel image is available")

    monkeypatch.setattr(module, "_import_rasterization", lambda: broken)
    backend = pick_backend("auto")
    assert backend.name == "numba"
    assert backend.why.startswith("gsplat does not work on this machine")
    with pytest.raises(BackendError, match="gsplat does not work on this machine"):
        pick_backend("gsplat")


def test_choosing_without_a_gpu_never_imports_gsplat_and_the_package_alone_no_torch():
    """In a process of its own, because others have been imported here."""
    code = (
        "import sys, helios.rendering; assert 'torch' not in sys.modules and 'numba' not in sys.modules;"
        "import torch; torch.cuda.is_available = lambda: False;"
        "helios.rendering.pick_backend('auto'); assert 'gsplat' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.gpu
def test_auto_with_a_gpu_is_gsplat():
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")
    backend = pick_backend()
    assert backend.name == "gsplat"
    assert backend.device.type == "cuda"
