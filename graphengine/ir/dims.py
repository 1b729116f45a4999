"""Sizes of axes: a number, None (not known while the graph is drawn), or an expression.

While a program is compiled each unknown size of a feed is a symbol, and sizes computed from it are
polynomials in symbols, so that two sizes can be compared without knowing them. Where an operation
needs two sizes to be the same, `SizeFacts` writes that down; the runtime checks it with real numbers.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import ShapeError
from ..values import dataclass

Atom = Any                                  # a symbol, ("//", top, bottom), or ("min", a, b)
Monomial = tuple[Any, ...]                  # atoms in a fixed order; () is the constant term
MOST_FACTORS, MOST_TERMS = 64, 10_000       # of a product: what a file says could go on for ever


def _atom_key(atom: Atom) -> str:
    if isinstance(atom, str):
        return atom
    kind, a, b = atom
    return f"({a!r}//{b!r})" if kind == "//" else f"min({a!r}, {b!r})"


def _atom_value(atom: Atom, sizes: Mapping[str, int]) -> int:
    if isinstance(atom, str):
        return sizes[atom]
    kind, a, b = atom
    left, right = evaluate(a, sizes), evaluate(b, sizes)
    if kind == "min":
        return min(left, right)
    if not right:
        raise ShapeError(f"a size is {left} divided by 0: {a} // {b}")
    return left // right


class Dim:
    """A size that depends on the sizes of the feeds: a polynomial with integer coefficients.

    Arithmetic with numbers and other Dims gives Dims, or a number once nothing unknown is left.
    """

    __slots__ = ("_hash", "_text", "facts", "terms")

    def __init__(self, terms: Mapping[Monomial, int], facts: SizeFacts) -> None:
        if len(terms) > 1:
            terms = {m: terms[m] for m in sorted(terms, key=lambda m: [_atom_key(a) for a in m]) if terms[m]}
        self.terms = terms
        self.facts = facts
        self._hash = hash(tuple(self.terms.items()))
        self._text: str | None = None

    @property
    def symbol(self) -> str | None:
        """The name, if this is a single symbol."""
        if len(self.terms) == 1:
            (mono, factor), = self.terms.items()
            if factor == 1 and len(mono) == 1 and isinstance(mono[0], str):
                return mono[0]
        return None

    def _simplest(self, terms: Mapping[Monomial, int]) -> Size:
        kept = {m: c for m, c in terms.items() if c}
        if not kept:
            return 0
        if set(kept) == {()}:
            return kept[()]
        return Dim(kept, self.facts)

    def __add__(self, other: Size) -> Size:
        if other == 0:
            return self
        terms = dict(self.terms)
        for m, c in _terms(other).items():
            terms[m] = terms.get(m, 0) + c
        return self._simplest(terms)

    __radd__ = __add__

    def __mul__(self, other: Size) -> Size:
        if other == 1:
            return self
        if not isinstance(other, Dim):
            return Dim({m: c * other for m, c in self.terms.items()}, self.facts) if other else 0
        if len(self.terms) * len(other.terms) > MOST_TERMS or self._degree() + other._degree() > MOST_FACTORS:
            raise ShapeError(f"a size is a product of more than {MOST_FACTORS} others, or a sum of {MOST_TERMS} terms")
        terms: dict[Monomial, int] = {}
        for m, c in self.terms.items():
            for k, d in other.terms.items():
                both = tuple(sorted((*m, *k), key=_atom_key))
                terms[both] = terms.get(both, 0) + c * d
        return self._simplest(terms)

    __rmul__ = __mul__

    def _degree(self) -> int:
        return max(map(len, self.terms), default=0)

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size) -> Size:
        return self + other * -1

    def __rsub__(self, other: Size) -> Size:
        return self * -1 + other

    def __floordiv__(self, other: Size) -> Size:
        return floor_quotient(self, other, self.facts)

    def __rfloordiv__(self, other: Size) -> Size:
        return floor_quotient(other, self, self.facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def evaluate(self, sizes: Mapping[str, int]) -> int:
        """The number, given one for each symbol."""
        total = 0
        for mono, factor in self.terms.items():
            for atom in mono:
                factor *= _atom_value(atom, sizes)
            total += factor
        return total

    def substitute(self, known: Mapping[str, Size]) -> Size:
        """The same expression with symbols replaced."""
        total: Size = 0
        for mono, factor in self.terms.items():
            term: Size = factor
            for atom in mono:
                if isinstance(atom, str):
                    term = term * (known[atom] if atom in known else Dim({(atom,): 1}, self.facts))
                else:
                    left, right = substitute(atom[1], known), substitute(atom[2], known)
                    value = floor_quotient(left, right, self.facts) if atom[0] == "//" else smaller(left, right)
                    term = term * value
            total = total + term
        return total

    def __repr__(self) -> str:
        def show(mono: Monomial, factor: int) -> str:
            names = [_atom_key(a) for a in mono]
            return "*".join(([] if factor == 1 and names else [str(factor)]) + names)

        if self._text is None:
            self._text = " + ".join(show(m, c) for m, c in self.terms.items()).replace("+ -", "- ")
        return self._text


Size = int | Dim
UserSize = int | Dim | None
Evaluator = Callable[[Size], int]


def _terms(size: Size) -> Mapping[Monomial, int]:
    return size.terms if isinstance(size, Dim) else {(): size}


def evaluate(size: Size, sizes: Mapping[str, int]) -> int:
    return size.evaluate(sizes) if isinstance(size, Dim) else size


def evaluator(sizes: Mapping[str, int]) -> Evaluator:
    """`evaluate` for these sizes, for a program that asks for few sizes many times."""
    known: dict[Dim, int] = {}

    def value(size: Size) -> int:
        if not isinstance(size, Dim):
            return size
        found = known.get(size)
        if found is None:
            found = known[size] = size.evaluate(sizes)
        return found

    return value


def substitute(size: Size, known: Mapping[str, Size]) -> Size:
    return size.substitute(known) if isinstance(size, Dim) else size


def symbols(size: Size) -> set[str]:
    """Names of the symbols in an expression, those inside quotients too."""
    if not isinstance(size, Dim):
        return set()
    atoms = [atom for mono in size.terms for atom in mono]
    inside = [symbols(part) for atom in atoms if not isinstance(atom, str) for part in atom[1:]]
    return {a for a in atoms if isinstance(a, str)}.union(*inside)


def floor_quotient(top: Size, bottom: Size, facts: SizeFacts) -> Size:
    """top // bottom, exact division of polynomials where it is one."""
    if isinstance(top, int) and isinstance(bottom, int):
        return top // bottom
    below = _terms(bottom)
    if len(below) == 1:
        (mono, factor), = below.items()
        terms: dict[Monomial, int] = {}
        for m, c in _terms(top).items():
            rest = list(m)
            for atom in mono:
                if atom not in rest:
                    break
                rest.remove(atom)
            else:
                if c % factor == 0:
                    terms[tuple(rest)] = c // factor
                    continue
            break
        else:
            return Dim({}, facts)._simplest(terms)
    return Dim({(("//", top, bottom),): 1}, facts)


