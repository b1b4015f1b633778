"""Looks at a site with Chromium: `look_at_site` serves it, visits views and brings back pictures and numbers."""

from __future__ import annotations

import atexit
import base64
import json
import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from servers import Ranges, WholeFiles, serving

HERE = Path(__file__).resolve().parent
CHOSEN = "document.activeElement.id === 'sky'"
"""What was searched for is found, and flown to: the sky has the keys again."""

ROOT = HERE.parents[1]
CLIENT = ROOT / "client_export"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
MODULES = ("playwright-core", "@sparkjsdev/spark", "@adobe/spz")
TIMEOUT_S = 240


@dataclass
class View:
    """What to look at: `state` as in a link (`pos=..&look=..&fov=..&ev=..`), after `steps` of a user, and what to read.

    `points` [N, 3] metres are projected by the viewer; `light` is a box (x, y, width, height), device pixels, of linear
    light. `clean` hides everything but the sky in the picture, `picture=False` takes none. `look.mjs` lists the steps.
    """

    state: str = ""
    points: list[list[float]] = field(default_factory=list)
    light: tuple[int, int, int, int] | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    clean: bool = True
    picture: bool = True


@dataclass
class Seen:
    """One view as it was seen. `png`: the picture; `projected` [N, 2] px, NaN behind the camera; `light` [h, w, 3]."""

    png: Path
    projected: np.ndarray
    light: np.ndarray | None
    labels: list[str]
    view: dict[str, Any]
    loaded: dict[str, int]
    script: Any

    def pixels(self) -> np.ndarray:
        """The picture, uint8 [H, W, 3]."""
        return np.asarray(Image.open(self.png).convert("RGB"))


@dataclass
class Visit:
    """All views of one visit, what the page said went wrong, its text, its console and what the server was asked."""

    views: list[Seen]
    problems: list[str]
    page: str
    console: list[str]
    requests: list[tuple[str, str | None]]


def require_tools() -> str:
    """Return the path of Chromium, with Node and MODULES in place; skip where one is missing, in CI fail."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    missing = [name for name, path in (("node", shutil.which("node")), ("chromium", chromium)) if not path]
    if missing:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"the browser tests need {' and '.join(missing)}")
    if not all((CLIENT / "node_modules" / name).is_dir() for name in MODULES):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=CLIENT, check=True, capture_output=True)
    return chromium


def look_at_site(
    site: Path,
    views: list[View],
    pictures: Path,
    *,
    size: tuple[int, int] = (1280, 800),
    start: str = "",
    handler: type[WholeFiles] = Ranges,
    timeout_s: float = TIMEOUT_S,
    **options: Any,
) -> Visit:
    """Return what a visit of the site at directory `site` shows, pictures written to `pictures`.

    `size`: CSS pixels; `start`: what follows the address, such as `#pos=...`; `options`: `density`, `reducedMotion`,
    `touch`, `ownCertificate` and `before` (a script that runs before the page's own) of look.mjs. Raises where the page
    hangs or the browser does not start.
    """
    with serving(site, handler) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        seen = look_at(url, views, pictures, size=size, start=start, timeout_s=timeout_s, **options)
        return replace(seen, requests=list(server.requests))


def look_at(
    url: str,
    views: list[View],
    pictures: Path,
    *,
    size: tuple[int, int] = (1280, 800),
    start: str = "",
    timeout_s: float = TIMEOUT_S,
    **options: Any,
) -> Visit:
    """Return what a visit of the site at `url` shows, as `look_at_site` does, without what its server was asked."""
    chromium = require_tools()
    pictures.mkdir(parents=True, exist_ok=True)
    paths = [pictures / f"view{number}.png" for number in range(len(views))]
    job = {
        "url": url,
        "chromium": chromium,
        "viewport": {"width": size[0], "height": size[1]},
        "start": start,
        "views": [vars(view) | {"png": str(path) if view.picture else None} for view, path in zip(views, paths)],
        **options,
    }
    found = visit(job, timeout_s)
    seen = [_seen(raw, view, path) for raw, view, path in zip(found["views"], views, paths)]
    return Visit(seen, found["problems"], found["page"], found["console"], [])


class _Looker:
    """The process that visits pages, in a browser that is started once; ended with all it started."""

    def __init__(self) -> None:
        command = ["node", str(HERE / "look.mjs")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, start_new_session=True, **pipes)

    def ask(self, job: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        late = threading.Timer(timeout_s, self.end)
        late.start()
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        finally:
            late.cancel()
        if not answer:
            self.end()
            raise RuntimeError(f"no answer from look.mjs within {timeout_s} s")
        return json.loads(answer)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


_looker: _Looker | None = None


def visit(job: dict[str, Any], timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Return what look.mjs sees of a page; see there for both. Raises RuntimeError where it fails or takes longer."""
    global _looker
    if _looker is None or _looker.process.poll() is not None:
        _looker = _Looker()
        atexit.register(_looker.end)
    found = _looker.ask(job, timeout_s)
    if "failure" in found:
        raise RuntimeError(f"look.mjs failed:\n{found['failure']}")
    return found


def _seen(raw: dict[str, Any], view: View, png: Path) -> Seen:
    projected = [[point["x"], point["y"]] if point else [np.nan, np.nan] for point in raw["projected"]]
    light = None
    if view.light:
        light = np.frombuffer(base64.b64decode(raw["light"]), "<f4").astype(np.float64)
        light = light.reshape(view.light[3], view.light[2], 3)
    rest = (raw["labels"], raw["view"], raw["loaded"], raw["script"])
    return Seen(png, np.array(projected).reshape(-1, 2), light, *rest)
