"""The entry: a function that Python calls, with a vector of arguments, and that runs a small program by itself.

It looks at the arguments where numpy keeps them. If each is an array of the type and shape that the program was laid
out for, dense and aligned (or numpy's scalar where there are no axes), it copies them to where the program reads them,
calls the runner, and gives the results as arrays or scalars. Anything else is handed on to a Python function. Python's
lock is held from the last look on, so nothing else runs in between; what had begun before, and has let go of that lock,
is seen by a number, and waited for in the Python function.
"""
from __future__ import annotations

from enum import IntEnum
from typing import Any

NDARRAY_DATA, NDARRAY_RANK, NDARRAY_SIZES, NDARRAY_DTYPE, NDARRAY_FLAGS = 2, 3, 4, 7, 8     # places in numpy's struct
OBJECT_TYPE, SCALAR_DATA = 1, 2             # places in any object, and in a scalar
FLAGS = 0x101                               # of an array: dense in C order, aligned
ALONE = -1                                  # in the place of the number of results: one, not in a tuple


class Block(IntEnum):
    """Entries of the array that a function has as its own."""

    TABLE = 0                               # address of the table of a layout; 0 if there is none
    FEEDS = 1                               # number of arguments
    RESULTS = 2                             # number of results, or `ALONE`
    SLOW = 3                                # what is called instead
    GATE = 4                                # address of a number that has to be the next one
    OPENED = 5
    FORCED = 6                              # address of a number that has to be 0
    RUNNING = 7                             # as well: address of how many runs are under way on the same variables
    NDARRAY = 8                             # numpy's type
    VECTORCALL = 9                          # functions of Python's
    CALL = 10
    TUPLE = 11
    SET = 12
    GET = 13
    RELEASE = 14


class Table(IntEnum):
    """Entries of the table of a layout. Feeds and results follow, one after the other:

    numpy's type of scalars if there are no axes or else 0, dtype, rank, bytes, address of the layout's array, that of
    the argument's numbers, sizes;
    what makes a result's object, bytes to copy into it (0: none, and it is made after the run), address of the array.
    """

    RUNNER = 0
    CONTROL = 1
    BUSY = 2                                # address of a number that has to be 0: nothing else runs on the layout
    FAILED = 3                              # raises the error of a code
    CODE = 4                                # out: the code
    FIRST = 5


def _call(count: int) -> Any:
    """What calls the C function at an address, of as many objects, addresses or whole numbers."""
    from llvmlite import ir
    from numba import types

    from .vectors import typed_intrinsic

    word = ir.IntType(64)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = ir.FunctionType(word, [word] * count)
        return builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])

    return typed_intrinsic(f"call_{count}", types.int64(*[types.int64] * (count + 1)), emit)


