"""The README says what happens: the commands of daily use print what stands there, line for line.

Training is deterministic, but its last digits may differ between processors: the numbers of its table are compared
within a few percent, everything else exactly.
"""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from helios.cli import main

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
NUMBER = re.compile(r"\d[\d,]*\.?\d*")


def sessions():
    """(command, the lines under it) of each `$ helios ...` of the README."""
    for block in BLOCKS:
        for part in block.split("$ ")[1:]:
            command, *lines = part.strip().splitlines()
            if command.startswith("helios "):
                yield shlex.split(command)[1:], [line.strip() for line in lines if line.strip()]


def measured(line: str) -> bool:
    """Whether a line holds figures that training measured, or that depend on the bytes it came to."""
    return line.startswith(("│", "11 cells fitted", "packed", "58.2 bytes"))


def test_daily_use_prints_what_the_readme_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = list(sessions())
    assert [command[0] for command, _ in shown] == ["build", "train-landmarks", "pack"]
    for command, lines in shown:
        assert len(lines) >= 3
        result = CliRunner().invoke(main, command, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        printed = [line.strip() for line in result.output.splitlines()]
        for line in lines:
            if line.startswith("backend "):  # which one, and why, is the machine's to say
                assert any(p.startswith("backend ") for p in printed)
            elif not measured(line):
                assert line in printed
            else:
                words = NUMBER.sub("#", line).split()
                (twin,) = [p for p in printed if NUMBER.sub("#", p).split() == words and p[:12] == line[:12]]
                ours, theirs = ([float(n.replace(",", "")) for n in NUMBER.findall(text)] for text in (line, twin))
                assert ours == pytest.approx(theirs, rel=0.05, abs=0.5)


def test_make_targets_of_the_readme_exist():
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    targets = set(re.findall(r"[`$] ?make (\w+)", README))
    assert targets == {"demo", "test", "web"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)\)", README))))
def test_links_lead_somewhere(path):
    assert (Path(__file__).parents[2] / path).exists()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`helios ([a-z-]+)", README))))
def test_commands_named_exist(command):
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
