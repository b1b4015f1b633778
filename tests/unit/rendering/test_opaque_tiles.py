"""The lists of who touches which tile, made share by share, are those of one loop over all splats front to back."""

import numpy as np

from helios.rendering.opaque.project import PROJECTED
from helios.rendering.opaque.tiles import SORTED, TILE, bounds_of, list_tiles, place_lists, take_splats

WIDTH, HEIGHT, SPLATS = 150, 100, 2 * SORTED + 137
ACROSS, DOWN = -(-WIDTH // TILE), -(-HEIGHT // TILE)


def lists(stripes: int, found, indices, order):
    """(begin, listed, slots, first) by kernels, their stripes one after the other."""
    shares = -(-SPLATS // SORTED)
    taken, bounds = np.empty(SPLATS, PROJECTED), np.empty((SPLATS, 4), np.int16)
    first, tallies = np.zeros(SPLATS + 1, np.int64), np.full((shares, ACROSS * DOWN), -1, np.int32)
    for stripe in range(stripes):
        take_splats(stripe, stripes, taken, bounds, first, tallies, found, indices, order, WIDTH, HEIGHT)
    begin = np.empty(ACROSS * DOWN + 1, np.int64)
    place_lists(begin, tallies, first)
    listed, slots = (np.full(begin[-1], -1, np.int32) for _ in range(2))
    for stripe in range(stripes):
        list_tiles(stripe, stripes, listed, slots, tallies, bounds, first, indices, order, WIDTH)
    assert (taken == found[order]).all()
    return begin, listed, slots, first


def test_lists_are_those_of_one_loop():
    chance = np.random.default_rng(4)
    found = np.zeros(SPLATS, PROJECTED)
    found["x"], found["y"] = chance.uniform(-9, WIDTH + 9, SPLATS), chance.uniform(-9, HEIGHT + 9, SPLATS)
    found["wide"], found["half"] = chance.exponential(12.0, (2, SPLATS))
    order, indices = (chance.permutation(SPLATS).astype(np.int32) for _ in range(2))
    touching = [[] for _ in range(ACROSS * DOWN)]
    for rank, place in enumerate(order):
        x0, x1, y0, y1 = bounds_of(found[place], WIDTH, HEIGHT)
        for tile in (y * ACROSS + x for y in range(y0, y1) for x in range(x0, x1)):
            touching[tile].append(rank)
    for stripes in (1, 2, 3):
        begin, listed, slots, first = lists(stripes, found, indices, order)
        for tile, ranks in enumerate(touching):
            assert listed[begin[tile] : begin[tile + 1]].tolist() == ranks
        for rank in range(0, SPLATS, 7):
            splat = indices[order[rank]]
            assert (listed[slots[first[splat] : first[splat + 1]]] == rank).all()
        assert sorted(slots) == list(range(len(listed)))
