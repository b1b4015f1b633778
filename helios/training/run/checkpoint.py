"""Checkpoints: the state of an optimisation on disk, from which a killed run resumes, and ends with the same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from helios.files import write_file, writing


class Resumable(Protocol):
    """Work in steps that can go on from a state of tensors, numbers and text."""

    @property
    def step(self) -> int:
        """The steps made."""
        ...

    @property
    def last_step(self) -> int:
        """The steps to make in all."""
        ...

    def state(self) -> dict[str, Any]:
        """Return all that the next steps depend on."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        ...


class Checkpoint:
    """The checkpoint of a batch of cells, or of a scene, in the file `path`.

    It is written after every `every` steps (0: never) and the last. `label` identifies all that the training depends
    on: settings, backend, stars and the cells of the batch, or photographs. A file with another label is ignored. The
    file holds only tensors, numbers and text, so that `torch.load(path, weights_only=True)` reads it.
    """

    def __init__(self, path: Path, label: str, every: int):
        self.path, self.label, self.every = path, label, every

    @classmethod
    def of_batch(cls, folder: Path, digest: str, every: int, indices: Sequence[int]) -> Checkpoint:
        """Return the checkpoint in `folder` of the batch of cells `indices` with the settings `digest`."""
        name = hashlib.sha256(np.array(indices, np.int64).tobytes()).hexdigest()[:16]
        return cls(folder / f"{name}.checkpoint", f"{digest} {name}", every)

    def slower(self) -> Checkpoint:
        """Return the checkpoint of the second attempt at a lower rate, which has its own file.

        That of the first attempt is kept, so that a resumed run need not repeat it.
        """
        return Checkpoint(self.path.with_name(f"{self.path.name}.slower"), f"{self.label} slower", self.every)

    def resume(self, run: Resumable) -> None:
        """Restore `run` from the file, if there is an undamaged one with this label."""
        stored = self._read()
        if stored is not None and stored["label"] == self.label:
            run.restore(stored["state"])

    def _read(self) -> dict[str, Any] | None:
        """Return what is in the file; None where there is none, or it is damaged: its cells are then trained anew."""
        try:
            # The checksums of the zip are verified first, as torch does not.
            with zipfile.ZipFile(self.path) as archive:
                if archive.testzip():
                    return None
            stored = torch.load(self.path, weights_only=True)
            return stored if {"label", "state"} <= stored.keys() else None
        except (MemoryError, PermissionError):
            raise
        except Exception:  # zipfile, pickle and torch have many words for damage
            return None

    def note(self, run: Resumable) -> None:
        """Write the state of `run`, whole or not at all, if that is due after its last step.

        Raises StoreError if it cannot be written.
        """
        if not self.every or (run.step % self.every and run.step < run.last_step):
            return
        self.write(run)

    def write(self, run: Resumable) -> None:
        """Write the state of `run` now, whole or not at all. Raises StoreError if it cannot be written."""
        content = io.BytesIO()
        torch.save({"label": self.label, "state": run.state()}, content)
        with writing(self.path, "no checkpoint could be written"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_file(self.path, content.getvalue())

    def remove(self) -> None:
        """Remove the files, once the results of the batch are stored elsewhere."""
        for path in (self.path, self.slower().path):
            path.unlink(missing_ok=True)
