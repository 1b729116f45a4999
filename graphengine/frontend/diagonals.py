"""Matrices and their diagonals, one or several side by side. One alone, without borders, is an op of its own.

Several diagonals are the rows of one matrix, the uppermost first, each as long as the longest; `align` says at which
end the shorter ones of the upper and of the lower half stand.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import AttributeValueError, ShapeError
from ..ir.node import Tensor
from ..ops.indexing import as_size, numbers_in
from ..ops.language import L
from ..ops.matrices import Diag, DiagPart, SetDiag
from . import pieces
from .build import convert_to_tensor

ALIGNS = ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT")


def _band(k: Any, align: str, function: str) -> tuple[int, int]:
    """The lowest and the uppermost diagonal."""
    numbers = pieces.known_value(k, "k").reshape(-1).tolist()
    if len(numbers) not in (1, 2) or numbers != sorted(numbers) or not all(isinstance(n, int) for n in numbers):
        raise AttributeValueError(f"k={k!r}; it takes the number of a diagonal, or the lowest and the uppermost one",
                                  op=f"linalg.{function}")
    if align not in ALIGNS:
        raise AttributeValueError(f"align={align!r}; it takes one of {ALIGNS}", op=f"linalg.{function}")
    return numbers[0], numbers[-1]


def _least(a: Any, b: Any) -> Any:
    return L.minimum(a, b) if isinstance(a, Tensor) or isinstance(b, Tensor) else min(a, b)


def _most(a: Any, b: Any) -> Any:
    return L.maximum(a, b) if isinstance(a, Tensor) or isinstance(b, Tensor) else max(a, b)


def _length(rows: Any, columns: Any, low: int, high: int) -> Any:
    """Of the longest of these diagonals."""
    return _least(rows + min(high, 0), columns - max(low, 0))


def _ahead(numbers: Any, rows: Any, columns: Any, longest: Any, align: str) -> tuple[Any, Any]:
    """How far from the left diagonals with these numbers begin, and how long they are."""
    length = L.minimum(rows + L.minimum(numbers, 0), columns - L.maximum(numbers, 0))
    upper, lower = (side == "RIGHT" for side in align.split("_"))
    is_right = ((numbers > 0) & upper) | ((numbers < 0) & lower) | ((numbers == 0) & (upper and lower))
    return L.where(is_right, longest - length, 0), length


def _of_band(diagonals: Any, rows: Any, columns: Any, band: tuple[int, int], align: str) -> tuple[Any, Any]:
    """What matrices hold on a band of diagonals, anything elsewhere, and where the band is."""
    low, high = band
    row, column = L.expand_dims(pieces.range(rows), 1), L.expand_dims(pieces.range(columns), 0)
    number = column - row
    inside = (number >= low) & (number <= high)
    longest = numbers_in(L.shape_of(diagonals))[-1]
    ahead, _ = _ahead(number, rows, columns, longest, align)
    places = L.where(inside, (high - number) * longest + L.minimum(row, column) + ahead, 0)
    batch = numbers_in(L.shape_of(diagonals))[:-1 if low == high else -2]
    flat = L.reshape(diagonals, (*batch, (high - low + 1) * longest))
    return L.gather(flat, places, None, -1), inside


def diag(
    diagonal: Any, name: str = "diag", k: Any = 0, num_rows: int = -1, num_cols: int = -1, padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    """Matrices with given diagonals and a number elsewhere.

    Parameters
    ----------
    k : number of the diagonal, above the main one if positive; or the lowest and the uppermost of several
    num_rows, num_cols : -1 for as few as hold the diagonals, and as many of both if both are -1
    align : "RIGHT_LEFT" if rows of shorter diagonals above the main one stand at the right, of those below at the left

    Raises
    ------
    ShapeError if the sizes do not fit the diagonals.

    Shapes
    ------
    diagonal : (..., n), or (..., number of diagonals, n) for several; n is the length of the longest
    result : (..., num_rows, num_cols)

    Examples
    --------
    >>> import graphengine as tf
    >>> print(tf.linalg.diag([[0, 8, 9], [1, 2, 3]], k=(0, 1)).numpy())
    [[1 8 0]
     [0 2 9]
     [0 0 3]]
    """
    low, high = band = _band(k, align, "diag")
    x = convert_to_tensor(diagonal)
    wanted = as_size(num_rows), as_size(num_cols)
    if low == high and wanted == (-1, -1) and isinstance(padding_value, (int, float)) and not padding_value:
        return L.diag(x, low, name=name)
    _check_count(x, band, "diag")
    longest = numbers_in(L.shape_of(x))[-1]
    least = longest - min(high, 0), longest + max(low, 0)
    rows, columns = (n if w == -1 else w for n, w in zip(least, wanted, strict=True))
    if wanted == (-1, -1):
        rows = columns = _most(*least)
    known = not any(isinstance(n, Tensor) for n in (rows, columns, *least))
    if known and (rows < least[0] or columns < least[1] or (rows > least[0] and columns > least[1])):
        raise ShapeError(f"{rows} rows and {columns} columns do not fit diagonals {low} to {high} of length {longest}",
                         op="linalg.diag", fix=f"{least[0]} rows, or {least[1]} columns, and no fewer of the others")
    found, inside = _of_band(x, rows, columns, band, align)
    return L.where(inside, found, L.cast(padding_value, x.dtype), name=name)


def _check_count(diagonals: Any, band: tuple[int, int], function: str) -> None:
    count, shape = band[1] - band[0] + 1, diagonals.shape
    if shape.rank == 0 or (count > 1 and (shape.rank == 1 or shape[-2] not in (count, None))):
        raise ShapeError(f"diagonals have shape {shape}; there are to be {count}, k={band}", op=f"linalg.{function}")


def diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Any:
    """The diagonals of matrices; arguments are those of `diag`.

    padding_value : what fills the rows of shorter diagonals

    Shapes
    ------
    input : (..., m, n)
    result : (..., length), or (..., number of diagonals, length of the longest) for several
    """
    low, high = _band(k, align, "diag_part")
    x = convert_to_tensor(input)
    if low == high:
        return L.diag_part(x, low, name=name)
    *batch, rows, columns = _sizes(x, low, high, "diag_part")
    longest = _length(rows, columns, low, high)
    number = L.expand_dims(pieces.range(high, low - 1, -1), 1)
    ahead, length = _ahead(number, rows, columns, longest, align)
    along = L.expand_dims(pieces.range(longest), 0) - ahead
    inside = (along >= 0) & (along < length)
    places = (along + L.maximum(-number, 0)) * columns + along + L.maximum(number, 0)
    found = L.gather(L.reshape(x, (*batch, rows * columns)), L.where(inside, places, 0), None, -1)
    return L.where(inside, found, L.cast(padding_value, x.dtype), name=name)


def _sizes(x: Any, low: int, high: int, function: str) -> list[Any]:
    """Of matrices that have these diagonals."""
    sizes = numbers_in(L.shape_of(x))
    if len(sizes) < 2:
        raise ShapeError(f"input has shape {x.shape}; a matrix has at least two axes", op=f"linalg.{function}")
    rows, columns = sizes[-2:]
    if (isinstance(rows, int) and low <= -rows < 0) or (isinstance(columns, int) and 0 < columns <= high):
        raise ShapeError(f"k={(low, high)} is outside of matrices of {rows} by {columns}", op=f"linalg.{function}")
    return sizes


def set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """Matrices with given numbers on diagonals; arguments are those of `diag`.

    Shapes
    ------
    input, result : (..., m, n)
    diagonal : (..., length), or (..., number of diagonals, length of the longest) for several
    """
    low, high = band = _band(k, align, "set_diag")
    x = convert_to_tensor(input)
    diagonals = convert_to_tensor(diagonal, x.dtype)
    if low == high:
        return L.set_diag(x, diagonals, low, name=name)
    *batch, rows, columns = _sizes(x, low, high, "set_diag")
    _check_count(diagonals, band, "set_diag")
    longest = _length(rows, columns, low, high)
    given = numbers_in(L.shape_of(diagonals))
    wanted = [*batch, high - low + 1, longest]
    if len(given) != len(wanted) or any(
            isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(given, wanted, strict=True)):
        raise ShapeError(f"input has shape {x.shape}, diagonals {diagonals.shape}; for k={band} it is to be {wanted}",
                         op="linalg.set_diag")
    found, inside = _of_band(L.reshape(diagonals, wanted), rows, columns, band, align)
    return L.where(inside, found, x, name=name)


diag.op, diag_part.op, set_diag.op = Diag, DiagPart, SetDiag  # type: ignore[attr-defined]

FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (diag, diag_part, set_diag)}
