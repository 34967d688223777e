"""Four channels of a pixel in one vector instruction, where numba's own loops over four find none."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_INT = ir.IntType(32)
_FOUR = ir.VectorType(ir.FloatType(), 4)


@intrinsic
def weigh_pixels(
    typing: Any, pixels: Any, place: Any, weights: Any, start: Any, stop: Any, out: Any, target: Any
) -> tuple[Any, Any]:
    """Pixel `target` of `out` becomes the sum of `weights[i]` times pixel `place + i - start` of `pixels`, for i from
    `start` to `stop` - 1, in this order, each product and sum rounded by itself.

    Pixels are four float32 behind one another, in contiguous arrays of one axis; places are int64. Nothing is checked.
    """

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        def pointer(number: int) -> Any:
            return context.make_array(signature.args[number])(context, builder, arguments[number]).data

        def pixel(base: Any, number: Any) -> Any:
            address = builder.gep(base, [builder.mul(number, number.type(4))])
            return builder.bitcast(address, _FOUR.as_pointer())

        _, first, _, begin, end, _, last = arguments
        source, factors, nowhere = pointer(0), pointer(2), ir.Constant(_FOUR, ir.Undefined)
        total = cgutils.alloca_once_value(builder, ir.Constant(_FOUR, [0.0] * 4))
        with cgutils.for_range_slice(builder, begin, end, begin.type(1)) as (index, _):
            factor = builder.insert_element(nowhere, builder.load(builder.gep(factors, [index])), _INT(0))
            spread = builder.shuffle_vector(factor, nowhere, ir.Constant(ir.VectorType(_INT, 4), [0] * 4))
            number = builder.add(first, builder.sub(index, begin))
            product = builder.fmul(spread, builder.load(pixel(source, number), align=4))
            builder.store(builder.fadd(builder.load(total), product), total)
        builder.store(builder.load(total), pixel(pointer(5), last), align=4)
        return context.get_dummy_value()

    place_type = types.int64
    return types.void(pixels, place_type, weights, place_type, place_type, out, place_type), generate
