"""The fixer `consensus`: photographs, seen from another camera, where they agree. No weights, nothing learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helios.errors import InputError
from helios.options import check_limits, option
from helios.photos.fixers.contract import Camera, Fixed, Fixer, Reference, View

BACKGROUNDS = ("auto", "mask", "black", "none")


@dataclass(frozen=True)
class Consensus(Fixer):
    """Warps photographs through depth into the novel view, tests for occlusion, and weighs by agreement and by angle.

    Depth is that of the room which the outlines in all photographs leave, or the rendered one where they leave it
    open (`helios.photos.fixers.surfaces.surface_in`). A photograph has a say where the surface, smooth, faces it,
    and where neither the novel view nor the photograph has something before it. Each pixel takes the colour that
    the photographs support most, and is trusted as far as they face it and agree. What photographs show as empty is
    black, and trusted; where they say nothing the render stays, and counts for nothing.
    """

    background: str = option("auto", "What of a photograph is empty: auto, mask, black, none; auto: mask, else black.")
    smooth: float = option(0.03, "Smooth depth over this share of the width.", (1e-3, 0.5))
    inset: float = option(0.03, "The surface is so far inside the outlines' room, x scene's radius.", (0.0, 1.0))
    rim: float = option(0.2, "Room that is thinner, x scene's radius, is rather empty.", (1e-3, 2.0))
    tolerance: float = option(0.06, "A photograph sees what is hidden no deeper, x scene's radius.", (0.0, 1.0))
    agreement: float = option(0.1, "Colours that differ by this, of 1, support one another by 1/e.", (1e-3, 10.0))

    def __post_init__(self):
        check_limits(self, "fixer consensus: ")
        if self.background not in BACKGROUNDS:
            raise InputError(f"fixer consensus: background={self.background}: must be one of {', '.join(BACKGROUNDS)}")

    def fix(self, render, alpha, depth, camera: Camera, references: tuple[Reference, ...]) -> Fixed:
        """See `Fixer.fix`. What it finds out of the references it finds out again for each view: use `fix_all`."""
        return self.fix_all([View(render, alpha, depth, camera, references)])[0]

    def fix_all(self, views: Sequence[View]) -> list[Fixed]:
        """See `Fixer.fix_all`. Cost: some seconds of a processor for a million pixels and six photographs."""
        # Imported here as commands show the options, and need not load what warps.
        from helios.photos.fixers.agreement import Limits, fixed_by_agreement

        return fixed_by_agreement(views, Limits(**vars(self))) if views else []
