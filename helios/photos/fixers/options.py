"""The options of training on novel views. Torch is not imported: commands show these as their help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from helios.options import check_limits, option
from helios.photos.fixers import FIXERS
from helios.photos.paths import PATHS


@dataclass(frozen=True)
class FixOptions:
    """What fixes novel views, where these are, and how much they count. Raises InputError outside the limits."""

    fixer: str = option(
        "consensus",
        f"What fixes novel views after each of --fix-steps: {', '.join(FIXERS.names())}; options follow, as in "
        "difix:model=FOLDER.",
        metavar="NAME[:OPTION=VALUE,...]",
    )
    novel_views: int = option(24, "Novel views at the last of --fix-steps; the nearest come first.", (1, 100_000))
    novel_path: str = option(
        "interp",
        f"Where novel views lie: {', '.join(PATHS.names())}.",
        metavar="NAME[:OPTION=VALUE,...]",
    )
    novel_share: float = option(0.3, "Probability that a step trains on a fixed novel view.", (0.0, 1.0))
    novel_data_lambda: float = option(0.3, "Weight of a fixed novel view in the loss.", (0.0, 1e3))

    def __post_init__(self):
        check_limits(self)
        FIXERS.check(self.fixer.partition(":")[0])
        PATHS.check(self.novel_path.partition(":")[0])

    def values(self) -> dict[str, Any]:
        """Return every option by its name."""
        return dict(vars(self))
