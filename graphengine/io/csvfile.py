"""Columns of numbers in the text of a csv file. What parts its cells is found: commas, semicolons or tabs.

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
    """
    try:
        found = {sign: next(csv.reader(io.StringIO(text, newline=""), delimiter=sign), []) for sign in DELIMITERS}
    except csv.Error as error:
        raise FileFormatError(f"the line is no csv: {error}", at=f"{file}:1", fix="correct the line") from None
    sign = max(DELIMITERS, key=lambda sign: ('"' not in "".join(found[sign]), len(found[sign])))   # no torn quotes
    return [cell.strip() for cell in found[sign]], sign


def columns_of(text: str, names: Sequence[str], file: str) -> list[list[float]]:
    """The numbers of some columns; whole ones are ints.

    Raises
    ------
    FileFormatError for a column that is not there or there twice, a line of another length than the header, a cell
    that is no finite number; with line and column.
    """
    columns: list[list[float]] = [[] for _ in names]
    header, sign = header_of(text, file)
    places = [_place(name, header, file) for name in names]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    try:
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
    text = cell.strip()
    if has_commas and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        value = int(text) if text.lstrip("+-").isdecimal() and len(text) < 19 else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        problem = f"{brief(cell)} is not a finite number" if text else "the cell is empty"
        raise FileFormatError(f"column {brief(column)}: {problem}", at=at, fix="write a number, or remove the line")
    return value
