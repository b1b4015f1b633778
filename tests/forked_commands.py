"""The command `helios` in processes of its own that need not import it first.

Each is forked from a server that has imported what training takes, and has run nothing: a process costs its own work
only. What `python -m helios` adds to it is shown where a shell runs it.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import tempfile
from pathlib import Path
from unittest import mock

from tests.sweeps.forked import MODULES, TRAINING

ROOT = Path(__file__).parents[1]
PRELOADED = [__name__, *(f"helios.{name}" for name in MODULES + TRAINING)]


class Forked:
    """`helios` with these arguments, begun; `variables` are added to its environment."""

    def __init__(self, *arguments: object, **variables: str):
        file, name = tempfile.mkstemp(prefix="said-")
        os.close(file)
        self._said = Path(name)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._process = context.Process(target=_run, args=(list(map(str, arguments)), variables, name))
        with mock.patch.dict(os.environ, {"PYTHONPATH": str(ROOT)}):
            self._process.start()

    @property
    def said(self) -> str:
        """What it has written so far to standard output and standard error."""
        return self._said.read_text()

    @property
    def code(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def signal(self, number: int) -> None:
        os.kill(self._process.pid, number)

    def end(self, timeout_s: float = 600) -> tuple[int, str]:
        """Wait for its end; return exit code and output. Kills it and raises TimeoutError where it takes longer."""
        self._process.join(timeout_s)
        if self._process.exitcode is None:
            self._process.kill()
            raise TimeoutError(f"not ended within {timeout_s} s: {self.said}")
        text = self.said
        self._said.unlink()
        return self._process.exitcode, text


def _run(arguments: list[str], variables: dict[str, str], said: str) -> None:
    os.environ.update(variables)
    output = os.open(said, os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, "utf-8", closefd=False) for number in (1, 2))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "SIGNAL_AT" in variables:
        importlib.import_module("tests.hooks.sitecustomize")
    from helios.cli import main

    main(arguments, prog_name="helios")
