"""JSON text and plain values, stricter than Python's own reader; nothing here knows what a graph is."""
from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from ..errors import FileFormatError
from .files import brief


class Mismatch(Exception):
    """A value that is not what its place asks for; `fix` is what to write instead."""

    def __init__(self, problem: str, fix: str = "correct the value") -> None:
        super().__init__(problem)
        self.fix = fix


def parse_json(data: bytes, file: str) -> Any:
    """The value of a JSON text. Stricter than Python's reader: no NaN, no overflow, no key twice.

    Raises
    ------
    FileFormatError with line and column, where the text is not JSON.
    """
    try:
        return json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_unique_keys, parse_constant=_no_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        place = f"{file}:{error.lineno}:{error.colno}"
        short = error.pos >= len(data.decode("utf-8-sig").rstrip())
        raise FileFormatError(
            "the file ends in the middle" if short else f"the file is not JSON: {error.msg}", at=place,
            fix="restore the file from a copy" if short else "correct the text at that place",
        ) from None
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"the file is not text in UTF-8 (byte {error.start:,})", at=file, fix="check that it is the right file"
        ) from None
    except RecursionError:
        raise FileFormatError("the file nests too deeply", at=file, fix="check that it is the right file") from None
    except Mismatch as error:
        raise FileFormatError(str(error), at=file, fix=error.fix) from None
    except ValueError as error:             # a number of thousands of digits
        raise FileFormatError(f"the file holds a number that cannot be read: {error}", at=file,
                              fix="correct the number") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Mismatch(f"an object has the key {brief(twice)} twice", "keep one of them")
    return found


def _no_constant(text: str) -> NoReturn:
    raise Mismatch(f"{text} is no number of JSON", 'write "nan", "inf" or "-inf" with the quotes')


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Mismatch(f"the number {brief(text)} is too large", 'use a smaller one, or "inf" with the quotes')
    return value


def compact(value: Any, *, sort_keys: bool = False) -> str:
    """JSON on one line.

    Raises
    ------
    Mismatch for what JSON cannot say.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=sort_keys)
    except (TypeError, ValueError) as error:
        fix = "use finite numbers, strings, lists and dicts"
        raise Mismatch(f"it cannot be written as JSON: {error}", fix) from None
    except RecursionError:
        raise Mismatch("it nests too deeply to be written", "make it flatter") from None
