"""How vectors meet arrays: loads and stores of vectors, of stacks of rows, of pixels, and of bits.

Arrays are contiguous; elements of all their axes are counted through as one, and places are not checked.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from helios.simd.vectors import (
    INT32,
    INT64,
    LANES,
    Vector,
    element_type,
    mask_of_first,
    pack,
    shuffle,
    unpack,
    vector_type,
)


def _holds(array: types.Type, dtype: type) -> bool:
    return isinstance(array, types.Array) and array.layout == "C" and isinstance(array.dtype, dtype)


def address(context, builder, array, value, at, vector):
    """The LLVM pointer to a `vector` that begins at the element `at` of an array value."""
    data = make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [at]), vector.as_pointer())


@intrinsic
def load(typingctx, array, at):
    """The vector that begins at the element `at` of a float array."""
    if not _holds(array, types.Float):
        return None
    kind = Vector(array.dtype)

    def codegen(context, builder, sig, args):
        place = address(context, builder, sig.args[0], *args, vector_type(kind))
        return builder.load(place, align=kind.dtype.bitwidth // 8)

    return kind(array, types.intp), codegen


@intrinsic
def store(typingctx, array, at, x):
    """Write the lanes of the vector x to the elements from `at` on of an array.

    float64 may go into float32, which rounds, and into integers, which truncates and wants numbers that fit.
    """
    if not _holds(array, types.Number) or not isinstance(x, Vector) or x.rows is not None:
        return None

    def codegen(context, builder, sig, args):
        value, vector = args[2], ir.VectorType(element_type(array.dtype), x.lanes)
        if isinstance(array.dtype, types.Integer):
            value = builder.fptosi(value, vector)
        elif array.dtype != x.dtype:
            value = builder.fptrunc(value, vector)
        builder.store(value, address(context, builder, sig.args[0], *args[:2], vector), align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, x), codegen


@intrinsic(prefer_literal=True)
def load_rows(typingctx, array, at, pitch=None, rows=None):
    """The stack of the vectors at `at`, `at` + `pitch`, ... (`rows` of them, a literal) of a float32 array.

    Without `pitch` and `rows` it is of one vector.
    """
    if not _holds(array, types.Float) or array.dtype != types.float32:
        return None
    kind = Vector(types.float32, rows.literal_value if rows else 1)

    def codegen(context, builder, sig, args):
        vectors, place = [], args[1]
        for i in range(kind.rows):
            place = builder.add(place, args[2]) if i else place
            pointer = address(context, builder, sig.args[0], args[0], place, vector_type(kind))
            vectors.append(builder.load(pointer, align=4))
        return pack(builder, vectors, kind)

    return kind(array, types.intp, types.intp if pitch else types.none, rows or types.none), codegen


@intrinsic
def store_rows(typingctx, array, at, x, pitch=None):
    """Write the rows of a stack to where `load_rows` would find them."""
    if not _holds(array, types.Float) or not isinstance(x, Vector) or array.dtype != x.dtype or x.rows is None:
        return None
    if pitch is None and x.rows > 1:
        return None

    def codegen(context, builder, sig, args):
        place = args[1]
        for i, vector in enumerate(unpack(builder, args[2], x, x)):
            place = builder.add(place, args[3]) if i else place
            builder.store(vector, address(context, builder, sig.args[0], args[0], place, vector.type), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, x, types.intp if pitch else types.none), codegen


def _call_masked(builder, name, result, *operands):
    """Call LLVM's masked `load` or `store` of vectors of LANES float32."""
    kind = ir.FunctionType(result, [operand.type for operand in operands])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.{name}.v{LANES}f32.p0")
    return builder.call(function, operands)


