"""The document of a glTF file says what the specifications ask for; what is in its buffer is the exporters' contract.

What three.js reads and draws of these files is in `tests/browser/test_other_viewers.py`.
"""

import json
import struct

import numpy as np
import pytest

from helios.errors import InputError
from helios.packing import gltf
from helios.packing.export import export


@pytest.fixture
def document(trained, tmp_path):
    exported = export(trained, tmp_path / "cells.gltf", "gltf")
    return exported, json.loads((tmp_path / "cells.gltf").read_text())


def test_the_primitive_is_that_of_the_extension(document):
    exported, found = document
    assert found["asset"]["version"] == "2.0"
    assert found["extensionsUsed"] == ["KHR_gaussian_splatting"]
    (primitive,) = found["meshes"][0]["primitives"]
    assert primitive["mode"] == 0
    assert primitive["extensions"]["KHR_gaussian_splatting"] == {
        "kernel": "ellipse",
        "colorSpace": "lin_rec709_display",
    }
    kinds = {name: found["accessors"][number]["type"] for name, number in primitive["attributes"].items()}
    assert kinds == {
        "POSITION": "VEC3",
        "KHR_gaussian_splatting:ROTATION": "VEC4",
        "KHR_gaussian_splatting:SCALE": "VEC3",
        "KHR_gaussian_splatting:OPACITY": "SCALAR",
        "KHR_gaussian_splatting:SH_DEGREE_0_COEF_0": "VEC3",
    }
    assert {accessor["count"] for accessor in found["accessors"]} == {exported.splats}


def test_its_frame_stands_in_it_and_north_is_up(document):
    exported, found = document
    extras = found["asset"]["extras"]
    assert (tuple(extras["origin_m"]), extras["unit_m"]) == (exported.origin_m, exported.unit_m)
    x, y, z, w = found["nodes"][0]["rotation"]
    turned = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)]  # where the quaternion turns (0, 0, 1)
    np.testing.assert_allclose(turned, [0, 1, 0], atol=1e-15)


def test_both_kinds_hold_the_same(document, trained, tmp_path):
    _, found = document
    export(trained, tmp_path / "cells.glb", "glb")
    data = (tmp_path / "cells.glb").read_bytes()
    (size,) = struct.unpack_from("<I", data, 12)
    binary = json.loads(data[20 : 20 + size])
    del found["buffers"][0]["uri"]
    assert binary == found


def test_more_than_a_glb_can_hold_is_refused(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(gltf, "GLB_LIMIT", 1000)
    message = r"glb: [\d,]+ bytes, must be at most 1,000 \(choose cells with --cells\)"
    with pytest.raises(InputError, match=message):
        export(trained, tmp_path / "cells.glb", "glb")
    assert not list(tmp_path.iterdir())
