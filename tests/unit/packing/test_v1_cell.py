"""One v1 cell: its bytes are what the layout says, decoding gives the splats back, and damage is named.

The scenes are random splats, anisotropic and rotated, with tau on both sides of the limit, in cells from the size of
Mercury's orbit to 1e28 m: everything float32 metres could overflow on, and no two numbers of a record alike.
"""

import json
import struct

import lz4.block
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios.cells import Cells, frames_of
from helios.errors import StoreError
from helios.grid import CellId, HLGrid
from helios.packing.sight import misplaced
from helios.packing.v1_cell import UNRESOLVED, decode_cell, encode_cell
from helios.splats import Splats
from tests.unit.packing.scene import random_splats

CELL = CellId(5, 22, 40, 11)


def encode(splats: Splats, cell: CellId = CELL) -> bytes:
    low, high = Cells.of_ids([cell]).bounds_m()
    (origin,), (half_extent,) = frames_of(low, high)
    return encode_cell(cell, origin, float(half_extent), (low[0], high[0]), splats)


def rebuild(data: bytes, header: dict | None = None, records: np.ndarray | None = None) -> bytes:
    """Return the cell `data` with another header or other floats [K, 14], sound in every other way."""
    length = struct.unpack_from("<I", data)[0]
    text = data[4 : 4 + length] if header is None else json.dumps(header).encode()
    block = data[4 + length :]
    if records is not None:
        block = lz4.block.compress(np.asarray(records, "<f4").tobytes(), store_size=True)
    return struct.pack("<I", len(text)) + text + block


def header_of(data: bytes) -> dict:
    return json.loads(data[4 : 4 + struct.unpack_from("<I", data)[0]])


def floats_of(data: bytes) -> np.ndarray:
    return np.frombuffer(lz4.block.decompress(data[4 + struct.unpack_from("<I", data)[0] :]), "<f4").reshape(-1, 14)


def test_the_bytes_are_those_of_the_layout():
    splats = random_splats(np.random.default_rng(1), 3)
    data = encode(splats)
    header, floats = header_of(data), floats_of(data)
    (low,), (high,) = Cells.of_ids([CELL]).bounds_m()
    half_extent = (high - low).max() / 2

    assert header["id"] == {"l": 22, "theta": 40, "phi": 11}
    assert (header["splat_count"], header["compressed"]) == (3, True)
    for name, corner in (("min", low), ("max", high), ("centroid", (low + high) / 2)):
        assert header["bounds"][name] == dict(zip("xyz", corner.tolist()))
    length = struct.unpack_from("<I", data)[0]
    assert b" " not in data[4 : 4 + length]
    assert struct.unpack_from("<I", data, 4 + length)[0] == 3 * 56
    centre = (low + high) / 2
    places = centre + splats.means.astype(np.float64) * half_extent
    assert not misplaced(places, centre + floats[:, 0:3], centre).any()
    np.testing.assert_array_equal(floats[:, 6:10], splats.quats[:, [1, 2, 3, 0]])
    np.testing.assert_allclose(floats[:, 10:13], splats.colors / splats.colors.max(axis=1, keepdims=True), rtol=1e-7)


def test_opacities_and_colours_are_held_to_what_viewers_draw():
    splats = random_splats(np.random.default_rng(2), 200)
    floats = floats_of(encode(splats)).astype(np.float64)
    half_extent = float(frames_of(*Cells.of_ids([CELL]).bounds_m())[1][0])
    sigma = np.exp(np.log(splats.scales.astype(np.float64)).mean(axis=1))
    tau = splats.opacities.astype(np.float64) * splats.colors.max(axis=1)
    bright, faint, glow = tau > 0.95, (tau < 2 / 255) & (sigma <= UNRESOLVED), (tau < 2 / 255) & (sigma > UNRESOLVED)
    assert min(bright.sum(), faint.sum(), glow.sum()) > 5
    assert floats[:, 10:13].max() == 1.0
    np.testing.assert_array_equal(floats[bright, 13], np.float32(0.95))
    np.testing.assert_array_equal(floats[faint, 13], np.float32(2 / 255))
    np.testing.assert_allclose(floats[~bright & ~faint, 13], tau[~bright & ~faint], rtol=1e-7)
    growth = floats[:, 3:6] / (splats.scales.astype(np.float64) * half_extent)
    # One factor for the three axes: the shape is kept. Two float32 roundings each.
    expected = np.where(bright, np.sqrt(tau / 0.95), np.where(faint, np.sqrt(tau / (2 / 255)), 1.0))
    np.testing.assert_allclose(growth, np.stack([expected] * 3, axis=1), rtol=3e-7)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 60),
    depth=st.integers(0, 8),
    place=st.tuples(*[st.floats(0, 0.999)] * 3),
)
def test_decoding_gives_back_what_was_encoded(seed, count, depth, place):
    grid = HLGrid(depth)
    cell = CellId(depth, *(int(f * n) for f, n in zip(place, (grid.n_l * 0.97, grid.n_theta, grid.n_phi))))
    splats = random_splats(np.random.default_rng(seed), count)
    data = encode(splats, cell)
    found = decode_cell(data, "cell", depth)

    (origin,), (half_extent,) = frames_of(*Cells.of_ids([cell]).bounds_m())
    assert (found.id, len(found)) == (cell, count)
    assert found.half_extent == half_extent
    np.testing.assert_array_equal(found.centroid, origin)
    again = found.splats()
    places = (origin + half_extent * means.astype(np.float64) for means in (splats.means, again.means))
    assert not misplaced(*places, origin).any()
    # A flux has six roundings of 6e-8.
    np.testing.assert_allclose(again.luminosities, splats.luminosities, rtol=1e-6)
    np.testing.assert_array_equal(again.quats, splats.quats)
    np.testing.assert_allclose(again.colors, splats.colors, rtol=2.5e-7)
    assert data == encode(splats, cell)


