"""A small SIMD language for numba kernels: rows of 16 float32 that stay in registers.

A value of type `Rows(n)` is n vectors, one below the other, as loaded from n rows of an image. +, -, *, / work on two
of the same n or on one and a float32, element by element; nothing is reordered, only a * b + c may become one
operation. LLVM maps a vector to whatever the machine has: one AVX-512 register, two of AVX2, four of NEON. What plain
loops cannot say, and why this exists: which lanes move where, and what must not go through memory.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

LANES = 16

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_INT = ir.IntType(32)
_FLAGS = ("nsz", "contract")


class Rows(types.Type):
    """The numba type of `count` vectors."""

    def __init__(self, count: int):
        self.count = count
        super().__init__(name=f"Rows({count})")


@register_model(Rows)
class _RowsModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.ArrayType(_VECTOR, kind.count))


def _pack(builder, vectors):
    out = ir.Constant(ir.ArrayType(_VECTOR, len(vectors)), ir.Undefined)
    for i, vector in enumerate(vectors):
        out = builder.insert_value(out, vector, i)
    return out


def _unpack(builder, rows):
    return [builder.extract_value(rows, i) for i in range(rows.type.count)]


def _spread(builder, number):
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), number, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES))


def _pointer(context, builder, kind, array, index):
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _is_flat(array) -> bool:
    return isinstance(array, types.Array) and array.layout == "C" and array.dtype == types.float32


@intrinsic(prefer_literal=True)
def load(typingctx, array, index, pitch, count):
    """The vectors at `index`, `index` + `pitch`, ... (`count` of them, a literal) of a float32 array, seen as flat.

    Like numba's own indexing, neither this nor `store` looks whether that lies within the array.
    """
    if not _is_flat(array):
        return None

    def codegen(context, builder, signature, args):
        position, vectors = args[1], []
        for _ in range(count.literal_value):
            pointer = _pointer(context, builder, signature.args[0], args[0], position)
            vectors.append(builder.load(pointer, align=4))
            position = builder.add(position, args[2])
        return _pack(builder, vectors)

    return Rows(count.literal_value)(array, types.intp, types.intp, count), codegen


@intrinsic
def store(typingctx, array, index, pitch, rows):
    """Write `rows` to where `load` would find them."""
    if not _is_flat(array):
        return None

    def codegen(context, builder, signature, args):
        position = args[1]
        for vector in _unpack(builder, args[3]):
            builder.store(vector, _pointer(context, builder, signature.args[0], args[0], position), align=4)
            position = builder.add(position, args[2])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, rows), codegen


@intrinsic(prefer_literal=True)
def part(typingctx, rows, first, count):
    """Rows `first` to `first` + `count` of `rows`, both literals."""
    begin, end = first.literal_value, first.literal_value + count.literal_value

    def codegen(context, builder, signature, args):
        return _pack(builder, _unpack(builder, args[0])[begin:end])

    return Rows(end - begin)(rows, first, count), codegen


@intrinsic
def zeros_like(typingctx, rows):
    """Zeros, as many as `rows`."""

    def codegen(context, builder, signature, args):
        return _pack(builder, [ir.Constant(_VECTOR, None)] * signature.return_type.count)

    return rows(rows), codegen


def _elementwise(instruction, flags):
    @intrinsic
    def apply(typingctx, a, b):
        if isinstance(a, Rows) and isinstance(b, Rows) and a != b:
            return None
        result = a if isinstance(a, Rows) else b

        def codegen(context, builder, signature, args):
            columns = [
                _unpack(builder, value) if isinstance(kind, Rows) else [_spread(builder, value)] * result.count
                for kind, value in zip(signature.args, args)
            ]
            return _pack(builder, [getattr(builder, instruction)(x, y, flags=flags) for x, y in zip(*columns)])

        kinds = (kind if isinstance(kind, Rows) else types.float32 for kind in (a, b))
        return result(*kinds), codegen

    def overloaded(a, b):
        if isinstance(a, Rows) or isinstance(b, Rows):
            return lambda a, b: apply(a, b)
        return None

    return overloaded


for _operator, _instruction in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul")):
    overload(getattr(operator, _operator))(_elementwise(_instruction, _FLAGS))
# A reciprocal that is estimated and refined, off by one or two in the last place, takes a third of a division's time.
overload(operator.truediv)(_elementwise("fdiv", (*_FLAGS, "arcp")))


@intrinsic
def magnitude(typingctx, rows):
    """Absolute values."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        absolute = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fabs.v{LANES}f32")
        return _pack(builder, [builder.call(absolute, [vector]) for vector in _unpack(builder, args[0])])

    return rows(rows), codegen


