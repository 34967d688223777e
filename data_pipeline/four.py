"""Pixels of four channels in vector instructions, where numba's own loops over them find none.

Pixels are four float32 behind one another, in contiguous arrays of one axis; places are int64. Nothing is checked.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

AT_ONCE = 4  # weights of a pixel, and pixels that are straightened

_INT, _BYTE, _FLOAT = ir.IntType(32), ir.IntType(8), ir.FloatType()
_FOUR = ir.VectorType(_FLOAT, 4)
_LANES = 4 * AT_ONCE
_MANY = ir.VectorType(_FLOAT, _LANES)


@intrinsic
def weigh_pixels(typing: Any, pixels: Any, place: Any, weights: Any, out: Any, target: Any) -> tuple[Any, Any]:
    """Pixel `target` of `out` becomes the sum of `weights[i]` times pixel `place + i` of `pixels`, from 0 on, in this
    order, each product and sum rounded by itself. There are a multiple of AT_ONCE weights.
    """

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        def pixel(base: Any, number: Any) -> Any:
            address = builder.gep(base, [builder.mul(number, number.type(4))])
            return builder.bitcast(address, _FOUR.as_pointer())

        given, first, row, made, last = arguments
        source, factors = _pointer(context, builder, signature, given, 0), context.make_array(signature.args[2])
        factors = factors(context, builder, row)
        count = cgutils.unpack_tuple(builder, factors.shape)[0]
        nowhere, all_first = ir.Constant(_FOUR, ir.Undefined), _lanes([0] * 4)
        total = cgutils.alloca_once_value(builder, _all(_FOUR, 0.0))
        with cgutils.for_range_slice(builder, count.type(0), count, count.type(AT_ONCE)) as (index, _):
            for more in range(AT_ONCE):  # in the open: a loop over so few costs more than they do
                number = builder.add(index, index.type(more))
                factor = builder.load(builder.gep(factors.data, [number]))
                spread = builder.shuffle_vector(builder.insert_element(nowhere, factor, _INT(0)), nowhere, all_first)
                value = builder.load(pixel(source, builder.add(first, number)), align=4)
                builder.store(builder.fadd(builder.load(total), builder.fmul(spread, value)), total)
        target_base = _pointer(context, builder, signature, made, 3)
        builder.store(builder.load(total), pixel(target_base, last), align=4)
        return context.get_dummy_value()

    return types.void(pixels, types.int64, weights, out, types.int64), generate


@intrinsic
def straighten_pixels(typing: Any, pixels: Any, place: Any, out: Any) -> tuple[Any, Any]:
    """AT_ONCE pixels from `place` on, colour times alpha and alpha, as words of straight bytes, alpha on top.

    Both go up to 255 and are clipped to it; all is rounded half up; 0 where alpha is below a half.
    """

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        given, place, made = arguments
        source = builder.gep(_pointer(context, builder, signature, given, 0), [builder.mul(place, place.type(4))])
        straight = builder.load(builder.bitcast(source, _MANY.as_pointer()), align=4)
        ones, none = _all(_MANY, 1.0), ir.Constant(ir.VectorType(_INT, _LANES), [0] * _LANES)
        alphas = builder.shuffle_vector(straight, ones, _lanes([lane | 3 for lane in range(_LANES)]))
        is_seen = builder.fcmp_ordered(">=", alphas, _all(_MANY, 0.5))
        shares = builder.select(is_seen, alphas, ones)
        shares = builder.shuffle_vector(shares, ones, _lanes([_LANES if n % 4 == 3 else n for n in range(_LANES)]))
        straight = builder.fdiv(straight, shares)
        for sign, bound in (("<", 0.0), (">", 255.0)):
            limit = _all(_MANY, bound)
            straight = builder.select(builder.fcmp_ordered(sign, straight, limit), limit, straight)
        whole = builder.fptosi(builder.fadd(straight, _all(_MANY, 0.5)), none.type)
        channels = builder.trunc(builder.select(is_seen, whole, none), ir.VectorType(_BYTE, _LANES))
        target = builder.gep(_pointer(context, builder, signature, made, 2), [place])
        builder.store(channels, builder.bitcast(target, channels.type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(pixels, types.int64, out), generate


def _pointer(context: Any, builder: ir.IRBuilder, signature: Any, array: Any, number: int) -> Any:
    return context.make_array(signature.args[number])(context, builder, array).data


def _all(kind: ir.VectorType, value: float) -> ir.Constant:
    return ir.Constant(kind, [value] * kind.count)


def _lanes(chosen: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(_INT, len(chosen)), chosen)
