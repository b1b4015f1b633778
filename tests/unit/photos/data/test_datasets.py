"""A data set is what its folder says: pictures reduced by area, masks of three layouts, who is held out, one memory.

The folder is the tiny scene, changed by hand; what is right follows from its pictures, read by Pillow alone.
"""

import dataclasses
import shutil

import numpy as np
import pytest
from PIL import Image

from helios.photos.data.dataset import DataOptions, load_dataset
from tests.support.tiny_scene import write_tiny_scene

PLAIN = DataOptions(normalize_world_space=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_tiny_scene(tmp_path_factory.mktemp("made") / "data", views=9, points=30, masks=True)


@pytest.fixture
def scene(made, tmp_path):
    folder = shutil.copytree(made.folder, tmp_path / "data")
    return dataclasses.replace(made, folder=folder)


def pixels(path) -> np.ndarray:
    return np.asarray(Image.open(path))


def by_name(dataset):
    return {photograph.name: photograph for photograph in (*dataset.train, *dataset.test)}


def test_what_the_folder_says(scene):
    dataset = load_dataset(scene.folder, PLAIN)
    assert [photograph.name for photograph in dataset.test] == ["000.png", "008.png"]
    assert [photograph.name for photograph in dataset.train] == [f"{view:03d}.png" for view in range(1, 8)]
    for view, photograph in enumerate(by_name(dataset)[name] for name in scene.names):
        np.testing.assert_allclose(photograph.viewmat, scene.viewmats[view], atol=1e-12)
        np.testing.assert_array_equal(photograph.K, scene.K)
        assert (photograph.width, photograph.height) == (64, 48)
        np.testing.assert_array_equal(photograph.image(), pixels(scene.folder / "images" / photograph.name))
        np.testing.assert_array_equal(photograph.mask(), pixels(scene.folder / "masks" / photograph.name))
    np.testing.assert_array_equal(dataset.points, scene.points)
    np.testing.assert_array_equal(dataset.transform, np.eye(4))
    assert dataset.notes == ()
    eyes = [-viewmat[:3, :3].T @ viewmat[:3, 3] for viewmat in scene.viewmats]
    assert dataset.scene_scale == pytest.approx(np.linalg.norm(eyes - np.mean(eyes, 0), axis=1).max())


def test_the_world_is_laid_unless_told_not_to(scene):
    laid = load_dataset(scene.folder)
    assert np.abs(laid.transform - np.eye(4)).max() > 0.1
    moved = scene.points @ laid.transform[:3, :3].T + laid.transform[:3, 3]
    np.testing.assert_allclose(laid.points, moved, atol=1e-12)
    fewer = load_dataset(scene.folder, DataOptions(test_every=0, match_string="00"))
    np.testing.assert_array_equal(fewer.transform, laid.transform)


@pytest.mark.parametrize("layout", ["NAME.png", "NAME.EXT.png", "RGBA"])
def test_masks_of_three_layouts(scene, layout):
    images, masks = scene.folder / "images", scene.folder / "masks"
    for name in scene.names:
        if layout == "NAME.EXT.png":
            (masks / name).rename(masks / f"{name}.png")
        elif layout == "RGBA":
            Image.fromarray(np.dstack([pixels(images / name), pixels(masks / name)])).save(images / name)
    truth = pixels(scene.folder / "masks" / ("003.png.png" if layout == "NAME.EXT.png" else "003.png"))
    if layout == "RGBA":
        shutil.rmtree(masks)
    photograph = by_name(load_dataset(scene.folder, PLAIN))["003.png"]
    np.testing.assert_array_equal(photograph.mask(), truth)
    assert photograph.image().shape == (48, 64, 3)


def test_masks_of_ones_and_missing_ones(scene):
    masks = scene.folder / "masks"
    truth = pixels(masks / "001.png")
    Image.fromarray((truth // 255).astype(np.uint8)).save(masks / "001.png")
    (masks / "002.png").unlink()
    dataset = load_dataset(scene.folder, PLAIN)
    np.testing.assert_array_equal(by_name(dataset)["001.png"].mask(), truth)
    assert by_name(dataset)["002.png"].mask() is None
    assert dataset.notes == ("1 of 9 photographs have no mask: all of their pixels count",)


def test_pictures_are_reduced_by_area(scene):
    dataset = load_dataset(scene.folder, dataclasses.replace(PLAIN, data_factor=4))
    photograph = by_name(dataset)["004.png"]
    assert (photograph.width, photograph.height) == (16, 12)
    np.testing.assert_allclose(photograph.K, np.diag([0.25, 0.25, 1]) @ scene.K)
    mean = pixels(scene.folder / "images" / "004.png").reshape(12, 4, 16, 4, 3).mean((1, 3))
    assert np.abs(photograph.image() - mean).max() <= 1, "gray levels: Pillow rounds after each direction"
    share = pixels(scene.folder / "masks" / "004.png").reshape(12, 4, 16, 4).mean((1, 3))
    clear = np.abs(share - 127.5) > 1
    np.testing.assert_array_equal(photograph.mask()[clear], np.where(share > 127.5, 255, 0)[clear])
    odd = by_name(load_dataset(scene.folder, dataclasses.replace(PLAIN, data_factor=5)))["004.png"]
    assert (odd.width, odd.height) == (13, 10)
    np.testing.assert_allclose(odd.K, np.diag([13 / 64, 10 / 48, 1]) @ scene.K)


def test_a_jpeg_decoded_in_part_is_nearly_its_mean(tmp_path):
    scene = write_tiny_scene(tmp_path, views=2, width=160, height=120, points=3)
    for name in scene.names:
        Image.open(tmp_path / "images" / name).save(tmp_path / "images" / name, "JPEG", quality=95)
    photograph = load_dataset(tmp_path, dataclasses.replace(PLAIN, data_factor=8, test_every=0)).train[1]
    mean = pixels(tmp_path / "images" / photograph.name).reshape(15, 8, 20, 8, 3).mean((1, 3))
    difference = np.abs(photograph.image() - mean)
    assert difference.mean() < 0.5, "gray levels"
    assert difference.max() < 8, "gray levels, at the silhouette"


def test_reduced_pictures_are_taken_where_their_size_is_right(scene):
    small = scene.folder / "images_4"
    small.mkdir()
    for view, name in enumerate(scene.names[:3]):
        size = (16, 12) if view < 2 else (20, 12)
        Image.new("RGB", size, (10 * view, 200, 100)).save(small / name.replace(".png", ".jpg"), quality=100)
    dataset = load_dataset(scene.folder, dataclasses.replace(PLAIN, data_factor=4))
    assert by_name(dataset)["001.png"].image()[5, 5] == pytest.approx([10, 200, 100], abs=2)
    assert by_name(dataset)["002.png"].image()[0, 0] == pytest.approx([0, 0, 0]), "reduced from images"
    assert dataset.notes == (
        "1 pictures in images_4 have another size: reduced from images instead",
        "2 of 9 photographs are taken from images_4",
    )


def test_sizes_and_cameras_may_be_mixed(scene):
    model = scene.folder / "sparse/0"
    text = (model / "cameras.txt").read_text()
    (model / "cameras.txt").write_text(f"{text}7 SIMPLE_RADIAL 32 40 41 16 20 -0.4\n")
    rows = (model / "images.txt").read_text().replace(" 1 005.png", " 7 005.png")
    (model / "images.txt").write_text(rows)
    Image.new("RGB", (32, 40), (9, 8, 7)).save(scene.folder / "images/005.png")
    (scene.folder / "masks/005.png").unlink()
    photographs = by_name(load_dataset(scene.folder, PLAIN))
    odd = photographs["005.png"]
    assert odd.camera_id == 7
    assert odd.image().shape == (odd.height, odd.width, 3)
    assert odd.width > 32, "barrel distortion shows more than a pinhole of its size"
    assert odd.mask() is None
    assert (odd.image() == [9, 8, 7]).all()
    assert photographs["006.png"].image().shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("files", "options", "train", "test", "notes"),
    [
        ({}, {"test_every": 0}, "012345678", "", 0),
        ({}, {"test_every": 3}, "124578", "036", 0),
        ({"test": "001.png\n# why\n\n004\n"}, {}, "0235678", "14", 0),
        ({"train": "001\n002\n"}, {}, "12", "0345678", 0),
        ({"train": "001\n002\n", "test": "005.png\n"}, {}, "12", "5", 1),
        ({"train": "001\n002\nlost.png\n", "test": "005.png\n"}, {}, "12", "5", 2),
        ({"train": "001\n002\n"}, {"test_every": 4}, "123567", "048", 0),
        ({}, {"match_string": "003"}, None, None, None),
        ({}, {"match_string": "00", "test_every": 5}, "1234678", "05", 0),
    ],
)
def test_who_is_held_out(scene, files, options, train, test, notes):
    (scene.folder / "splits").mkdir()
    for name, text in files.items():
        (scene.folder / "splits" / f"{name}.txt").write_text(text)
    if train is None:
        with pytest.raises(ValueError, match="none is left to train on"):
            load_dataset(scene.folder, dataclasses.replace(PLAIN, **options))
        return
    dataset = load_dataset(scene.folder, dataclasses.replace(PLAIN, **options))
    assert "".join(photograph.name[2] for photograph in dataset.train) == train
    assert "".join(photograph.name[2] for photograph in dataset.test) == test
    assert len(dataset.notes) == notes


def test_match_keeps_names_with_the_token(scene):
    dataset = load_dataset(scene.folder, dataclasses.replace(PLAIN, match_string="7", test_every=0))
    assert [photograph.name for photograph in dataset.train] == ["007.png"]
    assert dataset.notes == ("8 of 9 photographs do not match '7'",)


def test_memory_holds_what_fits(scene):
    one = 64 * 48 * 4  # picture and mask
    dataset = load_dataset(scene.folder, dataclasses.replace(PLAIN, cache_gb=2.5 * one / 1e9, test_every=0))
    first, second, third = dataset.train[:3]
    kept = [photograph.image() for photograph in (first, second)]
    decoded = third.image()
    cache = first.pixels.cache
    assert cache is third.pixels.cache
    assert cache.size == 2 * one <= cache.limit
    assert [photograph.image() is image for photograph, image in zip((first, second), kept)] == [True, True]
    assert third.image() is decoded, "the last one beyond the limit waits for its mask"
    dataset.train[3].image()
    assert third.image() is not decoded
    with pytest.raises(ValueError, match="read-only"):
        first.image()[0, 0, 0] = 1
