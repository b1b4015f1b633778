"""How far the cameras of a COLMAP model can be trusted: by what they move where its own tracks are weighed otherwise.

    python -m tests.bench.bench_camera_truth DATA

Needs the extra [photos]. From the model's cameras, with its lenses, bundle adjustment is run to its end with all of
its tracks, with those alone that masks leave in, where there are masks, and with each of COLMAP's robust losses in
place of squares. Prints for each how far rotations are from the model's, median and in the world that all agree on, the
rms distance of the centres, and the mean miss of the tracks, px of the files. Where these move cameras by more than an
error that is asked for, the model cannot judge it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pycolmap
from PIL import Image

from helios.photos.align import align_cameras, centres
from helios.photos.data.model import find_model

LOSSES = ("TRIVIAL", "SOFT_L1", "CAUCHY")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    model = find_model(data)
    truth = _viewmats(pycolmap.Reconstruction(str(model)))
    middle = np.median([each.xyz for each in pycolmap.Reconstruction(str(model)).points3D.values()], axis=0)
    distance = float(np.median(np.linalg.norm(centres(truth) - middle, axis=1)))
    for masked in (False, True) if (data / "masks").is_dir() else (False,):
        for loss in LOSSES:
            found = pycolmap.Reconstruction(str(model))
            if masked:
                _drop_outside(found, data / "masks")
            observations = found.compute_num_observations()
            pycolmap.bundle_adjustment(found, _options(loss))
            aligned = align_cameras(_viewmats(found), truth, distance)
            assert aligned is not None
            print(
                f"{'inside masks' if masked else 'all tracks'}, {loss.lower()}: {observations:,} observations, "
                f"{aligned.degrees:.3f} degrees, {aligned.distance / distance:.2%} of the distance, "
                f"miss {found.compute_mean_reprojection_error():.2f} px",
                flush=True,
            )


def _options(loss: str) -> pycolmap.BundleAdjustmentOptions:
    options = pycolmap.BundleAdjustmentOptions()
    options.refine_focal_length = options.refine_principal_point = options.refine_extra_params = False
    options.print_summary = False
    options.ceres.loss_function_type = getattr(pycolmap.LossFunctionType, loss)
    options.ceres.solver_options.num_threads = 1
    return options


def _viewmats(found: pycolmap.Reconstruction) -> np.ndarray:
    """[V, 4, 4], by the number of the image."""
    rows = [found.images[number].cam_from_world().matrix() for number in sorted(found.images)]
    return np.stack([np.vstack([each, [0.0, 0.0, 0.0, 1.0]]) for each in rows])


def _drop_outside(found: pycolmap.Reconstruction, masks: Path) -> None:
    """Leave out observations outside masks, which are called as the data set's reader finds them."""
    for number, image in sorted(found.images.items()):
        names = (f"{image.name}.png", str(Path(image.name).with_suffix(".png")), image.name)
        mask = np.asarray(Image.open(next(masks / one for one in names if (masks / one).is_file())).convert("L"))
        for which, spot in enumerate(image.points2D):
            column, row = np.clip(spot.xy.astype(int), 0, np.array(mask.shape[::-1]) - 1)
            if image.points2D[which].has_point3D() and mask[row, column] < 128:
                found.delete_observation(number, which)


if __name__ == "__main__":
    main()
