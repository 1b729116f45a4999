"""What goes wrong, as values: every error says what, on which node, at which line, and what to do.

Code that detects a problem raises with the fact and a fix only; the layer that knows the node, the
user's line and the operands adds them with `located`. The editor shows the same fields on the node.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# TensorFlow's numbers of kinds of errors, each a class below.
(OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
 RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS,
 UNAUTHENTICATED) = range(17)


class GraphEngineError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    problem : the fact, with the two values that disagree
    op : name of the operation, e.g. ``"matmul"``
    node : the node as an equation, e.g. ``"logits = matmul(hidden, w2)"``
    at : the user's line, e.g. ``"train.py:42    logits = hidden @ w2"``
    operands : (label, description) pairs, one line each
    fix : one thing the user can do about it

    Attributes
    ----------
    error_code : TensorFlow's number of the kind, such as `INVALID_ARGUMENT`
    step : in a run of several steps the number of the one that failed, from 0
    """

    error_code = UNKNOWN
    step: int | None = None

    def __init__(
        self,
        problem: Any = None,
        *made_as_in_tensorflow: Any,        # node_def, op, message, code: programs raise these errors too
        op: Any = None,
        node: str | None = None,
        at: str | None = None,
        operands: Iterable[tuple[str, str]] = (),
        fix: str | None = None,
        node_def: Any = None,
        message: str | None = None,
        error_code: int | None = None,
    ) -> None:
        if made_as_in_tensorflow:
            missing = (message, error_code)[len(made_as_in_tensorflow) - 1:]
            op, problem, error_code = (*made_as_in_tensorflow, *missing)[:3]
        problem = problem if message is None else message
        op = getattr(op, "name", op)
        self.error_code = self.error_code if error_code is None else error_code
        super().__init__(problem)
        self.problem = problem
        self.op = op
        self.node = node
        self.at = at
        self.operands = tuple(operands)
        self.fix = fix

    def located(self, **fields: Any) -> GraphEngineError:
        """Fill in the fields that are still empty and return the error itself."""
        for name, value in fields.items():
            if not getattr(self, name):
                setattr(self, name, tuple(value) if name == "operands" else value)
        return self

    @property
    def message(self) -> str:
        """The whole text, under the name that TensorFlow's errors have for it."""
        return str(self)

    def __str__(self) -> str:
        head = f"{self.op}: {self.problem}" if self.op else self.problem
        rows = [("node", self.node), ("at", self.at), *self.operands, ("fix", self.fix)]
        rows = [(label, text) for label, text in rows if text]
        width = max([len(label) for label, _ in rows], default=0) + 2
        return "\n".join([head, *(f"  {label:<{max(width, 8)}}{text}" for label, text in rows)])


OpError = GraphEngineError                  # TensorFlow's name of the base


# -------------------------------------------------------------------- the kinds that TensorFlow has

class CancelledError(GraphEngineError):
    """Work that was given up because somebody asked for it."""

    error_code = CANCELLED


class UnknownError(GraphEngineError):
    """What no other kind says."""


class InvalidArgumentError(GraphEngineError, ValueError):
    """A value that an operation or a function cannot take."""

    error_code = INVALID_ARGUMENT


class DeadlineExceededError(GraphEngineError, TimeoutError):
    """Work that took longer than was allowed."""

    error_code = DEADLINE_EXCEEDED


class NotFoundError(GraphEngineError, KeyError):
    """A name that the graph does not have; the nearest is suggested."""

    error_code = NOT_FOUND
    __str__ = GraphEngineError.__str__


class AlreadyExistsError(GraphEngineError, FileExistsError):
    """Something that is to be made and is there."""

    error_code = ALREADY_EXISTS
    __str__ = GraphEngineError.__str__


class PermissionDeniedError(GraphEngineError, PermissionError):
    """What this user may not do."""

    error_code = PERMISSION_DENIED
    __str__ = GraphEngineError.__str__


class ResourceExhaustedError(GraphEngineError, MemoryError):
    """Memory or room in a file system that is used up."""

    error_code = RESOURCE_EXHAUSTED


class FailedPreconditionError(GraphEngineError, RuntimeError):
    """A variable that is read before it has a value."""

    error_code = FAILED_PRECONDITION


class AbortedError(GraphEngineError):
    """Work that met other work, and may succeed when it is tried again."""

    error_code = ABORTED


class OutOfRangeError(GraphEngineError, IndexError):
    """The end of a sequence of elements."""

    error_code = OUT_OF_RANGE


class UnimplementedError(GraphEngineError, NotImplementedError):
    """What is not there for these arguments."""

    error_code = UNIMPLEMENTED


class InternalError(GraphEngineError):
    """A defect of the program that reports it."""

    error_code = INTERNAL


class UnavailableError(GraphEngineError):
    """A service that is not there now."""

    error_code = UNAVAILABLE


class DataLossError(GraphEngineError):
    """Data that cannot be read again."""

    error_code = DATA_LOSS


class UnauthenticatedError(GraphEngineError):
    """A request of which nobody knows whose it is."""

    error_code = UNAUTHENTICATED


# -------------------------------------------------------------------- what they are about

class ShapeError(InvalidArgumentError):
    """Sizes that do not fit together.

    facts : what a compilation had assumed about them by then
    """

    facts: Any = None


class SignatureError(ShapeError, TypeError):
    """An argument that a function's input_signature does not take."""


class DTypeError(InvalidArgumentError, TypeError):
    """Data types that do not fit together, or that an operation does not take."""


class AttributeValueError(InvalidArgumentError):
    """An attribute outside its allowed interval or choices."""


class FeedError(InvalidArgumentError):
    """A placeholder without a value, or a value that does not fit its placeholder."""


class IndexOutsideError(InvalidArgumentError, IndexError):
    """An index outside its axis, found while running."""


class OperatorNotAllowedInGraphError(InvalidArgumentError, TypeError):
    """Python's decision on the value of a tensor of a graph, which has none while the graph is drawn."""


class GraphMismatchError(InvalidArgumentError):
    """Tensors of two graphs in one expression, or a fetch from another session's graph."""


class GradientError(GraphEngineError, ValueError):
    """A gradient that does not exist."""


class FileFormatError(InvalidArgumentError, DataLossError):
    """A file that is broken, newer than this version, or refused."""

    error_code = DATA_LOSS


class CompileError(InternalError, RuntimeError):
    """Generated code that breaks one of our own rules: always a defect of graphengine."""


class OpDefinitionError(GraphEngineError, TypeError):
    """An op class that `@op` refuses because something is missing."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like `name`, or None."""
    import difflib  # only who has to ask pays for it

    by_lower = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[found[0]] if found else None


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """A fix line that names the nearest known name, or None when nothing is near."""
    names = list(known)
    close = nearest(name, names)
    if close is None and 0 < len(names) <= 8:
        return f"there are {', '.join(sorted(names))}"
    return f"did you mean {close!r}?" if close else None
