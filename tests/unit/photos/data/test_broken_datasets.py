"""Each kind of broken data set ends in one line with the file, the value and the remedy, before any training."""

import shutil
import struct

import numpy as np
import pytest
from PIL import Image

from helios.errors import InputError
from helios.photos.data.dataset import DataOptions, load_dataset
from tests.support.tiny_scene import write_tiny_scene

MODEL = "sparse/0"


def change(file, old: str, new: str):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def to_binary(folder):
    pycolmap = pytest.importorskip("pycolmap")
    pycolmap.Reconstruction(folder / MODEL).write_binary(folder / MODEL)


def cut(folder):
    to_binary(folder)
    file = folder / MODEL / "images.bin"
    file.write_bytes(file.read_bytes()[:-30])


def other_camera(folder):
    to_binary(folder)
    file = folder / MODEL / "cameras.bin"
    data = bytearray(file.read_bytes())
    data[12:16] = struct.pack("<i", 16)
    file.write_bytes(data)


def points_at_infinity(folder):
    file = folder / MODEL / "points3D.txt"
    file.write_text(file.read_text() + "99 inf 0 0 1 2 3 0.5\n")


def twice(folder):
    file = folder / MODEL / "images.txt"
    file.write_text(file.read_text().replace("001.png", "000.png"))


def deep(folder):
    Image.fromarray(np.zeros((48, 64), np.uint16)).save(folder / "images/001.png")


def split_with(**files):
    def make(folder):
        (folder / "splits").mkdir()
        for name, text in files.items():
            (folder / "splits" / f"{name}.txt").write_text(text)

    return make


def misnamed_masks(folder):
    for file in (folder / "masks").iterdir():
        file.rename(file.with_name("mask_" + file.name))


BROKEN = {
    "no folder": (lambda f: f.rename(f.with_name("other")), {}, "data: no such folder"),
    "no model": (lambda f: (f / MODEL).rename(f / "elsewhere"), {}, "no COLMAP model in sparse/0, sparse, colmap"),
    "half a model": (lambda f: (f / MODEL / "points3D.txt").unlink(), {}, "points3D.txt: missing, a model is"),
    "a binary file cut short": (cut, {}, r"images.bin: damaged, ends after [\d,]+ bytes, in the middle of a record"),
    "bytes that are no text": (
        lambda f: (f / MODEL / "images.txt").write_bytes(b"\xff\xfe"),
        {},
        "images.txt: not text in UTF-8",
    ),
    "a row of another form": (
        lambda f: change(f / MODEL / "cameras.txt", "PINHOLE 64", "PINHOLE wide"),
        {},
        "cameras.txt row 1: '1 PINHOLE wide.* is not CAMERA_ID MODEL WIDTH",
    ),
    "a lens of another kind": (
        lambda f: change(f / MODEL / "cameras.txt", "PINHOLE", "FOV"),
        {},
        "camera 1: its model is FOV, Helios reads SIMPLE_PINHOLE, .*colmap image_undistorter",
    ),
    "a lens of another number": (other_camera, {}, "camera 1: its model has the number 16, Helios reads"),
    "too few parameters": (
        lambda f: change(f / MODEL / "cameras.txt", " 24.0", ""),
        {},
        "camera 1: PINHOLE has 4 parameters, got 3",
    ),
    "a focal length of 0": (
        lambda f: change(f / MODEL / "cameras.txt", "83.2", "0"),
        {},
        "camera 1: parameters 0 83.2 32 24, must be finite, and its focal length above 0 px",
    ),
    "a camera that is not there": (
        lambda f: change(f / MODEL / "images.txt", " 1 001.png", " 5 001.png"),
        {},
        "image 001.png: taken by camera 5, but the model has 1",
    ),
    "a pose that is no number": (
        lambda f: change(f / MODEL / "images.txt", "\n2 ", "\n2 nan nan nan nan 0 0 0 1 001.png\n\n3 "),
        {},
        "image 001.png: pose nan .* must be finite",
    ),
    "one photograph twice": (twice, {}, "image 000.png: is there twice"),
    "no photograph has a pose": (
        lambda f: (f / MODEL / "images.txt").write_text("# none\n"),
        {},
        "images.txt: no photograph has a pose; make the model again",
    ),
    "a point at infinity": (points_at_infinity, {}, "points3D.txt point 31: lies at inf 0 0, must be finite"),
    "too few points": (
        lambda f: (f / MODEL / "points3D.txt").write_text(""),
        {"normalize_world_space": True},
        "0 points, must be at least 3 .* normalize_world_space off",
    ),
    "a name outside the folder": (
        lambda f: change(f / MODEL / "images.txt", "001.png", "../001.png"),
        {},
        "image ../001.png: must be a name below",
    ),
    "no images": (lambda f: (f / "images").rename(f / "pictures"), {}, "images: no such folder; the photographs"),
    "a missing photograph": (lambda f: (f / "images/001.png").unlink(), {}, "images/001.png: missing; copy it there"),
    "another size": (
        lambda f: Image.new("RGB", (48, 64)).save(f / "images/001.png"),
        {},
        "001.png: 48 x 64 px, but its camera 1 has 64 x 48, turned by its orientation tag; put the original",
    ),
    "no picture": (
        lambda f: (f / "images/001.png").write_text("hello"),
        {},
        "images/001.png: not a picture that can be read",
    ),
    "16 bits": (deep, {}, "images/001.png: has pixels of the kind I;16, must have 8 bits per channel; convert it"),
    "a mask of another size": (
        lambda f: Image.new("L", (60, 48)).save(f / "masks/001.png"),
        {},
        "masks/001.png: the mask has 60 x 48 px, its photograph 64 x 48; make it as large",
    ),
    "masks of other names": (misnamed_masks, {}, "masks: no mask has the name of a photograph, such as 000.png or 000"),
    "a name in both lists": (split_with(train="001\n", test="001\n"), {}, "test.txt: 001.png is in splits/train.txt"),
    "a list of others": (split_with(train="a.jpg\n"), {}, "train.txt row 1: a.jpg is no photograph in use"),
    "all are held out": (split_with(test="000\n001\n002\n003\n"), {}, "train.txt: no photograph .* left to train on"),
    "one in one is held out": (lambda f: None, {"test_every": 1}, "--test-every 1: holds out all 4 photographs"),
    "none matches": (lambda f: None, {"match_string": "moon"}, "--match moon: no photograph .* the first is 000.png"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_tiny_scene(tmp_path_factory.mktemp("whole") / "data", views=4, points=30, masks=True).folder


@pytest.mark.parametrize("kind", BROKEN)
def test_broken(whole, tmp_path, kind):
    damage, options, line = BROKEN[kind]
    folder = shutil.copytree(whole, tmp_path / "data")
    damage(folder)
    with pytest.raises(InputError, match=line) as raised:
        load_dataset(folder, DataOptions(**({"normalize_world_space": False} | options)))
    assert "\n" not in str(raised.value)


def test_damage_that_shows_only_when_it_is_decoded(tmp_path):
    write_tiny_scene(tmp_path, views=3, points=30, masks=True)
    picture = tmp_path / "images/001.png"
    picture.write_bytes(picture.read_bytes()[:2000])
    Image.new("L", (64, 48)).save(tmp_path / "masks/002.png")
    _, damaged, empty = load_dataset(tmp_path, DataOptions(test_every=0)).train
    with pytest.raises(InputError, match=r"images/001.png: damaged \(.*\); copy it again"):
        damaged.image()
    with pytest.raises(InputError, match=r"masks/002.png: the mask is 0 everywhere"):
        empty.mask()