@intrinsic
def sign(typingctx, rows):
    """1 where positive, -1 where negative, 0 where neither."""

    def codegen(context, builder, signature, args):
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        plus, minus = (ir.Constant(_VECTOR, [one] * LANES) for one in (1.0, -1.0))
        signs = []
        for vector in _unpack(builder, args[0]):
            negative = builder.select(builder.fcmp_ordered("<", vector, zero), minus, zero)
            signs.append(builder.select(builder.fcmp_ordered(">", vector, zero), plus, negative))
        return _pack(builder, signs)

    return rows(rows), codegen


@intrinsic
def first_lanes(typingctx, rows, count):
    """The first `count` elements of every row, zeros after them."""

    def codegen(context, builder, signature, args):
        lanes = ir.VectorType(ir.IntType(64), LANES)
        first = builder.insert_element(ir.Constant(lanes, ir.Undefined), args[1], ir.Constant(_INT, 0))
        limit = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES))
        keep = builder.icmp_signed("<", ir.Constant(lanes, list(range(LANES))), limit)
        nothing = ir.Constant(_VECTOR, [0.0] * LANES)
        return _pack(builder, [builder.select(keep, vector, nothing) for vector in _unpack(builder, args[0])])

    return rows(rows, types.intp), codegen


@intrinsic
def total(typingctx, rows):
    """The sum of all elements, float32."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType(), _VECTOR])
        reduce = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.fadd.v{LANES}f32")
        first, *others = _unpack(builder, args[0])
        for vector in others:
            first = builder.fadd(first, vector)
        # Pairwise: without this flag the lanes are added one after the other.
        return builder.call(reduce, [ir.Constant(ir.FloatType(), 0.0), first], fastmath=("reassoc",))

    return types.float32(rows), codegen


def _gather(builder, vectors, places):
    """The vector whose lane i is lane places[i] % LANES of vectors[places[i] // LANES]; 0 where that is past them."""
    vectors = [*vectors, ir.Constant(_VECTOR, [0.0] * LANES)]
    places = [min(place, LANES * len(vectors) - 1) for place in places]
    needed = sorted({place // LANES for place in places})
    out, done = vectors[needed[0]], {needed[0]}
    pick = [place % LANES if place // LANES in done else 0 for place in places]
    for i, source in enumerate(needed[1:] or needed):
        kept = range(LANES) if i else pick
        lanes = [LANES + place % LANES if place // LANES == source else k for place, k in zip(places, kept)]
        out = builder.shuffle_vector(out, vectors[source], ir.Constant(ir.VectorType(_INT, LANES), lanes))
    return out


@intrinsic(prefer_literal=True)
def slide(typingctx, low, high, n):
    """Elements n to n + LANES (a literal) of every row of `low` followed by `high`."""

    def codegen(context, builder, signature, args):
        places = range(n.literal_value, n.literal_value + LANES)
        pairs = zip(*(_unpack(builder, side) for side in args[:2]))
        return _pack(builder, [_gather(builder, pair, places) for pair in pairs])

    return low(low, high, n), codegen


@intrinsic
def halved(typingctx, line):
    """Pixels of 3 floats added up in pairs: 3 vectors from a line of 6 vectors, or from one of 3, the rest 0.

    A line is one row of an image in consecutive vectors.
    """

    def codegen(context, builder, signature, args):
        vectors = _unpack(builder, args[0])
        out = []
        for i in range(0, LANES * signature.return_type.count, LANES):
            left = [6 * (f // 3) + f % 3 for f in range(i, i + LANES)]
            pair = [_gather(builder, vectors, [f + shift for f in left]) for shift in (0, 3)]
            out.append(builder.fadd(*pair, flags=_FLAGS))
        return _pack(builder, out)

    return Rows(3)(line), codegen


@intrinsic(prefer_literal=True)
def doubled(typingctx, line, count):
    """Every pixel of 3 floats twice: the first `count` vectors, a literal, of a line as in `halved`."""

    def codegen(context, builder, signature, args):
        vectors = _unpack(builder, args[0])
        out = []
        for i in range(0, LANES * count.literal_value, LANES):
            out.append(_gather(builder, vectors, [3 * (f // 6) + f % 3 for f in range(i, i + LANES)]))
        return _pack(builder, out)

    return Rows(count.literal_value)(line, count), codegen
