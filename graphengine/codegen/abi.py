"""The calling convention of kernels, and the names that kernel text may use.

    int32 kernel(int64 *buffers, int64 *sizes, int64 lo, int64 hi)

`buffers` holds data addresses, `sizes` extents, strides and scalar constants as bits; `lo..hi` is a slice of
the outermost loop; the result is 0 or a code. Memory is reached through typed pointers. Each pointer of a
kernel has a number, its scope: accesses of different scopes never overlap, which is what lets LLVM
vectorize loops over many buffers without run-time checks. In-place results therefore go through the same pointer as
the input they replace.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .kernels import narrow, philox, products, vecmath
from .kernels.scalars import copysign, fabs, fma, rint
from .kernels.texts import SCOPES

SIGNATURE = types.int32(types.CPointer(types.int64), types.CPointer(types.int64), types.int64, types.int64)

NUMBA_TYPES = narrow.REGISTERS              # what a kernel computes with, by the code of a dtype
STORED_AS: dict[str, Any] = {
    code: narrow.Stored(code) if code in narrow.NARROW else types.uint8 if code == "b1" else kind
    for code, kind in NUMBA_TYPES.items()
}
_REASSOCIATE = ("reassoc", "nsz", "contract")


# -------------------------------------------------------------------- memory

def _pointer(code: str) -> Any:
    stored = STORED_AS[code]

    def typing(context: Any, address: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return types.CPointer(stored)(types.int64), emit

    typing.__name__ = f"pointer_{code}"
    typing.__doc__ = f"An address as a pointer to elements of {code}."
    return intrinsic(typing)


def _mark(builder: Any, instruction: Any, scope: int) -> None:
    """Say that this access overlaps none of another scope."""
    module = builder.module
    domain = module.add_metadata([ir.MetaDataString(module, "graphengine")])
    scopes = [module.add_metadata([ir.MetaDataString(module, f"scope {k}"), domain]) for k in range(SCOPES)]
    instruction.set_metadata("alias.scope", module.add_metadata([scopes[scope]]))
    instruction.set_metadata("noalias", module.add_metadata([s for k, s in enumerate(scopes) if k != scope]))


def _in_register(stored: Any) -> Any:
    return types.boolean if stored is types.uint8 else NUMBA_TYPES[stored.code] if _is_narrow(stored) else stored


def _is_narrow(stored: Any) -> bool:
    return isinstance(stored, narrow.Stored)


@intrinsic(prefer_literal=True)
def load(context, pointer, index, scope):  # type: ignore[no-untyped-def]
    """The element at `index`; bytes of bool are truth values, and narrow numbers become wide."""
    number = scope.literal_value
    stored = pointer.dtype
    result = _in_register(stored)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(builder.gep(args[0], [args[1]]))
        _mark(builder, value, number)
        if _is_narrow(stored):
            return narrow.unpacked(builder, stored.code, value)
        return builder.icmp_unsigned("!=", value, ir.Constant(value.type, 0)) if stored is types.uint8 else value

    return result(pointer, types.int64, scope), emit


@intrinsic(prefer_literal=True)
def store(context, pointer, index, value, scope):  # type: ignore[no-untyped-def]
    """Put `value`, converted to the pointer's type, at `index`; a narrow type must have the number."""
    number = scope.literal_value
    stored = pointer.dtype
    given = _in_register(stored)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        element = args[2]
        if _is_narrow(stored):
            element = narrow.packed(builder, stored.code, element)
        elif stored is types.uint8:
            element = builder.zext(element, ir.IntType(8))
        _mark(builder, builder.store(element, builder.gep(args[0], [args[1]])), number)
        return context.get_dummy_value()

    return types.void(pointer, types.int64, given, scope), emit


