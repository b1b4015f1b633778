"""Views of arrays for kernels that make thousands of them: slices without a reference count.

A slice of numba's counts a reference with two atomic operations, which take longer than a short row of pixels. These do
not: they must not outlive the function that made them.
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array


def _borrow(context, builder, array, result, pointer, length):
    view = make_array(result)(context, builder)
    populate_array(view, data=pointer, shape=[length], strides=[array.itemsize], itemsize=array.itemsize, meminfo=None)
    return view._getvalue()


@intrinsic
def part(typingctx, array, start, stop):
    """array[start:stop] of a contiguous 1D array, 0 <= start <= stop <= len(array), unchecked."""
    result = types.Array(array.dtype, 1, "C")

    def codegen(context, builder, signature, args):
        values = make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.gep(values.data, [args[1]])
        return _borrow(context, builder, values, signature.return_type, pointer, builder.sub(args[2], args[1]))

    return result(array, types.intp, types.intp), codegen


@intrinsic
def row_part(typingctx, array, y, start, stop):
    """array[y, start:stop] of a contiguous 2D array, unchecked."""
    result = types.Array(array.dtype, 1, "C")

    def codegen(context, builder, signature, args):
        values = make_array(signature.args[0])(context, builder, args[0])
        width = cgutils.unpack_tuple(builder, values.shape)[1]
        first = builder.add(builder.mul(args[1], width), args[2])
        pointer = builder.gep(values.data, [first])
        return _borrow(context, builder, values, signature.return_type, pointer, builder.sub(args[3], args[2]))

    return result(array, types.intp, types.intp, types.intp), codegen
