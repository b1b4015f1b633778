"""Sets of 64 as the bits of one number, and a hint to the cache."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from helios.simd.vectors import INT32, INT64, LANES, Vector, shuffle

INT8 = ir.IntType(8)


@intrinsic
def bits_of_rows(typingctx, ends):
    """The uint64 whose byte i has the bits ends[8 + i] to ends[i] - 1, of a float32 vector of whole numbers 0 to 8.

    Where there are none, both are 8, or both the same.
    """
    if ends != Vector(types.float32):
        return None

    def codegen(context, builder, sig, args):
        lanes, half = ir.VectorType(INT32, LANES), ir.VectorType(INT8, LANES // 2)
        whole = builder.fptosi(args[0], lanes)
        powers = builder.shl(ir.Constant(lanes, [1] * LANES), whole)
        behind, first = (shuffle(builder, powers, powers, range(k, k + 8)) for k in (0, 8))
        return builder.bitcast(builder.trunc(builder.sub(behind, first), half), INT64)

    return types.uint64(ends), codegen


@intrinsic
def lowest_bit(typingctx, bits):
    """The place of the lowest bit that is set in a uint64 other than 0."""
    if bits != types.uint64:
        return None

    def codegen(context, builder, sig, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(bits), codegen


@intrinsic
def prefetch(typingctx, array, at):
    """Have the cache fetch the element `at` of an array, which must exist."""
    if not isinstance(array, types.Array) or array.layout != "C":
        return None

    def codegen(context, builder, sig, args):
        data = make_array(array)(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), INT8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, INT32, INT32, INT32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [place, *(ir.Constant(INT32, k) for k in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen
