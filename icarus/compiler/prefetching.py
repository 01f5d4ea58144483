"""The machine code of ``prefetch``."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic, overload

from icarus.compiler.plain_code import INLINED
from icarus.compiler.prefetch import prefetch

__all__: list[str] = []


def _compiled(typing_context, array, row):
    if not isinstance(array, types.Array):
        return None

    def generate(context, builder, signature, arguments):
        array_type = signature.args[0]
        view = context.make_array(array_type)(context, builder, arguments[0])
        strides = cgutils.unpack_tuple(builder, view.strides, array_type.ndim)
        start = builder.ptrtoint(view.data, context.get_value_type(types.intp))
        address = builder.add(start, builder.mul(arguments[1], strides[0]))
        pointer = builder.inttoptr(address, ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        # For reading, to be kept in all levels, data.
        builder.call(function, [pointer, number(0), number(3), number(1)])
        return impl_ret_untracked(
            context, builder, signature.return_type, context.get_dummy_value()
        )

    return types.none(array, types.intp), generate


_prefetch = intrinsic(_compiled)


@overload(prefetch, jit_options=INLINED)
def _compiled_prefetch(array, row):
    return lambda array, row: _prefetch(array, row)
