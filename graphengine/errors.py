"""What goes wrong, as values: every error says what, on which node, at which line, and what to do.

Code that detects a problem raises with the fact and a fix only; the layer that knows the node, the
user's line and the operands adds them with `located`. The editor shows the same fields on the node.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any


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
    step : in a run of several steps the number of the one that failed, from 0
    """

    step: int | None = None

    def __init__(
        self,
        problem: str,
        *,
        op: str | None = None,
        node: str | None = None,
        at: str | None = None,
        operands: Iterable[tuple[str, str]] = (),
        fix: str | None = None,
    ) -> None:
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
        """The problem as TensorFlow's errors name it."""
        return str(self)

    def __str__(self) -> str:
        head = f"{self.op}: {self.problem}" if self.op else self.problem
        rows = [("node", self.node), ("at", self.at), *self.operands, ("fix", self.fix)]
        rows = [(label, text) for label, text in rows if text]
        width = max([len(label) for label, _ in rows], default=0) + 2
        return "\n".join([head, *(f"  {label:<{max(width, 8)}}{text}" for label, text in rows)])


class InvalidArgumentError(GraphEngineError, ValueError):
    """A value that an operation or a function cannot take."""


class ShapeError(InvalidArgumentError):
    """Sizes that do not fit together."""


class SignatureError(ShapeError, TypeError):
    """An argument that a function's input_signature does not take."""


class DTypeError(GraphEngineError, TypeError):
    """Data types that do not fit together, or that an operation does not take."""


class AttributeValueError(InvalidArgumentError):
    """An attribute outside its allowed interval or choices."""


class FeedError(InvalidArgumentError):
    """A placeholder without a value, or a value that does not fit its placeholder."""


class NotFoundError(GraphEngineError, KeyError):
    """A name that the graph does not have; the nearest is suggested."""

    __str__ = GraphEngineError.__str__


class GraphMismatchError(InvalidArgumentError):
    """Tensors of two graphs in one expression, or a fetch from another session's graph."""


class FailedPreconditionError(GraphEngineError, RuntimeError):
    """A variable that is read before it has a value."""


class GradientError(GraphEngineError, ValueError):
    """A gradient that does not exist."""


class OutOfRangeError(GraphEngineError, IndexError):
    """An index outside its axis, found while running."""


class FileFormatError(InvalidArgumentError):
    """A file that is broken, newer than this version, or refused."""


class CompileError(GraphEngineError, RuntimeError):
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
