"""Makes the picture of the README: Orion, Sirius and the Pleiades from the Sun, as the viewer shows a site.

    python tests/browser/picture.py SITE client_export/docs/sky.jpg

in the root of the repository, after `make demo`, with SITE = site. The same site gives the same picture.
"""

import argparse
import tempfile
from pathlib import Path

from look import View, look_at_site
from PIL import Image

SIZE = (1280, 720)
STATE = "pos=0,0,0&look=80.5,3&fov=56&up=equatorial&show=constellations,compass"
QUALITY = 88


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--state", default=STATE, help="the view, as in a link of the viewer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        visit = look_at_site(options.site, [View(state=options.state, clean=False)], Path(folder), size=SIZE)
        if visit.problems or visit.console:
            raise SystemExit("\n".join(visit.problems + visit.console))
        image = Image.open(visit.views[0].png).convert("RGB")
    image.save(options.picture, quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
