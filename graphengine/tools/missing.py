"""TensorFlow's and Keras's public names, compared with what there is."""
from __future__ import annotations

import sys
import textwrap
from functools import reduce

import typer

from ..frontend.absent import VERSIONS, reason, recorded_names


def exists(name: str) -> bool:
    """Whether the package has something of this name."""
    here: object = sys.modules[__name__.partition(".")[0]]
    return reduce(lambda found, part: getattr(found, part, _NOTHING), name.split("."), here) is not _NOTHING


_NOTHING = object()


def missing() -> dict[str | None, list[str]]:
    """Recorded names that are not here, by the reason why."""
    found: dict[str | None, list[str]] = {}
    for name in recorded_names():
        if not exists(name):
            found.setdefault(reason(name), []).append(name)
    return found


def list_missing() -> None:
    """Print how many names there are, then what is left out, and why."""
    names, gone = list(recorded_names()), missing()
    count = sum(map(len, gone.values()))
    typer.echo(f"{VERSIONS} have {len(names)} public names; {len(names) - count} are here, and {count} are left out:")
    for why, left_out in gone.items():
        typer.echo(f"\n{why or 'without a reason'}")
        typer.echo(textwrap.fill(" ".join(left_out), 120, initial_indent="  ", subsequent_indent="  ",
                                 break_long_words=False, break_on_hyphens=False))
