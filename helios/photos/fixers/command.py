"""The fixer `command`: any other program, in an environment of its own, such as Difix3D's."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helios.errors import InputError
from helios.options import option
from helios.photos.fixers.contract import Camera, Fixed, Fixer, Reference, View
from helios.photos.fixers.pictures import picture_name, read_picture, unit, write_views
from helios.photos.fixers.places import nearest_reference

TOLD = 300
"""Characters of what a program said last, which go into the message where it failed."""


@dataclass(frozen=True)
class Command(Fixer):
    """Runs a program once a round, in whose command line {input} and {output} stand for folders.

    {input} has Pred/, Ref/ and Alpha/ with 00000.png and so on, Depth/00000.npy (float32 [H, W], units of the scene)
    and cameras.json. The program must leave Fixed/ in {output}, with a picture of the same name and size for each of
    Pred/. It may leave Trust/, grey; without it, pixels are trusted as far as they are opaque.
    """

    program: str = option("", "Command line, without commas, as in 'fix.sh {input} {output}'.")

    def __post_init__(self):
        words = self._words()
        if not words or not all(any(place in word for word in words) for place in ("{input}", "{output}")):
            raise InputError(
                f"fixer command: program={self.program}: must have {{input}} and {{output}} in its arguments, as in "
                "'command:program=fix.sh {input} {output}'"
            )

    def _words(self) -> list[str]:
        try:
            return shlex.split(self.program)
        except ValueError as error:
            raise InputError(f"fixer command: program={self.program}: not a command line ({error})") from None

    def fix(self, render, alpha, depth, camera: Camera, references: tuple[Reference, ...]) -> Fixed:
        """See `Fixer.fix`."""
        return self.fix_all([View(render, alpha, depth, camera, references)])[0]

    def fix_all(self, views: Sequence[View]) -> list[Fixed]:
        """Return what the program makes of the views, all at once. Raises InputError where it fails or leaves less."""
        if not views:
            return []
        with tempfile.TemporaryDirectory(prefix="helios-fix-") as work:
            given, made = Path(work, "input"), Path(work, "output")
            given.mkdir()
            made.mkdir()
            write_views(given, views, [nearest_reference(view) for view in views])
            (given / "Depth").mkdir()
            for place, view in enumerate(views):
                np.save(given / "Depth" / picture_name(place).replace(".png", ".npy"), view.depth.astype(np.float32))
            self._run(given, made, Path(work, "log"))
            return self._collect(made, views)

    def _run(self, given: Path, made: Path, log: Path) -> None:
        words = [word.replace("{input}", str(given)).replace("{output}", str(made)) for word in self._words()]
        try:
            with open(log, "wb") as file:
                done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        except OSError as error:
            raise InputError(f"fixer command: {words[0]}: cannot be run ({error.strerror})") from error
        if done.returncode != 0:
            said = " ".join(log.read_text(errors="replace").split())[-TOLD:]
            raise InputError(f"fixer command: {words[0]}: ended with {done.returncode}: {said or 'it said nothing'}")

    def _collect(self, made: Path, views: Sequence[View]) -> list[Fixed]:
        name = self._words()[0]
        wanted = {picture_name(place) for place in range(len(views))}
        folders = ("Fixed", "Trust") if (made / "Trust").is_dir() else ("Fixed",)
        for folder in folders:
            there = {path.name for path in (made / folder).iterdir()} if (made / folder).is_dir() else set()
            if there != wanted:
                raise InputError(
                    f"fixer command: {name}: left {len(there & wanted)} of {len(wanted)} pictures in "
                    f"{{output}}/{folder}, first missing {min(wanted - there, default='none')}, "
                    f"first unknown {min(there - wanted, default='none')}; must be those of {{input}}/Pred"
                )
        remedy = f"{name} must leave pictures of the size of those in {{input}}/Pred"
        found = []
        for place, view in enumerate(views):
            size = view.camera.width, view.camera.height
            pictures = [
                unit(read_picture(made / folder / picture_name(place), *size, mode, InputError, remedy))
                for folder, mode in zip(folders, ("RGB", "L"))
            ]
            found.append(Fixed(pictures[0], pictures[1] if len(pictures) > 1 else view.alpha.astype(np.float32)))
        return found
