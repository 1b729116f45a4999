"""Numbers as people read them: few digits, and units. Plain text; a minus is a minus sign, thousands are parted."""
from __future__ import annotations

import math

UNITS = ("B", "kB", "MB", "GB", "TB")


def number(value: float | None, digits: int = 4) -> str:
    """A number in few significant digits; "–" where there is none."""
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < 1e6:
        text = f"{int(value):,}"
    elif 1e3 <= abs(value) < 1e6:
        text = f"{value:,.{max(digits - 4, 0)}f}"
    else:
        text = f"{value:.{digits}g}"
    mantissa, exponent, power = text.partition("e")
    return (f"{mantissa}e{int(power)}" if exponent else text).replace("-", "−")


def byte_count(count: float) -> str:
    """Bytes in a unit of a thousand: "1.44 MB"."""
    size, unit = float(count), 0
    while size >= 999.5 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} B" if not unit else f"{size:.3g} {UNITS[unit]}"


def duration(seconds: float) -> str:
    """A time in a unit that suits it: "3.1 µs", "12 ms", "2.5 s", "4 min 10 s", "2 h 5 min"."""
    if not math.isfinite(seconds):
        return "–"
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if seconds * factor < 999.5:
            return f"{seconds * factor:.3g} {unit}"
    if seconds < 99.5:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def share(value: float | None) -> str:
    """A share of 1 in percent; "–" where there is none."""
    return "–" if value is None else f"{value:.1%}" if value < 0.0995 else f"{value:.0%}"


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as numpy prints it: "(120, 4)", "(3,)", "()"."""
    return str(tuple(int(n) for n in shape))
