"""How vectors (`lanes`) meet arrays: loads and stores, of pixels too, and sums over lanes.

Arrays are contiguous; elements of all their axes are counted through, and places are not checked.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from helios.render.lanes import FLAGS, LANES, Lanes, element_of, vector_of


def _shuffled(builder, a, b, places):
    """The vector of the numbers of a and then b that stand at `places`."""
    kind = ir.VectorType(ir.IntType(32), len(places))
    return builder.shuffle_vector(a, b, ir.Constant(kind, list(places)))


@intrinsic
def total(typingctx, x):
    """The sum of the lanes."""
    if not isinstance(x, Lanes):
        return None

    def codegen(context, builder, sig, args):
        vector, element = args[0].type, args[0].type.element
        name = f"llvm.vector.reduce.fadd.v{x.count}f{x.dtype.bitwidth}"
        kind = ir.FunctionType(element, [element, vector])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [ir.Constant(element, -0.0), args[0]], fastmath=FLAGS)

    return x.dtype(x), codegen


@intrinsic
def add_totals(typingctx, array, at, xs):
    """Add to the float64 array[at:at + 8] the sums over the lanes of each of 8 float32 vectors.

    Pairs of vectors are folded into one until one is left: a third of the work of one sum after another.
    """
    if array.layout != "C" or array.dtype != types.float64 or xs != types.UniTuple(Lanes(types.float32), 8):
        return None

    def codegen(context, builder, sig, args):
        vectors, width = cgutils.unpack_tuple(builder, args[2]), LANES
        while len(vectors) > 1:
            # Each vector holds LANES / width sums in the making, of `width` lanes each.
            lows = [i for i in range(2 * LANES) if i % width < width // 2]
            highs = [i + width // 2 for i in lows]
            pairs = [
                (_shuffled(builder, a, b, lows), _shuffled(builder, a, b, highs))
                for a, b in zip(vectors[::2], vectors[1::2])
            ]
            vectors, width = [builder.fadd(a, b, flags=FLAGS) for a, b in pairs], width // 2
        evens, odds = (_shuffled(builder, vectors[0], vectors[0], range(k, LANES, 2)) for k in range(2))
        sums = builder.fpext(builder.fadd(evens, odds, flags=FLAGS), vector_of(Lanes(types.float64)))
        place = _address(context, builder, sig.args[0], args[0], args[1], sums.type)
        builder.store(builder.fadd(builder.load(place, align=8), sums, flags=FLAGS), place, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, xs), codegen


def _address(context, builder, array, value, at, vector):
    data = make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [at]), vector.as_pointer())


@intrinsic
def load(typingctx, array, at):
    """The vector that begins at the element `at` of a float array."""
    if array.layout != "C" or not isinstance(array.dtype, types.Float):
        return None
    lanes = Lanes(array.dtype)

    def codegen(context, builder, sig, args):
        place = _address(context, builder, sig.args[0], args[0], args[1], vector_of(lanes))
        return builder.load(place, align=lanes.dtype.bitwidth // 8)

    return lanes(array, types.intp), codegen


@intrinsic
def store(typingctx, array, at, x):
    """Write the lanes of x to the elements from `at` on of an array.

    float64 may go into float32, which rounds, and into integers, which truncates and wants numbers that fit.
    """
    if array.layout != "C":
        return None

    def codegen(context, builder, sig, args):
        value, vector = args[2], ir.VectorType(element_of(array.dtype), x.count)
        if isinstance(array.dtype, types.Integer):
            value = builder.fptosi(value, vector)
        elif array.dtype != x.dtype:
            value = builder.fptrunc(value, vector)
        place = _address(context, builder, sig.args[0], args[0], args[1], vector)
        builder.store(value, place, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, x), codegen


@intrinsic
def add_bits(typingctx, masks, at, first, end):
    """Set in each of the 8 int64 from masks[at] on the bits first to end - 1 of its lane.

    0 <= first <= end <= 62, whole numbers in float64.
    """
    if masks.layout != "C" or masks.dtype != types.int64:
        return None

    def codegen(context, builder, sig, args):
        words = ir.VectorType(element_of(types.int64), first.count)
        one = ir.Constant(words, [1] * first.count)
        # By way of 32 bits: AVX2 has no conversion to 64.
        half = ir.VectorType(ir.IntType(32), first.count)
        low, high = (builder.shl(one, builder.sext(builder.fptosi(x, half), words)) for x in args[2:])
        place = _address(context, builder, sig.args[0], args[0], args[1], words)
        builder.store(builder.or_(builder.load(place, align=8), builder.sub(high, low)), place, align=8)
        return context.get_dummy_value()

    return types.void(masks, types.intp, first, end), codegen


def _channels(count):
    """For each channel the places of its numbers in `count` pixels R G B R G B ..."""
    return [[3 * i + k for i in range(count)] for k in range(3)]


@intrinsic
def load_pixels(typingctx, image, at):
    """The (red, green, blue) vectors of the pixels whose numbers begin at the element `at`."""
    if image.layout != "C":
        return None
    lanes = Lanes(image.dtype)

    def codegen(context, builder, sig, args):
        vector = ir.VectorType(element_of(lanes.dtype), 3 * lanes.count)
        place = _address(context, builder, sig.args[0], args[0], args[1], vector)
        pixels = builder.load(place, align=lanes.dtype.bitwidth // 8)
        found = [_shuffled(builder, pixels, pixels, places) for places in _channels(lanes.count)]
        return context.make_tuple(builder, sig.return_type, found)

    return types.UniTuple(lanes, 3)(image, types.intp), codegen


@intrinsic
def store_pixels(typingctx, image, at, red, green, blue):
    """Write 16 pixels, R G B R G B ..., to the elements from `at` on."""
    if image.layout != "C":
        return None

    def codegen(context, builder, sig, args):
        count = red.count
        red_green = _shuffled(builder, args[2], args[3], list(range(2 * count)))
        rest = _shuffled(builder, args[4], args[4], list(range(count)) * 2)
        places = [k * count + i for i in range(count) for k in range(3)]
        pixels = _shuffled(builder, red_green, rest, places)
        place = _address(context, builder, sig.args[0], args[0], args[1], pixels.type)
        builder.store(pixels, place, align=image.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(image, types.intp, red, green, blue), codegen