def _constant(code: str) -> Any:
    kind = NUMBA_TYPES[code]

    def typing(context: Any, bits: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            bits = args[0]
            if code == "b1":
                return builder.icmp_signed("!=", bits, ir.Constant(bits.type, 0))
            if kind.bitwidth == 32:
                bits = builder.trunc(bits, ir.IntType(32))
            return builder.bitcast(bits, context.get_value_type(kind)) if isinstance(kind, types.Float) else bits

        return kind(types.int64), emit

    typing.__name__ = f"constant_{code}"
    typing.__doc__ = f"A scalar of {code} from its bits in the table of sizes."
    return intrinsic(typing)


# -------------------------------------------------------------------- scalars of any dtype

def _same(*kinds: Any) -> Any:
    """The common type of operands: bool, a whole number, or a float."""
    if all(k is types.boolean for k in kinds):
        return types.boolean
    return max(
        (k for k in kinds if k is not types.boolean),
        key=lambda k: (isinstance(k, types.Float), k.bitwidth),
    )


def _flagless(name: str, count: int) -> Callable[..., Any]:
    """An LLVM intrinsic of `count` equal float arguments."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        function = builder.module.declare_intrinsic(name, [kind], ir.FunctionType(kind, [kind] * count))
        return builder.call(function, args)

    return emit


@intrinsic
def select(context, condition, x, y):  # type: ignore[no-untyped-def]
    """x where the condition holds, else y; both are computed, so that a loop keeps no branch."""
    kind = _same(x, y)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(args[0], args[1], args[2])

    return kind(types.boolean, kind, kind), emit


def _extremum(name: str, relation: str) -> Any:
    def typing(context: Any, x: Any, y: Any) -> Any:
        kind = _same(x, y)
        if isinstance(kind, types.Float):
            return kind(kind, kind), _flagless(f"llvm.{name}", 2)

        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.select(builder.icmp_signed(relation, args[0], args[1]), args[0], args[1])

        return kind(kind, kind), emit

    typing.__name__ = name
    typing.__doc__ = f"The {name} of two numbers; NaN if either is NaN."
    return intrinsic(typing)


maximum = _extremum("maximum", ">")
minimum = _extremum("minimum", "<")


def _rounding(name: str) -> Any:
    def typing(context: Any, x: Any) -> Any:
        kind = x if isinstance(x, types.Float) else types.float64
        return kind(kind), _flagless(f"llvm.{name}", 1)

    typing.__name__ = name
    return intrinsic(typing)


sqrt, floor, ceil, trunc = (_rounding(name) for name in ("sqrt", "floor", "ceil", "trunc"))


@intrinsic
def not_(context, x):  # type: ignore[no-untyped-def]
    """The opposite truth value."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.not_(args[0])

    return types.boolean(types.boolean), emit


@intrinsic
def whole_quotient(context, x, y):  # type: ignore[no-untyped-def]
    """x / y rounded toward 0, of whole numbers; 0 where y is 0, and -x with wrapping where y is -1."""
    kind = _same(x, y)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, y = args
        zero, minus_one = ir.Constant(x.type, 0), ir.Constant(x.type, -1)
        is_zero, is_minus_one = builder.icmp_signed("==", y, zero), builder.icmp_signed("==", y, minus_one)
        safe = builder.select(builder.or_(is_zero, is_minus_one), ir.Constant(x.type, 1), y)
        if kind.bitwidth == 32:             # exact in float64, where vectors divide
            wide = builder.fdiv(builder.sitofp(x, ir.DoubleType()), builder.sitofp(safe, ir.DoubleType()))
            quotient = builder.fptosi(wide, x.type)
        else:
            quotient = builder.sdiv(x, safe)
        quotient = builder.select(is_minus_one, builder.sub(zero, x), quotient)
        return builder.select(is_zero, zero, quotient)

    return kind(kind, kind), emit


@intrinsic
def whole_power(context, x, y):  # type: ignore[no-untyped-def]
    """x ** y of whole numbers, with wrapping, by squaring; 0 <= y."""
    kind = _same(x, y)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        base, exponent = args
        zero, one = ir.Constant(base.type, 0), ir.Constant(base.type, 1)
        result = one
        for k in range(kind.bitwidth - 1):
            is_set = builder.icmp_signed("!=", builder.and_(exponent, ir.Constant(base.type, 1 << k)), zero)
            result = builder.mul(result, builder.select(is_set, base, one))
            base = builder.mul(base, base)
        return result

    return kind(kind, kind), emit


@intrinsic(prefer_literal=True)
def set_bit(context, bits, condition, place):  # type: ignore[no-untyped-def]
    """`bits`, with the one at `place` set where the condition holds."""
    bit = 1 << place.literal_value

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        return builder.or_(args[0], builder.select(args[1], ir.Constant(kind, bit), ir.Constant(kind, 0)))

    return types.int32(types.int32, types.boolean, place), emit


def _shift_count(code: str) -> Any:
    def typing(context: Any, y: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            (y,) = args
            low, high = ir.Constant(y.type, 0), ir.Constant(y.type, narrow.bits_of(code) - 1)
            y = builder.select(builder.icmp_signed("<", y, low), low, y)
            return builder.select(builder.icmp_signed(">", y, high), high, y)

        return y(y), emit

    typing.__name__ = f"shift_count_{code}"
    typing.__doc__ = "y held between 0 and the number of bits of its dtype less one."
    return intrinsic(typing)


def _libm(name: str, code: str, symbol: str) -> Any:
    """A function of one float or two from the C library, where nothing is exact or short enough to be inlined."""
    kind = NUMBA_TYPES[code]

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = builder.module.globals.get(symbol)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(args[0].type, [args[0].type] * len(args)), symbol)
            function.attributes.add("nounwind")
        return builder.call(function, args)

    def of_one(context: Any, x: Any) -> Any:
        return kind(kind), emit

    def of_two(context: Any, x: Any, y: Any) -> Any:
        return kind(kind, kind), emit

    typing = of_one if symbol.startswith("lgamma") else of_two
    typing.__name__ = name
    return intrinsic(typing)


def _conversion(code: str) -> Any:
    """x as a number of another type; fractions are cut off, and what does not fit is as the hardware gives it.

    A narrow type rounds to the nearest and wraps around; the number stays in a register of its wide type.
    """
    kind = NUMBA_TYPES[code]

    def typing(context: Any, x: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            if kind is types.boolean and isinstance(x, types.Float):
                return builder.fcmp_unordered("!=", args[0], ir.Constant(args[0].type, 0.0))
            if kind is types.boolean and x is not types.boolean:
                return builder.icmp_signed("!=", args[0], ir.Constant(args[0].type, 0))
            wide = context.cast(builder, args[0], x, kind)
            return narrow.rounded(builder, code, wide) if code in narrow.NARROW else wide

        return kind(x), emit

    typing.__name__ = f"to_{code}"
    return intrinsic(typing)


@intrinsic
def real_divide(context, x, y):  # type: ignore[no-untyped-def]
    """x / y by IEEE's rules: no exception for zero."""
    kind = _same(x, y)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fdiv(args[0], args[1])

    return kind(kind, kind), emit


# -------------------------------------------------------------------- steps of reductions

def _step(name: str, float_name: str, int_name: str) -> Any:
    """acc op x, in any order of terms, so that a loop may keep several partial results."""
    def typing(context: Any, acc: Any, x: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            if isinstance(acc, types.Float):
                return getattr(builder, float_name)(args[0], args[1], flags=_REASSOCIATE)
            return getattr(builder, int_name)(args[0], args[1])

        return acc(acc, acc), emit

    typing.__name__ = name
    return intrinsic(typing)


add_step = _step("add_step", "fadd", "add")
multiply_step = _step("multiply_step", "fmul", "mul")

# -------------------------------------------------------------------- calls of kernels

_KERNEL = ir.FunctionType(ir.IntType(32), [ir.IntType(64).as_pointer()] * 2 + [ir.IntType(64)] * 2)


@intrinsic
def call_kernel(context, address, buffers, sizes, lo, hi):  # type: ignore[no-untyped-def]
    """Call the kernel at an address."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = builder.inttoptr(args[0], _KERNEL.as_pointer())
        return builder.call(function, args[1:])

    table = types.CPointer(types.int64)
    return types.int32(types.int64, table, table, types.int64, types.int64), emit


_RUNNER = ir.FunctionType(ir.IntType(64), [ir.IntType(64).as_pointer()])


@intrinsic
def call_runner(context, address, control):  # type: ignore[no-untyped-def]
    """Call the runner at an address on a control block; the code that it returns."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = builder.inttoptr(args[0], _RUNNER.as_pointer())
        return builder.call(function, [args[1]])

    return types.int64(types.int64, types.CPointer(types.int64)), emit


@intrinsic
def offset(context, table, count):  # type: ignore[no-untyped-def]
    """The part of a table from entry `count` on."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return table(table, types.int64), emit


def namespace() -> dict[str, Any]:
    """Every name that kernel text may use."""
    names: dict[str, Any] = {
        "np": np, "load": load, "store": store, "select": select, "maximum": maximum, "minimum": minimum,
        "sqrt": sqrt, "floor": floor, "ceil": ceil, "trunc": trunc, "rint": rint, "fabs": fabs, "fma": fma,
        "copysign": copysign, "not_": not_, "real_divide": real_divide, "add_step": add_step,
        "multiply_step": multiply_step, "whole_quotient": whole_quotient, "set_bit": set_bit,
        "max_step": maximum, "min_step": minimum, "call_kernel": call_kernel,
        "offset": offset, "product": products.product,
    }
    for code, kind in NUMBA_TYPES.items():
        names |= {
            code: kind, f"pointer_{code}": POINTERS[code], f"constant_{code}": CONSTANTS[code],
            f"to_{code}": CONVERSIONS[code],
        }
        if isinstance(kind, types.Integer) and kind is not types.boolean:
            names[f"pow_{code}"] = whole_power
        if code in ("f32", "f64"):
            suffix = "f" if code == "f32" else ""
            names |= {f"{name}_{code}": _libm(f"{name}_{code}", code, name + suffix)
                      for name in ("fmod", "lgamma", "nextafter")}
        if isinstance(kind, types.Integer):
            names[f"shift_count_{code}"] = _shift_count(code)
    return names | vecmath.FUNCTIONS | philox.FUNCTIONS


POINTERS = {code: _pointer(code) for code in NUMBA_TYPES}
CONSTANTS = {code: _constant(code) for code in NUMBA_TYPES}
CONVERSIONS = {code: _conversion(code) for code in NUMBA_TYPES}
pointer_i32, pointer_i64, pointer_b1 = (POINTERS[code] for code in ("i32", "i64", "b1"))
