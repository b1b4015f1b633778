"""The fixer `consensus` on a painted ellipsoid, of which any view and any depth is known by casting rays.

Nine photographs all around, so that outlines bound the room on every side but leave corners; the novel view lies half
way between two of them. The render that is to be fixed is the truth, blurred and darkened: what sparse training makes.
"""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from helios.errors import InputError
from helios.photos.data.photograph import HeldPixels, Photograph
from helios.photos.fixers import FIXERS
from helios.photos.fixers.agreement import agreed
from helios.photos.fixers.consensus import Consensus
from helios.photos.fixers.contract import Camera, Reference, View
from helios.photos.fixers.outlines import empty_pixels, room_along_rays, sizes_of
from helios.photos.fixers.pictures import levels
from helios.photos.fixers.surfaces import normals_of, points_of
from helios.photos.fixers.warping import warp
from tests.support.tiny_scene import AXES, camera_at, draw, paint, ring_of_cameras

SIZE = 72
K = np.array([[1.3 * SIZE, 0, SIZE / 2], [0, 1.3 * SIZE, SIZE / 2], [0, 0, 1]])
NOVEL = Camera(camera_at(np.array([3.0, 2.4, 0.6])), K, SIZE, SIZE)


def references(count: int = 9, behind: str = "black") -> tuple[Reference, ...]:
    found = []
    for number, viewmat in enumerate(ring_of_cameras(count)):
        image, alpha, depth = draw(viewmat, K, SIZE, SIZE)
        if behind != "black":
            image = image + (1 - alpha[..., None]) * 0.6
        mask = levels((alpha > 0.5).astype(float)) if behind == "mask" else None
        pixels = HeldPixels(levels(image), mask)
        photograph = Photograph(f"{number}.png", viewmat, K, SIZE, SIZE, 1, pixels)
        found.append(Reference(photograph, image.astype(np.float32), depth.astype(np.float32)))
    return tuple(found)


