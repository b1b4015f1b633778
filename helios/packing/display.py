"""Shows a universe in a notebook: its site, from a server of this machine that runs beside the notebook, in a frame."""

from __future__ import annotations

import atexit
import math
import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from helios.errors import InputError
from helios.packing import server
from helios.packing.pack import open_pack, pack_universe
from helios.packing.site import check_site, is_site_of, require_place_for_site, site_time_ns, write_site
from helios.progress import OnEvent, ignore
from helios.universe import Universe
from helios.universe.paths import landmarks_path, pack_path, store_path

STOPS_WITHIN_S = 5.0
"""How long the end of a server is waited for; connections that a browser holds open end with it."""


class SiteServer:
    """Serves the site in the folder `site` on 127.0.0.1:`port`, on any free port for 0, until `close`.

    It runs in a thread of its own and ends with the process. Raises InputError where the port is not free.
    """

    def __init__(self, site: Path, port: int = 0):
        self.site = site
        self._listener = server.open_socket(port)
        self.port: int = self._listener.getsockname()[1]
        self._server = server.site_server(site)
        arguments = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=arguments, name="helios site", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where a browser of this machine finds the site."""
        return f"http://{server.HOST}:{self.port}/"

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop serving; nothing happens where that was done before."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(STOPS_WITHIN_S)
        self._listener.close()


class Display:
    """A universe on show at `url`, from the folder `site`; as the value of a notebook's cell, a frame with its sky.

    It is served until `close`, the end of a `with` or that of the process, however many displays share the site.
    """

    def __init__(self, served: SiteServer, link: str, title: str, width: int | str, height: int | str):
        self._served, self._title, self._size = served, title, (width, height)
        self.site = served.site
        self.url = served.address + link

    def _repr_html_(self) -> str:
        width, height = (escape(str(length)) for length in self._size)
        return (
            f'<iframe src="{escape(self.url)}" title="{escape(self._title)}" width="{width}" height="{height}" '
            'style="border: 0" allow="fullscreen; gyroscope; accelerometer" allowfullscreen></iframe>'
        )

    def __repr__(self) -> str:
        return f"<Display {self.url}>" if self._served.running else f"<Display {self.url}, closed>"

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving the site, and remove it where it is a temporary one."""
        for key in [key for key, shown in _shown.items() if shown.served is self._served]:
            _shown.pop(key).close()


class _Shown:
    """A served site, and all that ends with it."""

    def __init__(self, universe: Universe, site: Path | None, port: int, on_event: OnEvent):
        with ExitStack() as stack:
            self.site = site or Path(stack.enter_context(TemporaryDirectory(prefix="helios-"))) / "site"
            make_site(universe, self.site, on_event)
            self.served = SiteServer(self.site, port)
            stack.callback(self.served.close)
            self._end = stack.pop_all()

    def close(self) -> None:
        self._end.close()


_shown: dict[tuple[str, Path | None, int], _Shown] = {}
"""What is on show, by universe, site and port: a cell that runs again shows the same, and what nobody holds stays."""


@atexit.register
def _close_all() -> None:
    while _shown:
        _shown.popitem()[1].close()


def show(
    universe: Universe | str | os.PathLike[str],
    *,
    site: str | os.PathLike[str] | None = None,
    width: int | str = "100%",
    height: int | str = 480,
    port: int = 0,
    on_event: OnEvent = ignore,
    **view: Any,
) -> Display:
    """Return `universe` on show, which as the value of a notebook's cell is a frame with its sky.

    `site` is the folder of its site, by default a temporary one. It is made, and the universe packed, unless it is
    there and current, and served to this machine, on `port` or any free one, until `close()` of the result or the end
    of the process. `width` and `height` are CSS pixels, or text as "100%". `view` is what is seen first, named as in a
    link: `goto="Pleiades"`, `look=(83.8, -1.2)`, `fov=60`; see `link_text`. Raises what `Universe.open`, `make_site`
    and `link_text` do, InputError where `port` is not free, and TypeError for a part of a view that there is not.
    """
    link, place = link_text(**view), None if site is None else Path(os.path.abspath(site))
    # As it is on disk now: it may have been trained since it was opened.
    opened = Universe.open(universe.path if isinstance(universe, Universe) else Path(universe))
    key = (os.path.abspath(opened.path), place, port)
    shown = _shown.get(key)
    if shown is not None and shown.served.running:
        make_site(opened, shown.site, on_event)
    else:
        shown = _shown[key] = _Shown(opened, place, port, on_event)
    return Display(shown.served, link, f"The sky of {opened.path}", width, height)


