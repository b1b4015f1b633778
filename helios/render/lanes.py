"""Vectors of one register's worth of numbers, inside numba kernels: 16 float32 or 8 float64, as one value.

`load` of `lane_memory` makes one from an array, `+ - * /` work between two or with a number of the same type, and the
functions below do the rest, lane by lane. LLVM cuts vectors up where registers are narrower than 64 bytes. When left to
vectorise loops over rows of pixels, which are one or two such vectors long, it spends most of the time getting ready.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

LANES = 16
"""float32 in a vector; of float64 there are half as many."""

BITS = 32 * LANES
# As in `jit.JIT`: what is not finite must survive.
FLAGS = ("nsz", "arcp", "contract", "reassoc")


class Lanes(types.Type):
    """The numba type of a vector of `dtype`, float32 or float64."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.count = BITS // dtype.bitwidth
        super().__init__(name=f"Lanes({dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, vector_of(fe_type))


def element_of(dtype):
    """The LLVM type of one number of a numba number type."""
    if isinstance(dtype, types.Integer):
        return ir.IntType(dtype.bitwidth)
    return {32: ir.FloatType(), 64: ir.DoubleType()}[dtype.bitwidth]


def vector_of(lanes):
    """The LLVM type of a Lanes type."""
    return ir.VectorType(element_of(lanes.dtype), lanes.count)


def _wide(builder, value, of, lanes):
    """`value`, of the numba type `of`, as a vector: a number goes into every lane."""
    if isinstance(of, Lanes):
        return value
    vector, word = vector_of(lanes), ir.IntType(32)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(word, 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(word, lanes.count), [0] * lanes.count))


def _common(args):
    """The Lanes type of operands that are vectors, or numbers of the vectors' type; None if they are not."""
    lanes = [a for a in args if isinstance(a, Lanes)]
    if lanes and all(a in (lanes[0], lanes[0].dtype) for a in args):
        return lanes[0]
    return None


class _Arithmetic(AbstractTemplate):
    def generic(self, args, kws):
        lanes = _common(args)
        return signature(lanes, *args) if lanes else None


def _define_operator(function, instruction):
    infer_global(function)(type(f"_{function.__name__}", (_Arithmetic,), {"key": function}))

    def codegen(context, builder, sig, args):
        a, b = (_wide(builder, value, of, sig.return_type) for value, of in zip(args, sig.args))
        return getattr(builder, instruction)(a, b, flags=FLAGS)

    for operands in ((Lanes, Lanes), (Lanes, types.Float), (types.Float, Lanes)):
        lower_builtin(function, *operands)(codegen)


_define_operator(operator.add, "fadd")
_define_operator(operator.sub, "fsub")
_define_operator(operator.mul, "fmul")
_define_operator(operator.truediv, "fdiv")


def _lanewise(build, of):
    """(signature, code generator) of an operation on vectors or numbers `of`, all of one element type, or None."""
    lanes = _common(of) or (of[0] if all(a == of[0] and isinstance(a, types.Float) for a in of) else None)
    if lanes is None:
        return None

    def codegen(context, builder, sig, args):
        if isinstance(lanes, Lanes):
            args = [_wide(builder, value, given, lanes) for value, given in zip(args, sig.args)]
        return build(builder, *args)

    return lanes(*of), codegen


def _unary(name):
    def build(builder, value):
        kind = value.type
        prefix = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
        element = getattr(kind, "element", kind)
        full = f"llvm.{name}.{prefix}f{64 if isinstance(element, ir.DoubleType) else 32}"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), full)
        return builder.call(function, [value], fastmath=FLAGS)

    return build


@intrinsic
def nearest(typingctx, x):
    """The whole number nearest to x, even where two are."""
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
def root(typingctx, x):
    """The square root of x."""
    return _lanewise(_unary("sqrt"), [x])


@intrinsic
def choose(typingctx, a, b, yes, no):
    """`yes` where a >= b, else `no`; a NaN among a and b says no."""

    def build(builder, a, b, yes, no):
        return builder.select(builder.fcmp_ordered(">=", a, b), yes, no)

    return _lanewise(build, [a, b, yes, no])


@intrinsic
def bounded(typingctx, x, low, high):
    """x, but at least `low` and at most `high`; a NaN becomes `low`."""

    def build(builder, x, low, high):
        x = builder.select(builder.fcmp_ordered(">", x, low), x, low)
        return builder.select(builder.fcmp_ordered("<", x, high), x, high)

    return _lanewise(build, [x, low, high])


@intrinsic
def times_power_of_two(typingctx, x, whole):
    """x 2^whole in float32, for x, 2^whole and the product normal numbers: added to the bits of the exponent."""

    def build(builder, x, whole):
        word = ir.IntType(32)
        if isinstance(x.type, ir.VectorType):
            word = ir.VectorType(word, x.type.count)
            places = ir.Constant(word, [23] * x.type.count)
        else:
            places = ir.Constant(word, 23)
        exponent = builder.shl(builder.fptosi(whole, word), places)
        return builder.bitcast(builder.add(builder.bitcast(x, word), exponent), x.type)

    return _lanewise(build, [x, whole])


@intrinsic
def ramp(typingctx, first):
    """first, first + 1, first + 2, ... with one rounding, in the type of the number `first`."""
    if not isinstance(first, types.Float):
        return None
    lanes = Lanes(first)

    def codegen(context, builder, sig, args):
        steps = ir.Constant(vector_of(lanes), [float(i) for i in range(lanes.count)])
        return builder.fadd(_wide(builder, args[0], first, lanes), steps, flags=("nsz",))

    return lanes(first), codegen


@intrinsic
def spread(typingctx, x):
    """The number x in every lane."""
    if not isinstance(x, types.Float):
        return None
    lanes = Lanes(x)
    return lanes(x), lambda context, builder, sig, args: _wide(builder, args[0], x, lanes)
