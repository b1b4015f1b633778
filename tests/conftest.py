"""One thread for torch in each process, and no waiting for disks: tests are many, and what they make is small."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_disks():
    """No test loses power. That a disk may fail to write is shown by tests that put their own `fsync` here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield
