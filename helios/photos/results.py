"""Where things are in the folder of a result: ckpts/ renders/ stats/ ply/ tb/ and cfg.json, as the guides have it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from helios.errors import InputError
from helios.files import write_file, writing

_CHECKPOINT = re.compile(r"ckpt_(\d+)\.pt")


@dataclass(frozen=True)
class Result:
    """The folder of a result; nothing is made of it until somebody writes there."""

    folder: Path

    @property
    def config(self) -> Path:
        """Every option that the result depends on, the data's folder and what it held, in JSON."""
        return self.folder / "cfg.json"

    @property
    def unfinished(self) -> Path:
        """The state from which a run goes on; gone when it has ended."""
        return self.folder / "ckpts" / "unfinished.checkpoint"

    @property
    def novel(self) -> Path:
        """Novel views and their fixed pictures, a folder per step."""
        return self.folder / "renders" / "novel"

    @property
    def log(self) -> Path:
        """Files for TensorBoard."""
        return self.folder / "tb"

    def checkpoint(self, step: int) -> Path:
        """The splats after `step` steps."""
        return self.folder / "ckpts" / f"ckpt_{step}.pt"

    def stats(self, step: int) -> Path:
        """The metrics on held-out photographs after `step` steps."""
        return self.folder / "stats" / f"val_step{step}.json"

    def render(self, step: int, name: str) -> Path:
        """A held-out photograph and, on its right, what the splats show after `step` steps."""
        return self.folder / "renders" / f"val_step{step}_{flat_name(name)}.png"

    def ply(self, step: int) -> Path:
        """The splats after `step` steps, for other programs."""
        return self.folder / "ply" / f"point_cloud_{step}.ply"

    def steps(self) -> list[int]:
        """The steps of which there is a checkpoint, in order."""
        found = (_CHECKPOINT.fullmatch(path.name) for path in (self.folder / "ckpts").glob("ckpt_*.pt"))
        return sorted(int(match[1]) for match in found if match)

    def last_step(self, step: int | None = None) -> int:
        """Return `step`, or the last of which there is a checkpoint. Raises InputError where there is none."""
        steps = self.steps()
        if not steps:
            raise InputError(f"{self.folder}: no result of a training (no ckpts/ckpt_STEP.pt): run helios scene train")
        if step is not None and step not in steps:
            raise InputError(f"{self.folder}: no checkpoint of step {step} (there are {', '.join(map(str, steps))})")
        return steps[-1] if step is None else step


def keep(path: Path, content: bytes, remedy: str) -> None:
    """Write a file of a result, whole or not at all, and its folder. Raises StoreError, ending in `remedy`."""
    with writing(path, remedy):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)


def flat_name(name: str) -> str:
    """Return the name of a photograph, a path without its suffix, as the name of one file."""
    return name.rsplit(".", 1)[0].replace("/", "_").replace("\\", "_")
