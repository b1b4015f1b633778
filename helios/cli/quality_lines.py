"""The quality of trained cells in words."""

from __future__ import annotations

from typing import Any


def quality_lines(quality: dict[str, Any]) -> list[str]:
    """Return lines that tell the result of `helios.universe.quality.quality`; none if nothing was measured."""
    return [light_line(quality), *_measures(quality)] if quality else []


def light_line(quality: dict[str, Any]) -> str:
    """Return the line about the total light of cells."""
    light = quality["light_error_mmag"]
    return (
        f"light of the cells off by {light['median']:.3f} mmag in the median, {light['p90']:.3f} in 90 %, "
        f"{light['worst']:.3f} at worst; {light['together']:+z.3f} together"
    )


def _measures(quality: dict[str, Any]) -> list[str]:
    psnr, flux = quality["psnr_db"], quality["flux_error_percent"]
    return [
        f"{radii} radii: {psnr[radii]['median']:.1f} dB, {flux[radii]['median']:.2f} % (medians over cells); "
        f"{psnr[radii]['by_light']:.1f} dB, {flux[radii]['by_light']:.2f} % (weighted by light)"
        for radii in flux
    ]
