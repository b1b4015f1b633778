"""The numba types of vectors and masks, and their operators."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import models, register_model

from helios.simd.jit import FLAGS, REORDERED

LANES = 16
"""float32 in a vector; of float64 there are half as many."""

BITS = 32 * LANES
INT32, INT64 = ir.IntType(32), ir.IntType(64)


class Vector(types.Type):
    """The numba type of a vector of `dtype`, float32 or float64; with `rows`, of a stack of so many."""

    def __init__(self, dtype: types.Float, rows: int | None = None):
        self.dtype, self.rows = dtype, rows
        self.lanes = BITS // dtype.bitwidth
        self.flags = REORDERED if rows is None else FLAGS
        super().__init__(name=f"Vector({dtype}, {rows})")


class Mask(types.Type):
    """The numba type of what a comparison of vectors gives: a truth value for each lane."""

    def __init__(self, lanes: int, rows: int | None = None):
        self.lanes, self.rows = lanes, rows
        super().__init__(name=f"Mask({lanes}, {rows})")


@register_model(Vector)
@register_model(Mask)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        vector = vector_type(kind)
        super().__init__(manager, kind, vector if kind.rows is None else ir.ArrayType(vector, kind.rows))


def element_type(dtype: Any) -> ir.Type:
    """The LLVM type of one number of a numba number type."""
    integer = isinstance(dtype, types.Integer)
    return ir.IntType(dtype.bitwidth) if integer else {32: ir.FloatType(), 64: ir.DoubleType()}[dtype.bitwidth]


def vector_type(kind: Vector | Mask) -> ir.VectorType:
    """The LLVM type of a Vector or Mask type, or of one row of a stack."""
    return ir.VectorType(ir.IntType(1) if isinstance(kind, Mask) else element_type(kind.dtype), kind.lanes)


def shuffle(builder, a, b, places):
    """The LLVM vector of those lanes of a followed by b that stand at `places`."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(INT32, len(places)), list(places)))


def fill(builder, value, lanes: int):
    """The LLVM vector with the number `value` in each of its lanes."""
    vector = ir.VectorType(value.type, lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(INT32, 0))
    return shuffle(builder, first, first, [0] * lanes)


def unpack(builder, value, kind: types.Type, like: Vector | Mask) -> list:
    """The LLVM vectors, one a row of `like`, of a value of the numba type `kind`: numbers and lone vectors repeat."""
    if not isinstance(kind, (Vector, Mask)):
        return [fill(builder, value, like.lanes)] * (like.rows or 1)
    if kind.rows is None:
        return [value] * (like.rows or 1)
    return [builder.extract_value(value, i) for i in range(kind.rows)]


def pack(builder, vectors: list, kind: Vector | Mask):
    """The value of the type `kind` made of these LLVM vectors: the reverse of `unpack`."""
    if kind.rows is None:
        return vectors[0]
    stack = ir.Constant(ir.ArrayType(vectors[0].type, len(vectors)), ir.Undefined)
    for i, vector in enumerate(vectors):
        stack = builder.insert_value(stack, vector, i)
    return stack


def common_type(kinds: Sequence[types.Type]) -> Vector | None:
    """The Vector type of operands that are of one such type or numbers of its element type; None if they are not."""
    vectors = [kind for kind in kinds if isinstance(kind, Vector)]
    if vectors and all(kind in (vectors[0], vectors[0].dtype) for kind in kinds):
        return vectors[0]
    return None


def _define_operator(function: Callable, result: Callable, build: Callable) -> None:
    """Let `function` of the operator module work on vectors: `build(builder, a, b, flags)` of the type `result`."""

    def generic(self, args, kws):
        kind = common_type(args)
        return signature(result(kind), *args) if kind else None

    infer_global(function)(type(f"_{function.__name__}", (AbstractTemplate,), {"key": function, "generic": generic}))

    def codegen(context, builder, sig, args):
        kind = common_type(sig.args)
        rows = zip(*(unpack(builder, value, of, kind) for value, of in zip(args, sig.args)))
        return pack(builder, [build(builder, a, b, kind.flags) for a, b in rows], sig.return_type)

    for operands in ((Vector, Vector), (Vector, types.Float), (types.Float, Vector)):
        lower_builtin(function, *operands)(codegen)


def _define_arithmetic(function: Callable, instruction: str) -> None:
    def build(builder, a, b, flags):
        return getattr(builder, instruction)(a, b, flags=flags)

    _define_operator(function, lambda kind: kind, build)


def _define_comparison(function: Callable, relation: str) -> None:
    def build(builder, a, b, flags):
        return builder.fcmp_ordered(relation, a, b)

    _define_operator(function, lambda kind: Mask(kind.lanes, kind.rows), build)


_define_arithmetic(operator.add, "fadd")
_define_arithmetic(operator.sub, "fsub")
_define_arithmetic(operator.mul, "fmul")
_define_arithmetic(operator.truediv, "fdiv")
_define_comparison(operator.ge, ">=")
_define_comparison(operator.gt, ">")
_define_comparison(operator.le, "<=")
_define_comparison(operator.lt, "<")


def mask_of_first(builder, n):
    """The LLVM mask of the first n of LANES lanes, for an int64 n."""
    return builder.icmp_signed(
        "<", ir.Constant(ir.VectorType(INT64, LANES), list(range(LANES))), fill(builder, n, LANES)
    )
