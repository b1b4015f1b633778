"""The stages of COLMAP, for a process of their own: `python -m helios.photos.solvers.stages STAGE JSON`.

The same photographs give the same bytes on any number of threads: they get their numbers before features are found,
each pair is verified from the seed, and the mapping has one thread.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pycolmap

from helios.photos.solvers.lens_choice import ideal_if_it_fits

ERRORS_ONLY = 2
"""glog's level above warnings."""

SMALLEST_MODEL = 3
"""COLMAP drops models of fewer than 10 photographs; Helios tells of them."""

ALL_CAMERAS = pycolmap.CameraMode.SINGLE
"""One camera for the photographs of a call."""


def features(
    database: str, images: str, masks: str | None, cameras: list[list[str]], lens: str, max_features: int
) -> None:
    """Make `database` of the photographs of each of `cameras`, in this order, and their features."""
    pycolmap.Database.open(database).close()
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = lens
    if masks is not None:
        reader.mask_path = masks
    for names in cameras:
        pycolmap.import_images(database, images, ALL_CAMERAS, names, reader)
    options = pycolmap.FeatureExtractionOptions()
    options.use_gpu = False
    options.sift.max_num_features = max_features
    names = sorted(name for names in cameras for name in names)
    pycolmap.extract_features(
        database,
        images,
        image_names=names,
        reader_options=reader,
        extraction_options=options,
        device=pycolmap.Device.cpu,
    )


def matches(database: str, overlap: int | None, seed: int) -> None:
    """Compare all pairs in `database`, or, with `overlap`, each photograph with so many of the next by name."""
    options = pycolmap.FeatureMatchingOptions()
    options.use_gpu = False
    verification = pycolmap.TwoViewGeometryOptions()
    verification.ransac.random_seed = seed
    settings: dict[str, Any] = {
        "matching_options": options,
        "verification_options": verification,
        "device": pycolmap.Device.cpu,
    }
    if overlap is None:
        pycolmap.match_exhaustive(database, **settings)
    else:
        pairing = pycolmap.SequentialPairingOptions()
        pairing.overlap = overlap
        pycolmap.match_sequential(database, pairing_options=pairing, **settings)


def models(database: str, images: str, scratch: str, output: str, steps: str, seed: int, choose_lens: bool) -> None:
    """Write the models of `database` as folders 0, 1, ... of `output`, largest first, and in words what is in them.

    The file `steps` grows by a byte with each photograph that is placed.
    """
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = options.mapper.num_threads = 1
    options.random_seed = options.mapper.random_seed = options.triangulation.random_seed = seed
    options.min_model_size = SMALLEST_MODEL

    def step() -> None:
        with open(steps, "ab") as file:
            file.write(b".")

    made = pycolmap.incremental_mapping(
        database, images, scratch, options, initial_image_pair_callback=step, next_image_callback=step
    )
    found, placed = [], set[str]()
    for _, model in sorted(made.items(), key=lambda item: (-item[1].num_reg_images(), item[0])):
        names = {image.name for image in model.images.values() if image.has_pose}
        if not names <= placed:  # else it is a first try at a larger one
            found.append(model)
            placed |= names
    notes = []
    for number, model in enumerate(found):
        if choose_lens:
            model, note = ideal_if_it_fits(model)
            notes.append(f"model {number + 1}: {note}" if len(found) > 1 else note)
        folder = Path(output) / str(number)
        folder.mkdir(parents=True)
        model.write_binary(folder)
    Path(output, "solved.json").write_text(json.dumps({"notes": notes, "placed": sorted(placed)}))


STAGES: dict[str, Callable[..., None]] = {"features": features, "matches": matches, "models": models}


def end_with_parent() -> None:
    """End this process when its standard input does, which the parent holds open as long as it lives."""
    while os.read(0, 1):
        pass
    os._exit(1)


def main() -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    pycolmap.logging.minloglevel = ERRORS_ONLY
    pycolmap.set_random_seed(0)
    try:
        STAGES[sys.argv[1]](**json.loads(sys.argv[2]))
    except (RuntimeError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
