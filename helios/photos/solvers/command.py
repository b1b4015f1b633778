"""The solver `command`: any other program that makes a COLMAP model of a folder of photographs."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from helios.errors import InputError
from helios.photos.data.model import ENDINGS, PARTS
from helios.photos.solvers.solver import Solved, Task
from helios.progress import OnEvent, Stage

MODELS_IN = ("", "sparse", "colmap/sparse")
"""Where below {output} a program may leave its model, or models in folders 0, 1, ..."""

TOLD = 300
"""Characters of what a program said last, which go into the message where it failed."""


@dataclass(frozen=True)
class Command:
    """Runs `command`, in which {images}, {masks} and {output} stand for folders; {output} is empty before."""

    command: str

    def __post_init__(self):
        words = self._words()
        if not words or not any("{output}" in word for word in words) or not any("{images}" in word for word in words):
            raise InputError(
                f"--command {self.command!r}: must be a program with {{images}} and {{output}} in its arguments, "
                "as in 'glomap.sh {images} {output}'"
            )

    def _words(self) -> list[str]:
        try:
            return shlex.split(self.command or "")
        except ValueError as error:
            raise InputError(f"--command {self.command!r}: not a command line ({error})") from None

    def solve(self, task: Task, on_event: OnEvent) -> Solved:
        output = task.work / "output"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        places = {"{images}": task.images, "{masks}": task.masks or "", "{output}": output}
        words = self._words()
        for place, folder in places.items():
            words = [word.replace(place, str(folder)) for word in words]
        on_event(Stage(words[0], None))
        log = task.work / "command.log"
        try:
            with open(log, "wb") as file:
                done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        except OSError as error:
            raise InputError(f"--command {words[0]}: cannot be run ({error.strerror})") from error
        said = " ".join(log.read_text(errors="replace")[-10 * TOLD :].split())[-TOLD:]
        if done.returncode != 0:
            raise InputError(f"--command {words[0]}: ended with {done.returncode}: {said or 'it said nothing'}")
        models = tuple(sorted(find_models(output), key=lambda folder: (len(folder.name), folder.name)))
        if not models:
            raise InputError(
                f"--command {words[0]}: left no COLMAP model in {{output}}, {{output}}/0 or {{output}}/sparse/0; "
                f"it said: {said or 'nothing'}"
            )
        return Solved(models, words[0])


def find_models(output: Path) -> list[Path]:
    """Return the folders of the COLMAP models that lie in `output` where programs leave them."""
    for place in MODELS_IN:
        base = output / place
        if not base.is_dir():
            continue
        numbered = [folder for folder in base.iterdir() if folder.is_dir() and folder.name.isdigit()]
        if found := [folder for folder in (base, *numbered) if _is_model(folder)]:
            return found
    return []


def _is_model(folder: Path) -> bool:
    return any(all((folder / f"{part}{ending}").is_file() for part in PARTS) for ending in ENDINGS)
