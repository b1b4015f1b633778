"""What moves lanes: sums over them, windows that slide over neighbours, and pixels added in pairs or repeated."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from helios.simd.jit import FLAGS, REORDERED
from helios.simd.memory import address
from helios.simd.vectors import LANES, Vector, pack, shuffle, unpack, vector_type


@intrinsic
def hsum(typingctx, x):
    """The sum of all lanes of all rows, in pairs."""
    if not isinstance(x, Vector):
        return None

    def codegen(context, builder, sig, args):
        vector, element = vector_type(x), vector_type(x).element
        name = f"llvm.vector.reduce.fadd.v{x.lanes}f{x.dtype.bitwidth}"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(element, [element, vector]), name)
        first, *others = unpack(builder, args[0], x, x)
        for other in others:
            first = builder.fadd(first, other)
        # Without `reassoc` the lanes would be added one after the other.
        return builder.call(function, [ir.Constant(element, -0.0), first], fastmath=REORDERED)

    return x.dtype(x), codegen


@intrinsic
def add_hsums(typingctx, array, at, xs):
    """Add to the float64 array[at:at + 8] the sums over the lanes of each of 8 float32 vectors.

    Pairs of vectors are folded into one until one is left: a third of the work of one sum after another.
    """
    if array.layout != "C" or array.dtype != types.float64 or xs != types.UniTuple(Vector(types.float32), 8):
        return None

    def codegen(context, builder, sig, args):
        halves = _fold(builder, cgutils.unpack_tuple(builder, args[2]), LANES)
        evens, odds = (shuffle(builder, halves, halves, range(k, LANES, 2)) for k in range(2))
        sums = builder.fpext(builder.fadd(evens, odds, flags=REORDERED), vector_type(Vector(types.float64)))
        place = address(context, builder, sig.args[0], args[0], args[1], sums.type)
        builder.store(builder.fadd(builder.load(place, align=8), sums, flags=REORDERED), place, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, xs), codegen


@intrinsic
def store_hsums(typingctx, array, at, xs):
    """Write to the float32 array[at:at + LANES] the sums over the lanes of each of LANES float32 vectors."""
    if array.layout != "C" or array.dtype != types.float32 or xs != types.UniTuple(Vector(types.float32), LANES):
        return None

    def codegen(context, builder, sig, args):
        sums = _fold(builder, cgutils.unpack_tuple(builder, args[2]), LANES)
        builder.store(sums, address(context, builder, sig.args[0], *args[:2], sums.type), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, xs), codegen


def _fold(builder, vectors, width):
    """One vector of sums: pairs of vectors are folded into one, of sums half as wide, until one is left."""
    while len(vectors) > 1:
        # Each vector holds LANES / width sums in the making, of `width` lanes each.
        lows = [i for i in range(2 * LANES) if i % width < width // 2]
        highs = [i + width // 2 for i in lows]
        pairs = [
            (shuffle(builder, a, b, lows), shuffle(builder, a, b, highs)) for a, b in zip(vectors[::2], vectors[1::2])
        ]
        vectors, width = [builder.fadd(a, b, flags=REORDERED) for a, b in pairs], width // 2
    return vectors[0]


@intrinsic
def transpose(typingctx, source, at, pitch, target, to, to_pitch):
    """Let target[to + to_pitch k + i] be source[at + pitch i + k] for all i and k below LANES: float32 arrays.

    Rows of `target` are written from the first to the last.
    """
    if any(a.layout != "C" or a.dtype != types.float32 for a in (source, target)):
        return None
    kind = Vector(types.float32)

    def codegen(context, builder, sig, args):
        places = [builder.add(args[1], builder.mul(args[2], args[2].type(i))) for i in range(LANES)]
        pointers = [address(context, builder, source, args[0], place, vector_type(kind)) for place in places]
        rows = [builder.load(pointer, align=4) for pointer in pointers]
        step = 1
        while step < LANES:
            # Rows `step` apart swap their off-diagonal squares of `step` lanes.
            low = [i if not i & step else LANES + i - step for i in range(LANES)]
            high = [i + step if not i & step else LANES + i for i in range(LANES)]
            pairs = [(i, i + step) for i in range(LANES) if not i & step]
            for i, j in pairs:
                rows[i], rows[j] = (shuffle(builder, rows[i], rows[j], places) for places in (low, high))
            step *= 2
        for k, row in enumerate(rows):
            place = builder.add(args[4], builder.mul(args[5], args[5].type(k)))
            builder.store(row, address(context, builder, target, args[3], place, row.type), align=4)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp, types.intp), codegen


@intrinsic(prefer_literal=True)
def take_rows(typingctx, x, first, count):
    """The stack of the rows `first` to `first` + `count` - 1 of a stack, both literals."""
    begin, end = first.literal_value, first.literal_value + count.literal_value
    if not isinstance(x, Vector) or x.rows is None or not 0 <= begin < end <= x.rows:
        return None
    kind = Vector(x.dtype, end - begin)

    def codegen(context, builder, sig, args):
        return pack(builder, unpack(builder, args[0], x, x)[begin:end], kind)

    return kind(x, first, count), codegen


def _gather(builder, vectors, places):
    """The vector whose lane i is lane places[i] % LANES of vectors[places[i] // LANES]; 0 where that is past them."""
    vectors = [*vectors, ir.Constant(vectors[0].type, None)]
    places = [min(place, LANES * len(vectors) - 1) for place in places]
    needed = sorted({place // LANES for place in places})
    out, done = vectors[needed[0]], {needed[0]}
    pick = [place % LANES if place // LANES in done else 0 for place in places]
    for i, source in enumerate(needed[1:] or needed):
        kept = range(LANES) if i else pick
        lanes = [LANES + place % LANES if place // LANES == source else k for place, k in zip(places, kept)]
        out = shuffle(builder, out, vectors[source], lanes)
    return out


def _is_rows(kind: types.Type, *counts: int) -> bool:
    """Whether `kind` is a stack of float32 vectors, of one of `counts` rows where these are given."""
    if not isinstance(kind, Vector) or kind.dtype != types.float32 or kind.rows is None:
        return False
    return not counts or kind.rows in counts


@intrinsic(prefer_literal=True)
def slide(typingctx, low, high, n):
    """Lanes n to n + LANES - 1 (a literal) of every row of the stack `low` followed by the same row of `high`."""
    if not _is_rows(low) or high != low:
        return None

    def codegen(context, builder, sig, args):
        places = range(n.literal_value, n.literal_value + LANES)
        pairs = zip(*(unpack(builder, side, low, low) for side in args[:2]))
        return pack(builder, [_gather(builder, pair, places) for pair in pairs], low)

    return low(low, high, n), codegen


@intrinsic
def sum_pixel_pairs(typingctx, line):
    """Pixels of 3 float32 added up in pairs: a stack of 3 from a line of 6 vectors, or from one of 3, the rest 0.

    A line is one row of an image in consecutive vectors.
    """
    if not _is_rows(line, 3, 6):
        return None
    kind = Vector(types.float32, 3)

    def codegen(context, builder, sig, args):
        vectors, sums = unpack(builder, args[0], line, line), []
        for i in range(0, LANES * kind.rows, LANES):
            left = [6 * (f // 3) + f % 3 for f in range(i, i + LANES)]
            pair = [_gather(builder, vectors, [f + shift for f in left]) for shift in (0, 3)]
            sums.append(builder.fadd(*pair, flags=FLAGS))
        return pack(builder, sums, kind)

    return kind(line), codegen


@intrinsic(prefer_literal=True)
def repeat_pixels(typingctx, line, count):
    """Every pixel of 3 float32 twice: the first `count` vectors, a literal, of a line as in `sum_pixel_pairs`."""
    if not _is_rows(line):
        return None
    kind = Vector(types.float32, count.literal_value)

    def codegen(context, builder, sig, args):
        vectors, out = unpack(builder, args[0], line, line), []
        for i in range(0, LANES * kind.rows, LANES):
            out.append(_gather(builder, vectors, [3 * (f // 6) + f % 3 for f in range(i, i + LANES)]))
        return pack(builder, out, kind)

    return kind(line, count), codegen