def spoilt(camera: Camera = NOVEL) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (render, alpha, depth, truth) of a view."""
    truth, alpha, depth = draw(camera.viewmat, camera.K, camera.width, camera.height)
    render = 0.6 * ndimage.gaussian_filter(truth, (6, 6, 0))
    return render.astype(np.float32), alpha.astype(np.float32), depth.astype(np.float32), truth


def psnr(image: np.ndarray, truth: np.ndarray, weights: np.ndarray | float = 1.0) -> float:
    weights = np.broadcast_to(weights, truth.shape[:2])
    return -10 * np.log10((weights * ((image - truth) ** 2).mean(-1)).sum() / weights.sum())


@pytest.mark.parametrize("behind", ["black", "mask"])
def test_what_is_fixed_and_trusted_is_nearer_to_the_truth(behind):
    *view, truth = spoilt()
    image, trust = Consensus().fix(*view, NOVEL, references(behind=behind))
    assert image.dtype == trust.dtype == np.float32
    assert image.min() >= 0
    assert image.max() <= 1
    assert trust.min() >= 0
    assert trust.max() <= 1
    assert psnr(image, truth, trust) > psnr(view[0], truth, trust) + 6
    # Trust is worth something: by it, errors are smaller than by the same share of pixels anywhere.
    assert psnr(image, truth, trust) > psnr(image, truth) + 2
    # The painted surface is found on most of what is seen, and the background is all but known.
    opaque = view[1] > 0.99
    assert (trust[opaque] > 0.3).mean() > 0.6
    outside = ndimage.binary_erosion(view[1] == 0, iterations=5)
    assert (trust[outside] > 0.4).mean() > 0.95
    assert not image[outside & (trust > 0.4)].any()


def test_without_outlines_the_rendered_depth_leads():
    *view, truth = spoilt()
    image, trust = Consensus(background="none", smooth=0.01).fix(*view, NOVEL, references(behind="grey"))
    assert psnr(image, truth, trust) > psnr(view[0], truth, trust) + 6
    assert not trust[ndimage.binary_dilation(view[1] > 0, iterations=3) == 0].any()


def test_photographs_see_what_rays_say_they_see():
    """With the true surface, a photograph has a say just where a ray from its camera first meets the point."""
    _, alpha, depth, _ = spoilt()
    given = references(5)
    points = np.where((alpha > 0.99)[..., None], points_of(NOVEL, depth), np.nan)
    assert (
        np.nanmax(np.abs((points / AXES) ** 2 @ np.ones(3) - 1)) < 0.15
    )  # depth is a mean over a pixel, at the rim too
    viewmats = np.stack([one.photograph.viewmat for one in given])
    colors, facing = warp(
        points, normals_of(points, NOVEL.centre), 0.1, np.stack([one.image for one in given]),
        np.stack([one.depth for one in given]), viewmats, np.stack([K] * 5), np.array([[SIZE, SIZE]] * 5),
    )  # fmt: skip
    exact = points / AXES**2
    exact /= np.linalg.norm(exact, axis=-1, keepdims=True)
    for number, viewmat in enumerate(viewmats):
        way = -viewmat[:3, :3].T @ viewmat[:3, 3] - points
        cosine = (way * exact).sum(-1) / np.linalg.norm(way, axis=-1)  # of a convex body all that faces is seen
        inner = ndimage.binary_erosion(alpha > 0.99, iterations=2)
        clear = inner & (np.abs(cosine - 0.05) > 0.15)
        assert ((facing[number] > 0) == (cosine > 0.05))[clear].mean() > 0.99
        seen = clear & (facing[number] > 0.5)
        if seen.any():
            assert np.abs(facing[number] - cosine)[seen].mean() < 0.03
            assert np.abs(colors[number] - paint(points))[seen].mean() < 0.03
    assert (facing.max(0) == 0).any()  # NaN, and what lies between the five photographs


def test_room_holds_the_thing_and_is_not_much_larger():
    given = references(9)
    empties = [empty_pixels(one.photograph, "auto") for one in given]
    assert all(not (empty & (one.depth > 0)).any() for empty, one in zip(empties, given))
    viewmats = np.stack([one.photograph.viewmat for one in given])
    middle = np.linalg.norm(NOVEL.centre)
    room = room_along_rays(NOVEL, (middle - 1.3, middle + 1.3), empties, viewmats, np.stack([K] * 9))
    _, alpha, depth, _ = spoilt()
    sample = 2.6 / 160
    inside = alpha > 0.99
    assert not room.empty[inside].any()
    assert (room.first[inside] <= depth[inside] + sample).all()  # the hull holds the body
    assert np.median(depth[inside] - room.first[inside]) < 0.1  # of half axes from 0.65 to 1
    # A hull of nine views has phantoms, too: now and then a ray meets one first.
    assert (room.last > depth)[inside].mean() > 0.95
    assert room.empty.mean() > 0.8 * (alpha == 0).mean()


def test_dark_clefts_are_no_background():
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:80, 20:80] = 200
    image[20:60, 50:52] = 0  # a cleft, open to the background
    image[65:75, 30:40] = 0  # a dark place, not connected with it
    empty = empty_pixels(Photograph("a", np.eye(4), K, 100, 100, 1, HeldPixels(image)), "auto")
    assert not empty[22:78, 20:80].any()
    assert empty[:15].all()
    assert empty[:, :15].all()
    assert empty[85:].all()
    masked = dataclasses.replace(
        Photograph("a", np.eye(4), K, 100, 100, 1, HeldPixels(image, np.full((100, 100), 255, np.uint8)))
    )
    assert not empty_pixels(masked, "auto").any()
    assert empty_pixels(masked, "black").any()


def test_the_best_supported_colour_wins():
    """Two that agree outvote one that faces better; alone, a photograph is supported by its own angle."""
    colors = np.array([[[0.9] * 3], [[0.3] * 3], [[0.32] * 3]], np.float32)[:, None]
    color, support = agreed(colors, np.array([0.9, 0.6, 0.6], np.float32)[:, None, None], 0.1)
    assert color[0, 0, 0] == pytest.approx(0.31, abs=1e-3)
    assert support[0, 0] == pytest.approx(0.6 * (1 + np.exp(-0.04)), abs=1e-5)
    color, support = agreed(colors, np.array([0.4, 0, 0], np.float32)[:, None, None], 0.1)
    assert color[0, 0, 0] == pytest.approx(0.9)
    assert support[0, 0] == pytest.approx(0.4)
    assert agreed(colors, np.zeros((3, 1, 1), np.float32), 0.1)[1] == 0


def test_all_at_once_is_one_by_one_and_mixed_sizes_fit():
    given = list(references(9))
    photograph = given[0].photograph
    larger = np.array([[2.0, 0, 0], [0, 2.0, 0], [0, 0, 1]]) @ K
    image, _, depth = draw(photograph.viewmat, larger, 2 * SIZE, 2 * SIZE)
    big = Photograph("0.png", photograph.viewmat, larger, 2 * SIZE, 2 * SIZE, 2, HeldPixels(levels(image)))
    given[0] = Reference(big, image.astype(np.float32), depth.astype(np.float32))
    assert sizes_of([one.image for one in given]).tolist() == [[2 * SIZE] * 2] + [[SIZE] * 2] * 8
    cameras = [NOVEL, Camera(camera_at(np.array([-3.0, 2.0, 1.0])), K, SIZE, SIZE)]
    views = [View(*spoilt(camera)[:3], camera, tuple(given)) for camera in cameras]
    for together, view in zip(Consensus().fix_all(views), views):
        alone = Consensus().fix(*view)
        assert np.array_equal(alone.image, together.image)
        assert np.array_equal(alone.trust, together.trust)
        assert psnr(*[alone.image, spoilt(view.camera)[3], alone.trust]) > 20


def test_nothing_drawn_yet_is_nothing_fixed():
    given = tuple(one._replace(depth=np.zeros_like(one.depth)) for one in references(3))
    *view, _ = spoilt()
    image, trust = Consensus().fix(*view, NOVEL, given)
    assert np.array_equal(image, view[0])
    assert not trust.any()
    assert Consensus().fix_all([]) == []


def test_options_have_limits():
    assert FIXERS.make("consensus:rim=0.5,background=black") == Consensus(rim=0.5, background="black")
    with pytest.raises(InputError, match="background=blue: must be one of auto, mask, black, none"):
        FIXERS.make("consensus:background=blue")
    with pytest.raises(InputError, match="smooth"):
        FIXERS.make("consensus:smooth=2")
