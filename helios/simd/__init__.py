"""Vectors in numba kernels: one register's worth of numbers, as one value, with the operations of a SIMD library.

`load` reads a vector of 16 float32 or 8 float64 from an array; `load_rows` reads a stack of float32 vectors, one below
the other, from rows of an image. `+ - * /` and comparisons work on two of one type, or on one and a number of its
element type. LLVM maps a vector to whatever the machine has: one AVX-512 register, two of AVX2, four of NEON.
Explicit vectors exist for what plain loops cannot say: which lanes move where, and what must not go through memory.
Left to vectorise loops over rows of pixels, which are one or two vectors long, LLVM spends most of the time getting
ready. `JIT` is how every kernel of the package is compiled, with or without vectors.
"""

from helios.simd.bits import bits_of_rows, lowest_bit, prefetch
from helios.simd.jit import BARE, EXACT, JIT
from helios.simd.lanewise import (
    any_lane,
    broadcast,
    ceil,
    clamp,
    fabs,
    first_n,
    floor,
    frexp,
    iota,
    ldexp,
    rint,
    select,
    sign,
    sqrt,
)
from helios.simd.memory import (
    load,
    load_first,
    load_pixels,
    load_rows,
    set_bits,
    store,
    store_first,
    store_pixels,
    store_rows,
)
from helios.simd.shuffles import (
    add_hsums,
    hsum,
    repeat_pixels,
    slide,
    store_hsums,
    sum_pixel_pairs,
    take_rows,
    transpose,
)
from helios.simd.vectors import LANES

__all__ = [
    "BARE",
    "EXACT",
    "JIT",
    "LANES",
    "add_hsums",
    "any_lane",
    "bits_of_rows",
    "broadcast",
    "ceil",
    "clamp",
    "fabs",
    "first_n",
    "floor",
    "frexp",
    "hsum",
    "iota",
    "ldexp",
    "load",
    "load_first",
    "load_pixels",
    "load_rows",
    "lowest_bit",
    "prefetch",
    "repeat_pixels",
    "rint",
    "select",
    "set_bits",
    "sign",
    "slide",
    "sqrt",
    "store",
    "store_first",
    "store_hsums",
    "store_pixels",
    "store_rows",
    "sum_pixel_pairs",
    "take_rows",
    "transpose",
]
