"""Checkpoints: the state of an optimisation on disk, from which a killed run goes on to the same bytes."""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from helios.errors import StoreError
from helios.files import write_file, writing
from helios.train.optim.optimise import Optimisation


class Checkpoint:
    """The checkpoint of one batch in the file `path`, written after every `every` steps (0: never) and the last.

    `label` names all that the training depends on: settings, backend, stars, the cells of the batch. A file of
    another label is left unused. It holds tensors, numbers and text alone: what `torch.load(path, weights_only=True)`
    reads.
    """

    def __init__(self, path: Path, label: str, every: int):
        self.path, self.label, self.every = path, label, every

    @classmethod
    def of_batch(cls, folder: Path, digest: str, every: int, indices: Sequence[int]) -> Checkpoint:
        """The checkpoint in `folder` of the batch of cells of these indices, trained as `digest` names it."""
        name = hashlib.sha256(np.array(indices, np.int64).tobytes()).hexdigest()[:16]
        return cls(folder / f"{name}.checkpoint", f"{digest} {name}", every)

    def slower(self) -> Checkpoint:
        """The checkpoint of the second attempt at a lower rate, which has a file of its own.

        That of the first is kept, so that a resumed run need not make the first attempt again.
        """
        return Checkpoint(self.path.with_name(f"{self.path.name}.slower"), f"{self.label} slower", self.every)

    def resume(self, run: Optimisation) -> None:
        """Let `run` go on from the file, if there is one. Raises StoreError where it is damaged."""
        try:
            # The zip's own sums are checked first: torch does not look at them.
            with zipfile.ZipFile(self.path) as archive:
                if archive.testzip():
                    raise zipfile.BadZipFile("a checksum is wrong")
            stored = torch.load(self.path, weights_only=True)
            if stored["label"] == self.label:
                run.restore(stored["state"])
        except FileNotFoundError:
            return
        except (zipfile.BadZipFile, pickle.UnpicklingError, KeyError, EOFError) as error:
            raise StoreError(f"{self.path}: damaged ({error}); remove it, its cells are trained anew") from error

    def note(self, run: Optimisation) -> None:
        """Write the state of `run` if that is due after its last step, whole or not at all."""
        if not self.every or (run.step % self.every and run.step < run.config.iterations):
            return
        content = io.BytesIO()
        torch.save({"label": self.label, "state": run.state()}, content)
        with writing(self.path, "no checkpoint could be written"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_file(self.path, content.getvalue())

    def remove(self) -> None:
        """Take away the files: the batch is safe elsewhere."""
        for path in (self.path, self.slower().path):
            path.unlink(missing_ok=True)