def build() -> Any:
    """The entry as a function for numba, of what Python gives a function of `METH_FASTCALL | METH_KEYWORDS`."""
    import numba

    from .. import abi

    pointer_i64, pointer_bytes, call_runner = abi.pointer_i64, abi.pointer_b1, abi.call_runner
    call_1, call_2, call_3, call_4 = (_call(count) for count in (1, 2, 3, 4))
    data_at, rank_at, sizes_at, dtype_at = NDARRAY_DATA, NDARRAY_RANK, NDARRAY_SIZES, NDARRAY_DTYPE
    flags_at, type_at, scalar_at, flags, alone = NDARRAY_FLAGS, OBJECT_TYPE, SCALAR_DATA, FLAGS, ALONE
    b = {e.name: int(e) for e in Block}
    table_at, feeds_at, results_at, slow_at = b["TABLE"], b["FEEDS"], b["RESULTS"], b["SLOW"]
    gate_at, opened_at, forced_at, running_at = b["GATE"], b["OPENED"], b["FORCED"], b["RUNNING"]
    ndarray_at, vectorcall, call, release = b["NDARRAY"], b["VECTORCALL"], b["CALL"], b["RELEASE"]
    new_tuple, set_item, get_item = b["TUPLE"], b["SET"], b["GET"]
    t = {e.name: int(e) for e in Table}
    runner_at, control_at, busy_at, failed_at, code_at = t["RUNNER"], t["CONTROL"], t["BUSY"], t["FAILED"], t["CODE"]
    first = t["FIRST"]

    def source(own, feed, value):  # type: ignore[no-untyped-def]
        """Address of an argument's numbers; 0 if it is not what the layout takes."""
        x = pointer_i64(value)
        if feed[0] != 0 and x[type_at] == feed[0]:
            return value + 8 * scalar_at
        if x[type_at] != own[ndarray_at] or x[dtype_at] != feed[1] or x[flags_at] & flags != flags:
            return 0
        rank = feed[2]
        if x[rank_at] & 0xFFFFFFFF != rank:
            return 0
        sizes = pointer_i64(x[sizes_at])
        for k in range(rank):
            if sizes[k] != feed[6 + k]:
                return 0
        return x[data_at]

    def copy(to, start, count):  # type: ignore[no-untyped-def]
        target, found = pointer_bytes(to), pointer_bytes(start)
        for k in range(count):
            target[k] = found[k]

    def is_free(own):  # type: ignore[no-untyped-def]
        return pointer_i64(own[gate_at])[0] == own[opened_at] and pointer_i64(own[running_at])[0] == 0

    source, copy = numba.njit(inline="always")(source), numba.njit(inline="always")(copy)
    is_free = numba.njit(inline="always")(is_free)

    def entry(block, args, count, names):  # type: ignore[no-untyped-def]
        own = pointer_i64(pointer_i64(block)[data_at])
        given = pointer_i64(args)
        is_open = names == 0 and count == own[feeds_at] and own[table_at] != 0
        if is_open:
            is_open = is_free(own) and pointer_i64(own[forced_at])[0] == 0
        results = own[results_at]
        several = 0
        if is_open and results != alone:
            several = call_1(own[new_tuple], results)       # may run anything, so nothing is looked at before
            if several == 0:
                return 0
            is_open = own[table_at] != 0 and is_free(own)
        table = pointer_i64(own[table_at])
        used = own[table_at]
        made = 0
        outputs = first
        if is_open:
            for _ in range(count):
                outputs += 6 + pointer_i64(used + 8 * outputs)[2]
            for k in range(1 if results == alone else results):
                if table[outputs + 1 + 3 * k] != 0:
                    made = call_1(own[call], table[outputs + 3 * k])    # may run anything, too
                    if made == 0:
                        if several != 0:
                            call_1(own[release], several)
                        return 0
                    if several != 0:
                        call_3(own[set_item], several, k, made)
            is_open = own[table_at] == used and is_free(own)
        if is_open:
            is_open = pointer_i64(table[busy_at])[0] == 0
        place = first
        if is_open:
            for k in range(count):
                feed = pointer_i64(used + 8 * place)
                feed[5] = source(own, feed, given[k])
                if feed[5] == 0:
                    is_open = False
                    break
                place += 6 + feed[2]
        if not is_open:
            result = several if several != 0 else made
            if result != 0:
                call_1(own[release], result)
            return call_4(own[vectorcall], own[slow_at], args, count, names)

        place = first
        while place != outputs:
            feed = pointer_i64(used + 8 * place)
            copy(feed[4], feed[5], feed[3])
            place += 6 + feed[2]
        code = call_runner(table[runner_at], pointer_i64(table[control_at]))
        if code != 0:
            table[code_at] = code
            result = several if several != 0 else made
            if result != 0:
                call_1(own[release], result)
            return call_1(own[call], table[failed_at])
        for k in range(1 if results == alone else results):
            size = table[outputs + 1 + 3 * k]
            if size == 0:
                made = call_1(own[call], table[outputs + 3 * k])
                if made == 0:
                    if several != 0:
                        call_1(own[release], several)
                    return 0
                if several != 0:
                    call_3(own[set_item], several, k, made)
            else:
                array = made if several == 0 else call_2(own[get_item], several, k)
                copy(pointer_i64(array)[data_at], table[outputs + 2 + 3 * k], size)
        return several if several != 0 else made

    return entry
