"""The functions of vectors, masks and numbers that work lane by lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from helios.simd.jit import REORDERED
from helios.simd.vectors import (
    INT32,
    INT64,
    LANES,
    Mask,
    Vector,
    common_type,
    fill,
    mask_of_first,
    pack,
    unpack,
    vector_type,
)


def _lanewise(build: Callable, kinds: Sequence[types.Type]):
    """(signature, code generator) of `build(builder, *values, flags=)` on vectors or numbers of one type, or None."""
    vector = common_type(kinds)
    kind = vector or (kinds[0] if all(k == kinds[0] and isinstance(k, types.Float) for k in kinds) else None)
    if kind is None:
        return None

    def codegen(context, builder, sig, args):
        if vector is None:
            return build(builder, *args, flags=REORDERED)
        rows = zip(*(unpack(builder, value, of, vector) for value, of in zip(args, sig.args)))
        return pack(builder, [build(builder, *row, flags=vector.flags) for row in rows], vector)

    return kind(*kinds), codegen


def _unary(name: str) -> Callable:
    def build(builder, value, flags):
        kind = value.type
        prefix = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
        element = getattr(kind, "element", kind)
        full = f"llvm.{name}.{prefix}f{64 if isinstance(element, ir.DoubleType) else 32}"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), full)
        return builder.call(function, [value], fastmath=flags)

    return build


@intrinsic
def rint(typingctx, x):
    """The whole number nearest to x, the even one where two are."""
    return _lanewise(_unary("rint"), [x])


@intrinsic
def floor(typingctx, x):
    """The largest whole number that is not above x."""
    return _lanewise(_unary("floor"), [x])


@intrinsic
def ceil(typingctx, x):
    """The least whole number that is not below x."""
    return _lanewise(_unary("ceil"), [x])


@intrinsic
def sqrt(typingctx, x):
    """The square root of x; NaN below 0."""
    return _lanewise(_unary("sqrt"), [x])


@intrinsic
def fabs(typingctx, x):
    """The absolute value of x."""
    return _lanewise(_unary("fabs"), [x])


@intrinsic
def sign(typingctx, x):
    """1 where x is positive, -1 where negative, 0 where neither, NaN included."""

    def build(builder, x, flags):
        zero, plus, minus = (ir.Constant(x.type, [one] * x.type.count) for one in (0.0, 1.0, -1.0))
        negative = builder.select(builder.fcmp_ordered("<", x, zero), minus, zero)
        return builder.select(builder.fcmp_ordered(">", x, zero), plus, negative)

    return _lanewise(build, [x]) if isinstance(x, Vector) else None


@intrinsic
def select(typingctx, mask, yes, no):
    """`yes` where the mask holds, else `no`: vectors, or numbers of a vector's element type.

    The mask of a lone vector serves for every row of a stack. A comparison with NaN does not hold.
    """
    kind = common_type([yes, no])
    if kind is None and yes == no and isinstance(yes, types.Float) and isinstance(mask, Mask):
        kind = Vector(yes, mask.rows)
    if kind is None or not isinstance(mask, Mask) or mask.lanes != kind.lanes or mask.rows not in (None, kind.rows):
        return None

    def codegen(context, builder, sig, args):
        rows = zip(*(unpack(builder, value, of, kind) for value, of in zip(args, sig.args)))
        return pack(builder, [builder.select(*row) for row in rows], kind)

    return kind(mask, yes, no), codegen


@intrinsic
def any_lane(typingctx, mask):
    """Whether the mask of a lone vector holds in any lane."""
    if not isinstance(mask, Mask) or mask.rows is not None:
        return None

    def codegen(context, builder, sig, args):
        bits = ir.IntType(mask.lanes)
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], bits), ir.Constant(bits, 0))

    return types.boolean(mask), codegen


@intrinsic
def clamp(typingctx, x, low, high):
    """x, but at least `low` and at most `high`; NaN becomes `low`."""

    def build(builder, x, low, high, flags):
        x = builder.select(builder.fcmp_ordered(">", x, low), x, low)
        return builder.select(builder.fcmp_ordered("<", x, high), x, high)

    return _lanewise(build, [x, low, high])


@intrinsic
def ldexp(typingctx, x, whole):
    """x 2^whole in float32, for x, 2^whole and the product normal numbers: added to the bits of the exponent."""

    def build(builder, x, whole, flags):
        integer, places = INT32, ir.Constant(INT32, 23)
        if isinstance(x.type, ir.VectorType):
            integer = ir.VectorType(INT32, x.type.count)
            places = ir.Constant(integer, [23] * x.type.count)
        exponent = builder.shl(builder.fptosi(whole, integer), places)
        return builder.bitcast(builder.add(builder.bitcast(x, integer), exponent), x.type)

    return _lanewise(build, [x, whole])


@intrinsic
def frexp(typingctx, x):
    """(m, e) of positive normal float64, x = m 2^e with m from 1 to below 2: vectors or numbers, e as float64."""
    kind = x if isinstance(x, Vector) and x.rows is None else types.float64
    if x not in (types.float64, Vector(types.float64)):
        return None

    def codegen(context, builder, sig, args):
        value = args[0]
        count = getattr(value.type, "count", None)

        def typed(element):
            return ir.VectorType(element, count) if count else element

        def constant(number, element=INT64):
            return ir.Constant(typed(element), [number] * count if count else number)

        bits = builder.bitcast(value, typed(INT64))
        # By way of 32 bits: AVX2 has no conversion from 64.
        power = builder.trunc(builder.lshr(bits, constant(52)), typed(INT32))
        exponent = builder.sitofp(builder.sub(power, constant(1023, INT32)), value.type)
        fraction = builder.or_(builder.and_(bits, constant((1 << 52) - 1)), constant(1023 << 52))
        return context.make_tuple(builder, sig.return_type, [builder.bitcast(fraction, value.type), exponent])

    return types.UniTuple(kind, 2)(x), codegen


@intrinsic
def iota(typingctx, first):
    """first, first + 1, first + 2, ... with one rounding, a vector of the type of the number `first`."""
    if not isinstance(first, types.Float):
        return None
    kind = Vector(first)

    def codegen(context, builder, sig, args):
        steps = ir.Constant(vector_type(kind), [float(i) for i in range(kind.lanes)])
        return builder.fadd(fill(builder, args[0], kind.lanes), steps, flags=("nsz",))

    return kind(first), codegen


@intrinsic(prefer_literal=True)
def broadcast(typingctx, x, rows=None):
    """The vector, or the stack of `rows` (a literal) vectors, with the number x in every lane."""
    dtype = types.unliteral(x)
    if not isinstance(dtype, types.Float):
        return None
    kind = Vector(dtype, rows and rows.literal_value)

    def codegen(context, builder, sig, args):
        return pack(builder, unpack(builder, args[0], dtype, kind), kind)

    return kind(dtype, rows or types.none), codegen


@intrinsic
def first_n(typingctx, n):
    """The mask of the first n lanes, of as many as float32 vectors have."""
    return Mask(LANES)(types.intp), lambda context, builder, sig, args: mask_of_first(builder, args[0])
