"""Tensors cut into parts, turned, chosen from, and their axes taken apart and joined by name."""
from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...dtypes import as_dtype
from ...errors import AttributeValueError, ShapeError
from ...frontend import pieces
from ...ops.language import L
from .arrangement import diag, ravel, split
from .pointwise import truth
from .promotion import tensor, together


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis by their number, the first ones larger by one where it does not come out even."""
    found = tensor(x)
    if not isinstance(indices_or_sections, int):
        return split(found, indices_or_sections, axis)
    each, more = divmod(int(found.shape[axis]), indices_or_sections)
    return pieces.split(found, [each + 1] * more + [each] * (indices_or_sections - more), axis)


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the first axis; see `split`."""
    return split(x, indices_or_sections, 0)


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the second axis, of vectors along the first; see `split`."""
    return split(x, indices_or_sections, 0 if tensor(x).rank == 1 else 1)


def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the third axis; see `split`."""
    return split(x, indices_or_sections, 2)


def dstack(xs: Sequence[Any]) -> Any:
    """Tensors behind each other: along the third axis."""
    return L.concat([_deep(x) for x in together(*xs)], 2)


def _deep(x: Any) -> Any:
    x = L.reshape(x, (1, -1)) if x.rank < 2 else x
    return L.expand_dims(x, 2) if x.rank == 2 else x


def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix with all elements on a diagonal."""
    return diag(ravel(x), k)


def flipud(x: Any) -> Any:
    """Elements in the opposite order along the first axis."""
    return L.reverse(tensor(x), [0])


def fliplr(x: Any) -> Any:
    """Elements in the opposite order along the second axis."""
    return L.reverse(tensor(x), [1])


def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Turned `k` times by a right angle, from the first of two axes to the second.

    Raises
    ------
    ShapeError for less than two axes; AttributeValueError unless two different ones are named.
    """
    found = tensor(array)
    if found.rank < 2:
        raise ShapeError(f"{found.rank} axes; a plane has two", op="rot90")
    if len(axes) != 2 or axes[0] % found.rank == axes[1] % found.rank:
        raise AttributeValueError(f"axes={axes}; they are two different ones", op="rot90")
    first, second = (a % found.rank for a in axes)
    order = list(range(found.rank))
    order[first], order[second] = second, first
    turned = {0: lambda: found, 1: lambda: L.transpose(L.reverse(found, [second]), tuple(order)),
              2: lambda: L.reverse(found, [first, second]),
              3: lambda: L.reverse(L.transpose(found, tuple(order)), [second])}
    return turned[k % 4]()


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Elements of the first tensor whose condition holds, `default` where none does.

    Raises
    ------
    AttributeValueError unless there is a condition, and a tensor for each one.
    """
    for name, given in (("condlist", condlist), ("choicelist", choicelist)):
        if not isinstance(given, (list, tuple)) or not given:
            raise AttributeValueError(f"{name} is no list of tensors", op="select")
    if len(condlist) != len(choicelist):
        raise AttributeValueError(f"{len(condlist)} conditions for {len(choicelist)} tensors", op="select")
    *choices, found = together(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        found = L.where(truth(condition), choice, found)
    return found


def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Any, ...]:
    """For each axis the indices of elements that are counted through all of a tensor of a shape."""
    if None in shape:
        raise AttributeValueError(f"shape={shape}; all its sizes have to be known", op="unravel_index")
    left, found = tensor(indices), []
    for size in reversed(shape):
        found.append(L.floormod(left, size))
        left = L.floordiv(left, size)
    return tuple(reversed(found))


def view(x: Any, dtype: Any = None) -> Any:
    """The same bytes as numbers of another dtype: more or fewer along the last axis if its size differs.

    Raises
    ------
    ShapeError if the bytes along the last axis are no whole number of elements.
    """
    found = tensor(x)
    wanted = found.dtype if dtype is None else as_dtype(dtype)
    old, new = found.dtype.size, wanted.size
    if old == new:
        return L.bitcast(found, wanted)
    if not found.rank or int(found.shape[-1]) * old % new:
        raise ShapeError(f"{found.dtype.name} numbers of shape {found.shape} are no whole number of {wanted.name} ones",
                         op="view")
    *rest, last = found.shape
    if old < new:
        return L.bitcast(_shaped(found, (*rest, int(last) * old // new, new // old)), wanted)
    return _shaped(L.bitcast(found, wanted), (*rest, int(last) * old // new))


def _shaped(x: Any, sizes: Sequence[Any]) -> Any:
    """A tensor in another shape, in which at most one size is not known."""
    return L.reshape(x, tuple(n if isinstance(n, int) else -1 for n in sizes))


# -------------------------------------------------------------------- axes by name

def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Axes in another order, taken apart or joined: ``"b (h p) w -> b h (p w)"``.

    Parameters
    ----------
    pattern : names of the axes before and after the arrow, those that are or become one axis in parentheses
    axes_lengths : sizes of the parts of axes that are taken apart; of each axis one may be left out

    Raises
    ------
    AttributeValueError for a pattern that names other axes after the arrow, or a part whose size is not known;
    ShapeError if it does not fit the tensor.
    """
    found = L.identity(tensor)
    before, _, after = pattern.partition("->")
    groups, wanted = _groups(before), _groups(after)
    names, order = ([name for group in side for name in group] for side in (groups, wanted))
    if strange := re.findall(r"[^\w\s()]+", before + after):
        raise AttributeValueError(f"{pattern!r} has {strange[0]!r}; it takes names and parentheses", op="rearrange")
    if unknown := sorted(set(axes_lengths) - set(names)):
        raise AttributeValueError(f"{pattern!r} names no axis {unknown[0]!r}", op="rearrange")
    if sorted(names) != sorted(order) or len(set(names)) != len(names):
        raise AttributeValueError(f"{pattern!r} does not name the same axes before and after the arrow", op="rearrange")
    if len(groups) != found.rank:
        raise ShapeError(f"{pattern!r} names {len(groups)} axes; the tensor has {found.rank}", op="rearrange")
    sizes: dict[str, Any] = dict(axes_lengths)
    for group, size in zip(groups, found.shape, strict=True):
        sizes.update(_sizes(group, size, axes_lengths))
    parts = found if len(names) == found.rank else _reshaped(found, [[name] for name in names], sizes)
    moved = L.transpose(parts, tuple(names.index(name) for name in order))
    return moved if len(wanted) == len(order) else _reshaped(moved, wanted, sizes)


def _groups(side: str) -> list[list[str]]:
    return [re.findall(r"\w+", word) for word in re.findall(r"\w+|\([^)]*\)", side)]


def _sizes(group: Sequence[str], whole: Any, known: Any) -> dict[str, Any]:
    """The sizes of the axes that an axis consists of."""
    missing = [name for name in group if name not in known]
    given = prod(known[name] for name in group if name in known)
    if len(missing) > 1:
        raise AttributeValueError(f"the sizes of {' and '.join(missing)} are not known", op="rearrange",
                                  fix=f"give {missing[0]}=...")
    if not isinstance(whole, int):
        return dict.fromkeys(missing)
    if not given or whole % given or (not missing and whole != given):
        raise ShapeError(f"an axis of {whole} does not consist of parts of {given}", op="rearrange")
    return dict.fromkeys(missing, whole // given)


def _reshaped(x: Any, groups: Sequence[Sequence[str]], sizes: Any) -> Any:
    known = [[sizes[name] for name in group] for group in groups]
    return L.reshape(x, tuple(int(np.prod(g)) if all(isinstance(n, int) for n in g) else -1 for g in known))
