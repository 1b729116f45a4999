"""Columns of numbers in the text of a csv file. What parts its cells is found: commas, semicolons or tabs.

The first line has the columns' names. One of numbers only is a row, and the columns are column_1, column_2 and so on,
unless who reads them calls them by these numbers, as years.

Where semicolons or tabs part them, a comma in a number is its decimal sign, as spreadsheets write it in half of Europe.
"""
from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from ..errors import FileFormatError, suggestion
from .files import brief

DELIMITERS = (",", ";", "\t")               # of those that part a header into as many cells the first is meant


def decoded(data: bytes, file: str) -> str:
    """The text of a file.

    Raises
    ------
    FileFormatError if it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"the file is not text in UTF-8 (byte {error.start:,})", at=file,
                              fix="save it as csv in UTF-8") from None


def header_of(text: str, file: str = "the text") -> tuple[list[str], str]:
    """The names of the columns, and the sign that parts them; [] without any.

    Raises
    ------
    FileFormatError for a line that is no csv.

    Examples
    --------
    >>> header_of('size;"price, net"' + chr(10) + '1,5;2')
    (['size', 'price, net'], ';')
    >>> header_of('1,5;2')
    (['column_1', 'column_2'], ';')
    """
    cells, sign = _first_line(text, file)
    return _numbered(cells) if _is_row(cells, sign) else cells, sign


def _first_line(text: str, file: str) -> tuple[list[str], str]:
    try:
        found = {sign: next(csv.reader(io.StringIO(text, newline=""), delimiter=sign), []) for sign in DELIMITERS}
    except csv.Error as error:
        raise FileFormatError(f"the line is no csv: {error}", at=f"{file}:1", fix="correct the line") from None
    sign = max(DELIMITERS, key=lambda sign: (
        '"' not in "".join(found[sign]),        # no torn quotes
        _is_row(found[sign], sign) and len(found[sign]) > 1, len(found[sign])))
    return [cell.strip() for cell in found[sign]], sign


def _numbered(cells: Sequence[str]) -> list[str]:
    return [f"column_{k}" for k in range(1, len(cells) + 1)]


def _is_row(cells: Sequence[str], sign: str) -> bool:
    """Whether a first line has numbers only."""
    return bool(cells) and all(_parsed(cell, sign != ",") is not None for cell in cells)


def columns_of(text: str, names: Sequence[str], file: str) -> list[list[float]]:
    """The numbers of some columns; whole ones are ints.

    Raises
    ------
    FileFormatError for a column that is not there or there twice, a line of another length than the header, a cell
    that is no finite number; with line and column.
    """
    columns: list[list[float]] = [[] for _ in names]
    header, sign = _first_line(text, file)
    is_row = _is_row(header, sign) and not set(header) & set(names)
    if is_row:
        header = _numbered(header)
    places = [_place(name, header, file) for name in names]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    try:
        if not is_row:
            next(reader, None)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                has = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
                raise FileFormatError(f"the line has {has}, the header {len(header)}",
                                      at=f"{file}:{reader.line_num}", fix="correct the line")
            for name, place, column in zip(names, places, columns, strict=True):
                column.append(_number(cells[place], sign != ",", name, f"{file}:{reader.line_num}"))
    except csv.Error as error:
        raise FileFormatError(f"the line is no csv: {error}", at=f"{file}:{reader.line_num}",
                              fix="correct the line") from None
    return columns


def _place(name: str, header: list[str], file: str) -> int:
    if name not in header:
        raise FileFormatError(f"there is no column {brief(name)}", at=f"{file}:1",
                              fix=suggestion(name, header) or f"it has {', '.join(header)[:200] or 'no header'}")
    if header.count(name) > 1:
        raise FileFormatError(f"two columns are called {brief(name)}", at=f"{file}:1", fix="rename one of them")
    return header.index(name)


def _number(cell: str, has_commas: bool, column: str, at: str) -> float:
    """A cell as an int where it is written as one, else as a float."""
    value = _parsed(cell, has_commas)
    if value is None:
        problem = f"{brief(cell)} is not a finite number" if cell.strip() else "the cell is empty"
        raise FileFormatError(f"column {brief(column)}: {problem}", at=at, fix="write a number, or remove the line")
    return value


def _parsed(cell: str, has_commas: bool) -> float | None:
    """None if a cell is no finite number."""
    text = cell.strip()
    if has_commas and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        value = int(text) if text.lstrip("+-").isdecimal() and len(text) < 19 else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