def smaller(a: Size, b: Size) -> Size:
    """The smaller of two sizes, neither of them negative."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    if a == b or b == 0:
        return b
    if a == 0:
        return a
    if isinstance(b, int) or (isinstance(a, Dim) and _remainder(a) and not _remainder(b)):
        a, b = b, a
    assert isinstance(b, Dim), "one of them is an expression"
    rest = _remainder(b)
    if rest is not None:
        whole, cut = rest
        limit = _limit(a, whole, cut)
        if isinstance(limit, int):          # slices of slices would otherwise double in length each time
            return smaller(limit + cut, whole) - smaller(cut, whole)
    return Dim({(("min", a, b),): 1}, b.facts)


def _limit(size: Size, whole: Dim, cut: int) -> Size:
    """A number that may stand for `size` beside what is left of `whole` without `cut` elements, or the size itself.

    min(k, whole) may be k, since no rest is longer than the whole. min(k, whole) - min(j, whole) with j <= cut is
    min(k - j, a longer rest), and may be k - j.
    """
    if not isinstance(size, Dim):
        return size
    found: dict[int, int] = {}              # factor -> k
    for mono, factor in size.terms.items():
        is_minimum = len(mono) == 1 and not isinstance(mono[0], str) and mono[0][0] == "min" and mono[0][2] == whole
        if not is_minimum or not isinstance(mono[0][1], int) or factor in found:
            return size
        found[factor] = mono[0][1]
    if set(found) == {1}:
        return found[1]
    return found[1] - found[-1] if set(found) == {1, -1} and found[-1] <= min(cut, found[1]) else size


def _remainder(size: Dim) -> tuple[Dim, int] | None:
    """`whole` and `cut` where the size is whole - min(cut, whole): an axis without `cut` of its elements."""
    for mono, factor in size.terms.items():
        if factor == -1 and len(mono) == 1 and not isinstance(mono[0], str) and mono[0][0] == "min":
            _, cut, whole = mono[0]
            if isinstance(cut, int) and size + Dim({mono: 1}, size.facts) == whole:
                return whole, cut
    return None


def product(sizes: Iterable[Size]) -> Size:
    total: Size = 1
    for size in sizes:
        total = size * total
    return total


@dataclass(frozen=True)
class Claim:
    """Two sizes that have to be the same, what is wrong if they are not, and the node that says so."""

    a: Size
    b: Size
    problem: str
    reason: str


class SizeFacts:
    """What one compilation has assumed about the symbols: which are equal, and which have a known value.

    `known` maps a symbol to what replaces it; `claims` are the equalities with the node that needed them, to be
    checked against the real sizes when the program is bound; so are `several`, sizes taken to be other than 1.
    `because` gives that node while it is inferred. Some symbols get their numbers late, while the program runs: `late`
    says after which others; an earlier one is never expressed by a later one. `choices` are branches that were taken to
    want and to give the same sizes; another program may wait for which of them runs.
    """

    def __init__(self) -> None:
        self.known: dict[str, Size] = {}
        self.late: dict[str, int] = {}
        self.claims: list[Claim] = []
        self.several: list[Size] = []
        self.because: Callable[[], str] = str
        self.choices: set[str] = set()

    def symbol(self, name: str) -> Dim:
        return Dim({(name,): 1}, self)

    def late_symbol(self, name: str) -> Dim:
        """A symbol that gets its number after all those that exist."""
        self.late.setdefault(name, len(self.late) + 1)
        return self.symbol(name)

    def _may_become(self, symbol: str, size: Size) -> bool:
        """Whether the number of a symbol may be taken from an expression."""
        others = symbols(size)
        own = self.late.get(symbol, 0)
        return symbol not in others and all(self.late.get(other, 0) <= own for other in others)

    def resolve(self, size: Size) -> Size:
        """`size` with everything that is known put in."""
        while isinstance(size, Dim) and self.known:
            better = size.substitute(self.known)
            if better == size:
                return size
            size = better
        return size

    def claim(self, a: Size, b: Size, problem: str) -> None:
        """Write down that two sizes have to be the same, without drawing conclusions from it."""
        self.claims.append(Claim(a, b, problem, self.because()))

    def suppose_several(self, size: Size) -> None:
        """Assume that a size is not 1."""
        if size not in self.several:
            self.several.append(size)

    def equate(self, a: Size, b: Size, problem: str = "sizes differ") -> Size:
        """Assume that two sizes are the same; returns the simpler one. `problem` says what is wrong if not.

        Raises
        ------
        ShapeError if they are two different numbers.
        """
        left, right = self.resolve(a), self.resolve(b)
        if left == right:
            return left
        if isinstance(left, int) and isinstance(right, int):
            raise ShapeError(f"{problem}: {left} and {right}")
        self.claim(a, b, problem)
        if isinstance(left, Dim) and left.symbol is not None and self._may_become(left.symbol, right):
            self.known[left.symbol] = right
            return right
        if isinstance(right, Dim) and right.symbol is not None and self._may_become(right.symbol, left):
            self.known[right.symbol] = left
        return left if not self.late or _latest(left, self.late) <= _latest(right, self.late) else right


def _latest(size: Size, late: Mapping[str, int]) -> int:
    return max((late.get(symbol, 0) for symbol in symbols(size)), default=0)


def equal(a: UserSize, b: UserSize) -> bool:
    """Whether two sizes are certainly the same."""
    return a is not None and a == b


def merge(a: UserSize, b: UserSize, problem: str) -> UserSize:
    """The common size of two axes that have to agree.

    Raises
    ------
    ShapeError, with `problem` naming the axes, if both are known and differ.
    """
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, Dim):
        return a.facts.equate(a, b, problem or "sizes differ")
    if isinstance(b, Dim):
        return b.facts.equate(b, a, problem or "sizes differ")
    if a != b:
        raise ShapeError(f"{problem}: {a} and {b}")
    return a


def require_equal(a: UserSize, b: UserSize, problem: str, fix: str | None = None) -> None:
    """Have two sizes that have to be the same compared as soon as both are known, and nothing concluded from it.

    Raises
    ------
    ShapeError, with `problem` naming them, if both are known and differ.
    """
    facts = next((size.facts for size in (a, b) if isinstance(size, Dim)), None)
    if a is None or b is None or a == b:
        return
    if facts is None:
        raise ShapeError(f"{problem}: {a} and {b}", fix=fix)
    facts.claim(a, b, problem)


def broadcast(a: UserSize, b: UserSize, problem: str) -> UserSize:
    """The size of two axes that meet elementwise: equal, or one of them is 1."""
    if a == 1:
        return b
    if b == 1:
        return a
    if a is None or b is None:
        known = b if a is None else a
        return known                        # an unknown size can only be that, or 1
    return merge(a, b, problem)


class Shape(tuple[UserSize, ...]):
    """Sizes of a tensor's axes, None where not known yet; compares with tuples and lists.

    ``Shape(None)`` is a shape of unknown rank.
    """

    rank: int | None

    def __new__(cls, sizes: Iterable[UserSize] | int | None = ()) -> Shape:
        if type(sizes) is Shape:
            return sizes
        items = (sizes,) if isinstance(sizes, int) else () if sizes is None else sizes
        self = super().__new__(cls, items)
        self.rank = None if sizes is None else len(self)
        return self

    @property
    def ndims(self) -> int | None:
        return self.rank

    @property
    def dims(self) -> list[UserSize] | None:
        return None if self.rank is None else list(self)

    def as_list(self) -> list[UserSize]:
        if self.rank is None:
            raise ShapeError("as_list() of a shape of unknown rank")
        return [None if isinstance(s, Dim) else s for s in self]

    def is_fully_defined(self) -> bool:
        return self.rank is not None and all(isinstance(s, int) for s in self)

    def numbers(self) -> tuple[int, ...]:
        """The sizes, all of them known.

        Raises
        ------
        ShapeError if one is not.
        """
        if not self.is_fully_defined():
            raise ShapeError(f"shape {self} has sizes that are not known")
        return tuple(s for s in self if isinstance(s, int))

    def num_elements(self) -> int | None:
        return int(product(self)) if self.is_fully_defined() else None  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Shape):
            return self.rank == other.rank and tuple.__eq__(self, other)
        return self.rank is not None and isinstance(other, (tuple, list)) and tuple.__eq__(self, tuple(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return tuple.__hash__(self) if self.rank is not None else hash(None)

    def __str__(self) -> str:
        if self.rank is None:
            return "<unknown>"
        return tuple.__repr__(self) if _unknown == "None" else self._with_unknown(_unknown)

    def _with_unknown(self, sign: str) -> str:
        sizes = [sign if s is None else repr(s) for s in tuple.__iter__(self)]
        return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

    def __repr__(self) -> str:
        return "TensorShape(None)" if self.rank is None else f"TensorShape({list(self)})"


UNKNOWN = Shape(None)
_unknown = "None"
_looked_at: Callable[[Shape], Shape] | None = None


def show_shapes(unknown: str = "None", looked_at: Callable[[Shape], Shape] | None = None) -> None:
    """How shapes are shown in this process from now on.

    Parameters
    ----------
    unknown : what stands for a size that is not known
    looked_at : what `get_shape` makes of a shape; the shape itself if None
    """
    global _unknown, _looked_at
    _unknown, _looked_at = unknown, looked_at


def as_looked_at(shape: Shape) -> Shape:
    """A shape as `get_shape` gives it."""
    return shape if _looked_at is None else _looked_at(shape)
