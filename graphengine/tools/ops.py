"""``graphengine ops``: the registry as a table, and the documentation of one op."""
from __future__ import annotations

import inspect

import typer
from rich.console import Console
from rich.table import Table

from ..errors import NotFoundError, suggestion
from ..ops import OPS
from ..ops.kinds import NoGradient, Op
from ..ops.registry import documentation

PIPE_COLUMNS = 1000                         # where no terminal says how wide it is, no line is broken


def list_ops(category: str | None) -> None:
    """Print a line for each op, or for those of a category.

    Raises
    ------
    NotFoundError for a category that does not exist.
    """
    chosen = [cls for cls in OPS.values() if category is None or cls.category.lower() == category.lower()]
    if not chosen and category is not None:
        known = sorted({cls.category for cls in OPS.values()})
        raise NotFoundError(
            f"there is no category {category!r}",
            fix=suggestion(category, known) or f"use one of {', '.join(known)}",
        )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "public", "category", "kind", "gradient", ""):
        table.add_column(column, no_wrap=column in ("name", "kind", "category"), overflow="fold")
    for cls in sorted(chosen, key=lambda cls: (cls.category, cls.name)):
        gradient = "no" if isinstance(cls.gradient, NoGradient) else "yes"
        table.add_row(cls.name, ", ".join(cls.names), cls.category, cls.kind, gradient, summary(cls))
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_COLUMNS)
    console.print(table)


def document_op(name: str) -> None:
    """Print everything about an op, by its saved or its public name.

    Raises
    ------
    NotFoundError that suggests the nearest.
    """
    by_public = {public: cls for cls in OPS.values() for public in cls.names}
    wanted = name.removeprefix("tf.").removeprefix("graphengine.")
    cls = OPS.get(wanted) or by_public.get(wanted)
    if cls is None:
        raise NotFoundError(f"there is no op {name!r}", fix=suggestion(wanted, [*OPS, *by_public]))
    rows = [
        ("category", cls.category), ("kind", cls.kind), ("public", ", ".join(cls.names) or "none"),
        ("gradient", cls.gradient.why if isinstance(cls.gradient, NoGradient) else "yes"),
    ]
    if cls.operator is not None:
        rows.insert(3, ("operator", cls.operator))
    typer.echo(f"{cls.name}\n")
    typer.echo("\n".join(f"  {label:10}{text}" for label, text in rows))
    typer.echo(f"\n{documentation(cls)}")


def summary(cls: type[Op]) -> str:
    """The first line of an op's documentation."""
    return inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]