def test_colours_of_other_writers_become_those_of_luminance_one():
    """Others write colours of any luminance; the light is their product with the opacity. Black has none, and stays."""
    data = encode(random_splats(np.random.default_rng(9), 4))
    floats = floats_of(data).copy()
    floats[:, 10:13] = [[0.25, 0.5, 0.125], [1, 1, 1], [0, 0, 0.5], [0, 0, 0]]
    splats = decode_cell(rebuild(data, records=floats), "cell").splats()
    light = splats.opacities[:, None].astype(np.float64) * splats.colors
    np.testing.assert_allclose(light, floats[:, 13:].astype(np.float64) * floats[:, 10:13], rtol=3e-7)
    np.testing.assert_allclose(splats.colors[:3] @ [0.2126, 0.7152, 0.0722], 1, rtol=1e-6)


def test_every_truncation_is_named():
    data = encode(random_splats(np.random.default_rng(3), 4))
    for length in range(len(data)):
        with pytest.raises(StoreError, match=r"^there\.bin: "):
            decode_cell(data[:length], "there.bin")
    with pytest.raises(StoreError, match=r"^there\.bin: "):
        decode_cell(data + b"\0", "there.bin")


def test_a_flipped_bit_is_named_or_gives_a_cell_of_plausible_numbers():
    data = encode(random_splats(np.random.default_rng(4), 4))
    messages = []
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            cell = decode_cell(bytes(flipped), "there.bin")
        except StoreError as error:
            messages.append(str(error))
        else:
            assert np.isfinite(cell.means).all()
            assert (cell.scales > 0).all()
    # What is left are digits of coordinates, mantissas and field names that no one reads ("compressed").
    assert len(messages) > 0.3 * 8 * len(data)
    assert all(message.startswith("there.bin: ") and "\n" not in message for message in messages)


@pytest.mark.parametrize("raw_size", [0, 55, 56 * 5, 2**32 - 1])
def test_a_wrong_raw_size_is_refused_before_memory_is_taken(raw_size):
    data = bytearray(encode(random_splats(np.random.default_rng(5), 4)))
    struct.pack_into("<I", data, 4 + struct.unpack_from("<I", data)[0], raw_size)
    with pytest.raises(StoreError, match=f"{raw_size} bytes announced for 4 splats"):
        decode_cell(bytes(data), "cell")


def test_a_header_that_promises_more_splats_than_the_block_can_hold_is_refused():
    data = encode(random_splats(np.random.default_rng(5), 4))
    length = struct.unpack_from("<I", data)[0]
    header = header_of(data) | {"splat_count": 70_000_000}
    text = json.dumps(header).encode()
    forged = struct.pack("<I", len(text)) + text + struct.pack("<I", 70_000_000 * 56) + data[8 + length :]
    with pytest.raises(StoreError, match="announced for 70000000 splats"):
        decode_cell(forged, "cell")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (0, np.nan, "finite"),
        (4, np.inf, "finite"),
        (12, -np.inf, "finite"),
        (3, 0.0, "scales > 0"),
        (5, -1.0, "scales > 0"),
        (9, 2.0, "norm 1"),
        (13, 1.5, r"opacity in \[0, 1\]"),
        (13, -0.1, r"opacity in \[0, 1\]"),
    ],
)
def test_an_impossible_number_is_named_with_its_splat(column, value, message):
    data = encode(random_splats(np.random.default_rng(6), 4))
    floats = floats_of(data).copy()
    floats[2, column] = value
    with pytest.raises(StoreError, match=f"^x: damaged: splat 2 must .*{message}"):
        decode_cell(rebuild(data, records=floats), "x")


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.pop("id"),
        lambda h: h.pop("splat_count"),
        lambda h: h["id"].update(l=-1),
        lambda h: h["id"].update(l=2.5),
        lambda h: h.update(splat_count="4"),
        lambda h: h.update(splat_count=True),
        lambda h: h.update(bounds=[1, 2]),
        lambda h: h["bounds"]["min"].update(x="far"),
        lambda h: h["bounds"]["min"].update(x=float("nan")),
        lambda h: h["bounds"]["min"].update(x=10**400),
        lambda h: h["bounds"]["centroid"].update(y=1e30),
        lambda h: h["bounds"].pop("centroid"),
    ],
)
def test_a_header_that_lacks_something_is_named(change):
    data = encode(random_splats(np.random.default_rng(7), 4))
    header = header_of(data)
    change(header)
    with pytest.raises(StoreError, match=r"^x: damaged: "):
        decode_cell(rebuild(data, header=header), "x")


@pytest.mark.parametrize("header", [[], 3, True, "text", {}])
def test_a_header_of_another_kind_is_named(header):
    data = encode(random_splats(np.random.default_rng(8), 4))
    with pytest.raises(StoreError, match=r"^x: .*damaged: "):
        decode_cell(rebuild(data, header=header), "x")
