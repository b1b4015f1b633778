"""Whether photographs show that their lens distorts, or are explained as well by an ideal one."""

from __future__ import annotations

import math
from typing import Any

import pycolmap


def ideal_if_it_fits(distorted: Any) -> tuple[Any, str]:
    """Return the reconstruction `distorted`, of SIMPLE_RADIAL cameras, or one of ideal cameras, and in words which.

    Both are adjusted to the same observations. The ideal one is taken unless distortion explains them better by more
    than Schwarz's criterion asks for its parameters (BIC, Schwarz 1978, doi:10.1214/aos/1176344136): chance alone fits
    a distortion to any photographs, and shifts the focal length by it.
    """
    ideal = pycolmap.Reconstruction(distorted)
    for camera in ideal.cameras.values():
        f, cx, cy, _ = camera.params
        camera.model = pycolmap.CameraModelId.SIMPLE_PINHOLE
        camera.params = [f, cx, cy]
    residuals, cost = _adjust(distorted)
    _, ideal_cost = _adjust(ideal)
    gain = residuals * (ideal_cost - cost) / cost if cost > 0 else 0.0
    price = len(ideal.cameras) * math.log(residuals)
    if gain > price:
        return distorted, "the lens distorts: " + _cameras(distorted)
    return ideal, "the lens is taken as ideal, no distortion shows: " + _cameras(ideal)


def _adjust(reconstruction: Any) -> tuple[int, float]:
    """Adjust the reconstruction, on one thread; return how many residuals it has, half their sum of squares, px^2."""
    options = pycolmap.BundleAdjustmentOptions()
    options.print_summary = False
    options.ceres.solver_options.num_threads = 1
    config = pycolmap.BundleAdjustmentConfig()
    for number in sorted(reconstruction.reg_image_ids()):
        config.add_image(number)
    config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
    summary: Any = pycolmap.create_default_bundle_adjuster(options, config, reconstruction).solve()
    if not summary.is_solution_usable():
        raise RuntimeError(f"the last adjustment failed ({summary.termination_type.name})")
    reconstruction.update_point_3d_errors()
    return summary.num_residuals, summary.ceres_summary.final_cost


def _cameras(reconstruction: Any) -> str:
    cameras = [camera for _, camera in sorted(reconstruction.cameras.items())]
    words = [f"focal length {camera.params[0]:.1f} px" for camera in cameras[:3]]
    if len(cameras[0].params) > 3:
        words = [f"{text}, k {camera.params[3]:+.4f}" for text, camera in zip(words, cameras)]
    return "; ".join(words) + (f"; and {len(cameras) - 3:,} more cameras" if len(cameras) > 3 else "")
