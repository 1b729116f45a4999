"""What would make a card fit that does not: an op put on one of its inputs, or another size in the layer before; and
what fits, but is not meant.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import GraphEngineError, InvalidArgumentError
from ...ir.dims import Shape
from .draw import Type, types_of
from .kinds import catalog

MOST = 3
MEAN: tuple[str, str, dict[str, Any]] = ("Insert Mean", "reduce_mean", {})      # as of `_conversions`
ROWS = 7919                                 # in place of sizes that are not known: one that no other is a multiple of


@dataclass(frozen=True)
class Insertion:
    """Put a card of a kind on the wire of an input. label : what is done, in words."""

    label: str
    input: int
    kind: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Adjustment:
    """Give another value to an attribute of the card that an input comes from; of the card itself if that is None."""

    label: str
    input: int | None
    name: str
    value: Any


Repair = Insertion | Adjustment


@dataclass(frozen=True)
class Origin:
    """The card that an operand comes from: kind, attributes and what it reads."""

    kind: str
    attributes: Mapping[str, Any]
    operands: tuple[Type, ...]
    output: int


def as_key(attributes: Mapping[str, Any]) -> str:
    """Attributes as `types_of` takes them.

    Raises
    ------
    InvalidArgumentError if they are no JSON.
    """
    try:
        return json.dumps(dict(attributes), sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"its attributes are no JSON: {error}", fix="correct them") from error


def repairs(
    kind: str, attributes: Mapping[str, Any], operands: Sequence[Type], origins: Sequence[Origin | None]
) -> list[Repair]:
    """At most three repairs of a card whose operands do not fit, each of them tried.

    origins : where each operand comes from, if it is known
    """
    found: list[Repair] = []
    key = as_key(attributes)
    for repair, number, changed in _candidates(operands, origins):
        fits = _results(kind, key, (*operands[:number], changed, *operands[number + 1:])) is not None
        if fits and _runs(kind, key, repair, operands, origins) and all(_is_other(repair, r) for r in found):
            found.append(repair)
        if len(found) == MOST:
            break
    return found


def corrections(kind: str, attributes: Mapping[str, Any], operands: tuple[Type, ...]) -> list[Repair]:
    """The nearest value that a card takes, in place of a number outside the limits; each is tried.

    Limits are 0 and 1 nearly always, or those of an axis.
    """
    ranks = [t.shape.rank for t in operands if t.shape.rank]
    limits = dict.fromkeys([0, 1, *(limit for rank in ranks for limit in (rank - 1, rank, -rank, -rank - 1))])
    found: list[Repair] = []
    for name, value in attributes.items():
        changed = [_limited(value, limit, limited) for limit in limits for limited in (min, max)]
        for other in sorted((c for c in changed if c is not None), key=lambda c: _distance(c, value)):
            if _results(kind, as_key({**attributes, name: other}), operands) is not None:
                found.append(Adjustment(f"Set {name} to {json.dumps(other)}", None, name, other))
                break
    return found[:MOST]


def _limited(value: Any, limit: int, limited: Callable[[Any, Any], Any]) -> Any:
    """A number, or numbers, on one side of a limit; None if that changes nothing, or it is none."""
    numbers = value if isinstance(value, list) else [value]
    if not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers):
        return None
    found = [type(number)(limited(number, limit)) for number in numbers]
    return None if found == numbers else found if isinstance(value, list) else found[0]


def _distance(one: Any, other: Any) -> float:
    pairs = zip(one, other, strict=True) if isinstance(one, list) else [(one, other)]
    return sum(abs(a - b) for a, b in pairs)


def unsaid_logits(
    kind: str, attributes: Mapping[str, Any], origin_of: Callable[[int], Origin | None]
) -> tuple[int, str] | None:
    """Whether a loss takes for probabilities what a layer without activation gives it, which any number can be.

    origin_of : says where an operand comes from, if it is known

    Returns
    -------
    the number of that input, and the argument that says that they are logits; None if all is well
    """
    made = catalog()[kind]
    switch = made.field("from_logits")
    if switch is None or attributes.get(switch.name, switch.default):
        return None
    number = [socket.name for socket in made.inputs].index("y_pred")
    origin = origin_of(number)
    last = catalog()[origin.kind].field("activation") if origin is not None else None
    if origin is None or last is None or origin.attributes.get(last.name, last.default) not in (None, "linear"):
        return None
    is_made_of_weights = last.default is None       # others pass on what may be probabilities
    return (number, switch.name) if is_made_of_weights else None


def _runs(kind: str, key: str, repair: Repair, operands: Sequence[Type], origins: Sequence[Origin | None]) -> bool:
    """Whether it also fits once sizes that are not known yet have come, all of them as many rows."""
    assert repair.input is not None, "of candidates"
    origin = origins[repair.input]
    if isinstance(repair, Insertion):
        found = _results(repair.kind, as_key(repair.attributes), (_with_rows(operands[repair.input]),))
        changed = found[0] if found is not None else None
    else:
        assert origin is not None, "its attribute is to be another one"
        found = _results(origin.kind, as_key({**origin.attributes, repair.name: repair.value}),
                         tuple(map(_with_rows, origin.operands)))
        changed = found[origin.output] if found is not None else None
    known = [_with_rows(t) for t in operands]
    return changed is not None and _results(
        kind, key, (*known[:repair.input], changed, *known[repair.input + 1:])) is not None


def _with_rows(found: Type) -> Type:
    if found.shape.rank is None:
        return found
    return replace(found, shape=Shape([s if isinstance(s, int) else ROWS for s in found.shape]))


def _is_other(one: Repair, other: Repair) -> bool:
    return one.label != other.label


def _results(kind: str, attributes: str, operands: tuple[Type, ...]) -> tuple[Type, ...] | None:
    try:
        return types_of(kind, attributes, operands)
    except GraphEngineError:
        return None


def to_one_number(number: int) -> Insertion:
    """What makes one number of an operand that is several, as a loss may be."""
    label, op, attributes = MEAN
    return Insertion(label, number, f"op/{op}", attributes)


def _candidates(
    operands: Sequence[Type], origins: Sequence[Origin | None]
) -> Iterator[tuple[Repair, int, Type]]:
    """Repairs with the number of the operand and its type after them, the gentlest first."""
    numbers = range(len(operands) - 1, -1, -1)
    for number in numbers:
        yield from _adjustments(number, operands, origins[number])
    for number in numbers:
        for label, op, attributes in _conversions(number, operands):
            changed = _results(f"op/{op}", as_key(attributes), (operands[number],))
            if changed is not None:
                yield Insertion(label, number, f"op/{op}", attributes), number, changed[0]


def _adjustments(number: int, operands: Sequence[Type], origin: Origin | None) -> Iterator[tuple[Repair, int, Type]]:
    """Other sizes for a whole number that the card before has been given, such as its units."""
    if origin is None:
        return
    kind = catalog()[origin.kind]
    wanted = dict.fromkeys(s for k, t in enumerate(operands) if k != number for s in t.shape if isinstance(s, int))
    for field in kind.fields:
        if field.form != "int" or field.name not in origin.attributes or field.name not in kind.starting:
            continue
        for size in wanted:
            if size == origin.attributes[field.name] or size < 1:
                continue
            changed = _results(origin.kind, as_key({**origin.attributes, field.name: size}), origin.operands)
            if changed is not None:
                repair = Adjustment(f"Set {field.name} to {size}", number, field.name, size)
                yield repair, number, changed[origin.output]


def _conversions(number: int, operands: Sequence[Type]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Label, op and attributes of what may be put on an operand."""
    own, others = operands[number], [t for k, t in enumerate(operands) if k != number]
    for dtype in dict.fromkeys([*(t.dtype for t in others), "float32", "int32"]):
        if dtype != own.dtype:
            yield f"Insert Cast to {dtype}", "cast", {"dtype": dtype}
    rank = own.shape.rank
    if rank is None:
        return
    if rank >= 2:
        order = [*range(rank - 2), rank - 1, rank - 2]
        yield "Insert Transpose", "transpose", {} if rank == 2 else {"perm": order}
    for target in dict.fromkeys(t.shape for t in others if t.shape.rank is not None):
        if target.is_fully_defined():
            sizes = [int(s) for s in target.numbers()]
            if own.shape.is_fully_defined() and own.shape.num_elements() == target.num_elements():
                yield f"Insert Reshape to {target}", "reshape", {"shape": sizes}
            yield f"Insert BroadcastTo {target}", "broadcast_to", {"shape": sizes}
    if rank > 2:
        yield "Insert Reshape to rows", "reshape", {"shape": [-1, *_flat(own)]}
    for axis in (-1, 0):
        yield f"Insert ExpandDims at axis {axis}", "expand_dims", {"axis": axis}
    if any(s == 1 for s in own.shape):
        yield "Insert Squeeze", "squeeze", {"axis": [k for k, s in enumerate(own.shape) if s == 1]}
    if rank:
        yield MEAN


def _flat(own: Type) -> list[int]:
    """The number of elements behind the first axis, if it is known."""
    count = 1
    for size in own.shape[1:]:
        if not isinstance(size, int):
            return []
        count *= size
    return [count]
