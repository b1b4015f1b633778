"""The glow map, side files and shapes of pack v2 come back within their steps, and damage is named."""

import zlib

import numpy as np
import pytest

from helios.constants import OMEGA_0_SR
from helios.errors import StoreError
from helios.levels.glow import texel_directions, texels_of
from helios.packing.v2.glow import decode_glow, encode_glow
from helios.packing.v2.shapes import rgb_of, rgb_steps, rotation_steps, rotations_of, scale_steps, scales_of
from helios.packing.v2.side import encode_side_block, side_block_fault, side_block_range, side_records

N = 64


def skies():
    rng = np.random.default_rng(1)
    galaxy = OMEGA_0_SR * 10 ** (-0.4 * rng.normal(9, 1.5, 6 * N * N))
    few = np.where(rng.random(6 * N * N) < 0.02, galaxy, 0)
    one = np.zeros(6 * N * N)
    one[-1] = OMEGA_0_SR * 10**-2.7
    bright = np.where(np.arange(6 * N * N) == 700, 3e-5, galaxy)
    return {"galaxy": galaxy, "few": few, "one": one, "brighter than the steps": bright, "faint": galaxy * 1e-3}


@pytest.mark.parametrize("name", skies())
def test_the_light_of_a_map_is_kept_in_sum_and_in_place(name):
    light = skies()[name].reshape(6, N, N)
    back = decode_glow(encode_glow(light), N, "glow.bin")
    assert abs(back.sum() / light.sum() - 1) <= 1e-5
    if name == "galaxy":
        off = np.abs(-2.5 * np.log10(back / light))
        assert off.max() <= 2.55 / 16  # half a step, one for what others left, one to make up the sum
        assert np.sqrt((off**2).mean()) <= 1 / 16
    if name == "few":
        assert not back[light == 0].any()


@pytest.mark.parametrize("seed", range(8))
def test_of_a_map_at_the_last_step_no_texel_becomes_bright(seed):
    """The step after the last is no light; what it leaves of the sum is less than the least light of a texel."""
    rng = np.random.default_rng(seed)
    least = OMEGA_0_SR * 10 ** (-0.4 * (254 / 16 + 2))
    light = np.where(rng.random(6 * N * N) < 0.01, least * 10 ** rng.uniform(-2, 1.5, 6 * N * N), 0).reshape(6, N, N)
    back = decode_glow(encode_glow(light), N, "glow.bin")
    assert back.max() <= light.max() + 2 * least
    assert abs(back.sum() - light.sum()) <= least


def test_a_dark_map_comes_back():
    assert not decode_glow(encode_glow(np.zeros((6, 2, 2))), 2, "glow.bin").any()
    assert len(encode_glow(np.zeros((6, N, N)))) < 100


def test_directions_lie_in_their_texels_and_texels_are_alike():
    assert (texels_of(texel_directions(N), N) == np.arange(6 * N * N)).all()
    direction = np.random.default_rng(2).normal(size=(400_000, 3))
    counts = np.bincount(texels_of(direction, 8), minlength=6 * 64)
    assert counts.min() > 0.6 * counts.mean()
    middle = texel_directions(N)[texels_of(direction, N)]
    off = np.degrees(np.arccos((direction * middle).sum(axis=1) / np.linalg.norm(direction, axis=1)))
    assert off.max() <= 1.2
    assert texels_of([[1, 0, 0], [-1, 0, 0], [0, 0, 1]], 2).tolist() == [7, 3, 23]


def test_damage_of_a_map_is_named():
    data = encode_glow(skies()["few"].reshape(6, N, N))
    for damaged in (data[:-1], data[:50], b"", data + b"\0", bytes(50), zlib.compress(bytes(6 * N * N + 1)), b"x\x9c"):
        with pytest.raises(StoreError, match=r"glow\.bin: damaged: does not unpack"):
            decode_glow(damaged, N, "glow.bin")


def test_a_map_that_unpacks_to_gigabytes_is_not_unpacked():
    with pytest.raises(StoreError, match="does not unpack to the 24576 bytes"):
        decode_glow(zlib.compress(bytes(1 << 28)), N, "glow.bin")


def test_identifiers_come_back_and_belong_to_their_tile():
    ids = np.random.default_rng(3).integers(0, 1 << 63, 40).astype(np.uint64) * np.uint64(2)
    data = encode_side_block(ids, 0xABCD)
    assert len(data) == side_block_range(8, 1000, 7, 40)[1] == 324
    assert side_block_range(8, 1000, 7, 40)[0] == 8028
    assert side_block_fault(data, ids.dtype, 40, 0xABCD) is None
    assert (side_records(data, ids.dtype) == ids).all()
    none = encode_side_block(ids[:0], 5)
    assert side_block_fault(none, ids.dtype, 0, 5) is None
    assert len(side_records(none, ids.dtype)) == 0
    for at in range(len(data)):
        damaged = data[:at] + bytes((data[at] ^ 16,)) + data[at + 1 :]
        assert side_block_fault(damaged, ids.dtype, 40, 0xABCD).startswith("damaged, or of another tile")
    assert "of another tile" in side_block_fault(data, ids.dtype, 40, 0xABCE)
    for short in (data[:-1], b""):
        assert "for 40 stars of 8" in side_block_fault(short, ids.dtype, 40, 0xABCD)


def test_shapes_come_back():
    rng = np.random.default_rng(4)
    share = 2.0 ** rng.uniform(-24, 7.9, (1000, 3))
    assert np.abs(np.log2(scales_of(scale_steps(share)) / share)).max() <= 1 / 64 + 1e-9
    assert scale_steps([[0, 1e-30, 1e30]]).tolist() == [[0, 0, 1023]]
    quats = rng.normal(size=(1000, 4))
    quats = np.concatenate([quats, np.eye(4), -np.eye(4), [[1, 1, 1, 1], [1, -1, -1, 1]]])
    back = rotations_of(rotation_steps(quats))
    cosine = np.abs((back * quats).sum(axis=1)) / np.linalg.norm(quats, axis=1)
    assert np.degrees(2 * np.arccos(np.minimum(cosine, 1))).max() <= 0.25
    rgb = rng.uniform(0, 7.9, (100, 3))
    assert np.abs(rgb_of(rgb_steps(rgb)) - rgb).max() <= 1 / 64 + 1e-9
    assert rgb_steps([[0, 8, 9]]).tolist() == [[0, 255, 255]]
