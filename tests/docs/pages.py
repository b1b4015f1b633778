"""The pages of the documentation as what a reader would type: commands, Python, and the files that these need.

A page is read from its top to its end, in a folder of its own:

- `<!-- needs NAME = PATH -->` puts the file PATH of the repository there under NAME;
- `<!-- file NAME -->` before a block makes the block that file;
- ```` ```console ```` is run: `$ helios ...` with the lines that it prints under it, where `...` stands for any lines;
- ```` ```python ```` is run too, and what `>>>` shows is compared;
- ```` ```sh ```` holds what a test cannot run (archives, clusters, servers): its `helios` commands are parsed only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts),
]

_PART = re.compile(
    r"<!-- needs (?P<name>\S+) = (?P<path>\S+) -->"
    r"|(?:<!-- file (?P<file>\S+) -->\n+)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_INLINE = re.compile(r"`(helios [a-z][^`\n]*)`")


@dataclass(frozen=True)
class Part:
    """One block of a page: its kind and text, or the kind "needs" or "file" and the name of a file."""

    kind: str
    text: str
    name: str = ""


def parts(page: Path) -> Iterator[Part]:
    """What the page has its reader do, in order."""
    for match in _PART.finditer(page.read_text()):
        if match["name"]:
            yield Part("needs", match["path"], match["name"])
        elif match["file"]:
            yield Part("file", match["text"], match["file"])
        else:
            yield Part(match["kind"], match["text"])


def sessions(console: str) -> Iterator[tuple[list[str], list[str]]]:
    """(the words of the command, the lines under it) of each `$ helios ...` of a console block."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, shown = part.replace("\\\n", " ").partition("\n")
        words = shlex.split(command, comments=True)
        if words[0] == "helios":
            yield words[1:], [line.strip() for line in shown.splitlines() if line.strip()]


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every `helios` command that the page names: in console and sh blocks, and in its text."""
    for part in parts(page):
        if part.kind in ("console", "sh"):
            for line in part.text.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True) if "helios" in line else []
                if words[:1] == ["helios"]:
                    yield words[1:]
    for text in _INLINE.findall(re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)):
        yield shlex.split(text)[1:]