@intrinsic
def load_first(typingctx, array, at, n):
    """The stack of one vector whose first n lanes, 0 to LANES, are read as by `load_rows`; the others are 0."""
    if not _holds(array, types.Float) or array.dtype != types.float32:
        return None
    kind = Vector(types.float32, 1)

    def codegen(context, builder, sig, args):
        vector = vector_type(kind)
        place = address(context, builder, sig.args[0], args[0], args[1], vector)
        zeros, align = ir.Constant(vector, None), ir.Constant(INT32, 4)
        mask = mask_of_first(builder, args[2])
        return pack(builder, [_call_masked(builder, "load", vector, place, align, mask, zeros)], kind)

    return kind(array, types.intp, types.intp), codegen


@intrinsic
def store_first(typingctx, array, at, x, n):
    """Write the first n lanes, 0 to LANES, of a stack of one vector."""
    kind = Vector(types.float32, 1)
    if not _holds(array, types.Float) or array.dtype != types.float32 or x != kind:
        return None

    def codegen(context, builder, sig, args):
        place = address(context, builder, sig.args[0], args[0], args[1], vector_type(kind))
        mask, align = mask_of_first(builder, args[3]), ir.Constant(INT32, 4)
        _call_masked(builder, "store", ir.VoidType(), unpack(builder, args[2], x, x)[0], place, align, mask)
        return context.get_dummy_value()

    return types.void(array, types.intp, kind, types.intp), codegen


def _channels(count):
    """For each channel the places of its numbers in `count` pixels R G B R G B ..."""
    return [[3 * i + k for i in range(count)] for k in range(3)]


@intrinsic
def load_pixels(typingctx, image, at):
    """The (red, green, blue) vectors of the pixels whose numbers begin at the element `at` of a float array."""
    if not _holds(image, types.Float):
        return None
    kind = Vector(image.dtype)

    def codegen(context, builder, sig, args):
        vector = ir.VectorType(element_type(kind.dtype), 3 * kind.lanes)
        place = address(context, builder, sig.args[0], *args, vector)
        pixels = builder.load(place, align=kind.dtype.bitwidth // 8)
        channels = [shuffle(builder, pixels, pixels, places) for places in _channels(kind.lanes)]
        return context.make_tuple(builder, sig.return_type, channels)

    return types.UniTuple(kind, 3)(image, types.intp), codegen


@intrinsic
def store_pixels(typingctx, image, at, red, green, blue):
    """Write a vector's worth of pixels, R G B R G B ..., to the elements from `at` on of an array of their type."""
    if not _holds(image, types.Float) or any(x != Vector(image.dtype) for x in (red, green, blue)):
        return None

    def codegen(context, builder, sig, args):
        count = red.lanes
        red_green = shuffle(builder, args[2], args[3], range(2 * count))
        rest = shuffle(builder, args[4], args[4], list(range(count)) * 2)
        pixels = shuffle(builder, red_green, rest, [k * count + i for i in range(count) for k in range(3)])
        place = address(context, builder, sig.args[0], *args[:2], pixels.type)
        builder.store(pixels, place, align=image.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(image, types.intp, red, green, blue), codegen


@intrinsic
def set_bits(typingctx, masks, at, first, end):
    """Set in each of the 8 int64 from masks[at] on the bits first to end - 1 of its lane.

    0 <= first <= end <= 62, whole numbers in float64.
    """
    if not _holds(masks, types.Integer) or masks.dtype != types.int64:
        return None
    if first != Vector(types.float64) or end != first:
        return None

    def codegen(context, builder, sig, args):
        integers = ir.VectorType(INT64, first.lanes)
        one = ir.Constant(integers, [1] * first.lanes)
        # By way of 32 bits: AVX2 has no conversion to 64.
        half = ir.VectorType(INT32, first.lanes)
        low, high = (builder.shl(one, builder.sext(builder.fptosi(x, half), integers)) for x in args[2:])
        place = address(context, builder, sig.args[0], args[0], args[1], integers)
        builder.store(builder.or_(builder.load(place, align=8), builder.sub(high, low)), place, align=8)
        return context.get_dummy_value()

    return types.void(masks, types.intp, first, end), codegen