def make_site(universe: Universe, site: Path, on_event: OnEvent = ignore) -> None:
    """Make the folder `site` that of `universe`, unless it is: of the same build, and newer than the universe's files.

    The pack in the universe is used where that is newer than these; else another is made, which is not kept. Raises
    InputError where `site` holds anything else or lies in the universe, StoreError where it or the universe is damaged.
    """
    changed_ns = _changed_ns(universe)
    if is_site_of(universe, site) and site_time_ns(site) > changed_ns:
        check_site(site)
        return
    require_place_for_site(site, universe.path)
    own = pack_path(universe.path)
    if own.is_dir() and min(path.stat().st_mtime_ns for path in own.iterdir()) > changed_ns:
        open_pack(own)
        write_site(universe, site, on_event=on_event)
        return
    with TemporaryDirectory(prefix="helios-") as folder:
        pack = Path(folder) / "pack"
        pack_universe(universe, pack, on_event=on_event)
        write_site(universe, site, pack=pack, on_event=on_event)


def _changed_ns(universe: Universe) -> int:
    """When a build, training or its owner last changed the universe, nanoseconds of its file system's clock."""
    store = store_path(universe.path)
    files = [*store.glob("zarr.json"), *store.glob("*/zarr.json"), *store.glob("*/*/zarr.json")]
    return max(path.stat().st_mtime_ns for path in [*files, landmarks_path(universe.path)] if path.is_file())


def link_text(
    *,
    goto: str | None = None,
    pos: Sequence[float] | None = None,
    look: Sequence[float] | None = None,
    fov: float | None = None,
    ev: float | str | None = None,
    up: str | None = None,
    show: str | Iterable[str] | None = None,
) -> str:
    """Return the view as what stands after an address, `#goto=M%2031&ev=auto`; of no view, nothing.

    `goto` is a name or coordinates, `pos` a place, barycentric mean ecliptic J2000 metres; `look` ICRS right ascension
    and declination, and `fov` the view's height, degrees; `ev` stops of exposure or "auto"; `up` "ecliptic" or
    "equatorial"; `show` what is drawn over the sky, as "constellations", or several. Raises InputError for another
    value.
    """
    parts = {
        "goto": goto,
        "pos": None if pos is None else _numbers("pos", pos, 3),
        "look": None if look is None else _numbers("look", look, 2),
        "fov": None if fov is None else _numbers("fov", [fov], 1),
        "ev": ev if ev is None or ev == "auto" else _numbers("ev", [ev], 1),
        "up": up,
        "show": show if show is None or isinstance(show, str) else ",".join(show),
    }
    if up not in (None, "ecliptic", "equatorial"):
        raise InputError(f"up {up!r}: is neither 'ecliptic' nor 'equatorial'")
    if look is not None and abs(float(look[1])) > 90:
        raise InputError(f"look {look!r}: a declination is between -90 and 90 degrees")
    text = "&".join(f"{key}={quote(str(value), safe=',')}" for key, value in parts.items() if value is not None)
    return text and f"#{text}"


def _numbers(name: str, values: Sequence[float | str], count: int) -> str:
    """`values` as a link has them, to the last bit."""
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} {values!r}: is not {count} numbers") from error
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise InputError(f"{name} {values!r}: is not {count} finite numbers")
    return ",".join(map(repr, numbers))
