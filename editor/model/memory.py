"""Memory: how much is free, and whether a graph fits before anything of it is made. No Qt."""
from __future__ import annotations

import os
import sys

import numpy as np

import graphengine as ge

from .build import Built, build, bytes_of
from .document import GraphDocument


def free_bytes() -> int | None:
    """Memory that programs can still take; all that there is where the system does not tell, None if not even that."""
    if sys.platform == "win32":
        return _free_on_windows()
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _free_on_windows() -> int | None:
    import ctypes

    class Status(ctypes.Structure):         # MEMORYSTATUSEX
        _fields_ = [("length", ctypes.c_uint32), ("load", ctypes.c_uint32),
                    *((name, ctypes.c_uint64) for name in ("total", "free", "page_total", "page_free", "virtual_total",
                                                           "virtual_free", "extended_free"))]

    found = Status(length=ctypes.sizeof(Status))
    known = ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(ctypes.byref(found))     # type: ignore[attr-defined, unused-ignore]
    return int(found.free) if known else None


def check_memory(document: GraphDocument, training: bool = False) -> None:
    """Find out whether variables fit before they are made: the system would end this process, or others.

    training : the graph is there, and a training of it is wanted

    Raises
    ------
    InvalidArgumentError if they do not.
    """
    drawn = build(document, plain=True)
    needed, free = _to_train(drawn) if training else 2 * bytes_of(drawn.graph), free_bytes()
    if free is None or needed <= free:
        return
    what = ("the training takes {0} with gradients and what the optimizer keeps" if training else
            "the variables take {0} with their first values")
    fix = "make layers or variables smaller" + (", or use an optimizer that keeps less" if training else "")
    raise ge.errors.InvalidArgumentError(
        f"{what.format(_gigabytes(needed))}, of {_gigabytes(free)} that are free", fix=fix)


def heaviest_card(document: GraphDocument) -> str | None:
    """The card whose variables take most memory; None if there are none."""
    drawn, found = build(document, plain=True), dict[str, int]()
    for variable in ge.global_variables(drawn.graph):
        card = drawn.card_of(variable.handle_in(drawn.graph).node.name)
        if card is not None:
            found[card] = found.get(card, 0) + bytes_of(drawn.graph, [variable])
    return max(found, key=lambda card: found[card], default=None)


def _to_train(drawn: Built) -> int:
    """Bytes beside those of a graph that runs: what its step holds, with first values, and what is kept of them."""
    optimizer = drawn.graph.document.get("train", {}).get("optimizer", {"name": "SGD"})
    variables = ge.global_variables(drawn.graph)
    trained = bytes_of(drawn.graph, [v for v in variables if v.trainable])
    return 3 * bytes_of(drawn.graph) + (1 + _kept(**optimizer)) * trained


def _kept(name: str, **parameters: object) -> int:
    """How many numbers an optimizer keeps for each that it trains."""
    optimizer = getattr(ge.keras.optimizers, name)(**parameters)
    alone = len(optimizer.variables)
    optimizer.build([ge.Variable(np.zeros(1, np.float32))])
    return len(optimizer.variables) - alone


def _gigabytes(count: int) -> str:
    return f"{count / 2**30:,.1f} GB"
