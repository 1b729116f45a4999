"""Numbers, dtypes and shapes as the few characters there is room for on a card."""
from __future__ import annotations

import math
from collections.abc import Sequence

SHORT = {"float": "f", "bfloat": "bf", "int": "i", "uint": "u", "complex": "c"}


def number(value: float) -> str:
    """At most seven characters: "0.13", "1.2e+06", "NaN"."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value and not 1e-3 <= abs(value) < 1e5:
        return small(value)
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "0" if text == "-0" else text


def brief(value: float, around: float = 0.0) -> str:
    """With two digits that count; what is nothing beside `around` is 0."""
    if math.isfinite(value) and abs(value) < 1e-3 * around:
        return "0"
    if not math.isfinite(value) or (value and not 1e-3 <= abs(value) < 1e4):
        return number(value)
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"


def precise(value: float) -> str:
    """With three digits that count, after at most four places: "0.0841"."""
    return f"{value:.4f}" if 1e-3 <= abs(value) < 10 else number(value)


def small(value: float) -> str:
    """With one digit after the point and a power of ten: "3.1e-3"."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def seconds(value: float) -> str:
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.2f} ms" if value >= 1e-5 else f"{value * 1e6:.1f} µs"


def bytes_of(count: int) -> str:
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    if count >= 1e5:
        return f"{count / 1e6:.1f} MB"
    return f"{count / 1e3:.1f} kB" if count >= 1e3 else f"{count} B"


def dtype(name: str) -> str:
    """ "f32" of "float32". """
    stem = name.rstrip("0123456789")
    return SHORT[stem] + name[len(stem):] if stem in SHORT else name


def sizes(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) or "scalar"
