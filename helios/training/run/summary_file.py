"""Files of curves and pictures that TensorBoard reads, as cells and scenes both write them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    raise InputError(
        f"a log for TensorBoard: {error}; the package is not part of the others (pip install 'helios-planetarium[log]')"
    ) from error

_opening = threading.Lock()
"""Lock for opening writers: the package numbers its files without one."""


class SummaryFile:
    """A new file in `folder`, which is made. What others there say of steps from `purge_step` on is not shown."""

    def __init__(self, folder: Path, purge_step: int | None = None):
        """Open the file. Raises OSError, naming the folder, where it cannot be made."""
        with _opening, _naming(str(folder)):
            self._writer = SummaryWriter(str(folder), purge_step=purge_step)

    def add(self, step: int, values: Mapping[str, float], pictures: Mapping[str, NDArray]) -> None:
        """Write an entry to the disk: values, and pictures [H, W, 3] from 0 to 1, by their tags.

        Raises OSError, naming the folder, if it cannot be written.
        """
        with _naming(self._writer.log_dir):
            for tag, value in values.items():
                self._writer.add_scalar(tag, value, step)
            for tag, picture in pictures.items():
                self._writer.add_image(tag, np.rint(255.0 * picture).astype(np.uint8), step, dataformats="HWC")
            self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


@contextlib.contextmanager
def _naming(folder: str) -> Iterator[None]:
    """Add the name of the folder to an OSError, which the package raises in a thread and without a name."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, folder) from error
