"""The command ``graphengine``: arguments in, a call of the tool that each command is, an exit code out.

Commands import what they need when they run, so that ``--help`` waits for nothing. Errors raised on purpose are
printed as their text and end the process with 1, Ctrl-C ends it with 130; ``--debug`` shows tracebacks.
"""
from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..config import settings
from ..errors import GraphEngineError

INTERRUPTED = 130                           # as shells report a process that Ctrl-C ended


class Commands(TyperGroup):
    """The commands, with errors as people want to read them."""

    def invoke(self, ctx: Any) -> Any:
        debug = ctx.params.get("debug")
        try:
            debug = debug or settings().debug
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except (GraphEngineError, OSError) as error:
            if debug or isinstance(error, BrokenPipeError):
                raise
            kind = type(error).__name__ + ": " if isinstance(error, GraphEngineError) else ""
            typer.echo(f"{kind}{error}", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    name="graphengine", cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cache_app = typer.Typer(invoke_without_command=True, help="Compiled kernels on disk: show or clear them.")
app.add_typer(cache_app, name="cache")

File = Annotated[Path, typer.Argument(metavar="FILE", help="a graph, NAME.graph.json or NAME.onnx")]
Feeds = Annotated[list[str], typer.Option(
    "--feed", metavar="NAME=VALUE", help="a placeholder's value: a number, a list as in JSON, or a .npy file",
)]
Fetches = Annotated[list[str], typer.Option(
    "--fetch", metavar="NAME", help="what to compute; without it, everything that nothing else reads",
)]


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"graphengine {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="show the traceback of an error")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="print it")] = False,
) -> None:
    """Run, train and look at dataflow graphs."""


@app.command()
def run(
    file: File, feed: Feeds = [], fetch: Fetches = [],  # noqa: B006  (typer reads the defaults, nobody changes them)
    load: Annotated[Path | None, typer.Option(help="values for the variables, NAME.safetensors")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Compute parts of a graph and print them.

    Variables begin with their initial values.
    """
    from .run import run_file

    typer.echo(run_file(file, feed, fetch, load, as_json))


@app.command()
def train(
    file: File,
    epochs: Annotated[int | None, typer.Option(min=1, help="passes over the data, unless as the file says")] = None,
    save: Annotated[Path | None, typer.Option(help="where the variables go, NAME.safetensors")] = None,
    load: Annotated[Path | None, typer.Option(help="where the variables come from, NAME.safetensors")] = None,
) -> None:
    """Train a graph as its section "train" says.

    Ctrl-C stops after a whole step; what has been learned by then is saved.
    """
    from .train import train_file

    if not train_file(file, epochs, save, load):
        raise typer.Exit(INTERRUPTED)


@app.command()
def export(
    file: File,
    onnx: Annotated[Path, typer.Argument(metavar="MODEL", help="where the model goes, NAME.onnx")],
    fetch: Fetches = [],  # noqa: B006
    load: Annotated[Path | None, typer.Option(help="values for the variables, NAME.safetensors")] = None,
) -> None:
    """Write what computes parts of a graph as an ONNX model.

    Variables become weights, with their initial values unless others are loaded.
    """
    from .export import export_file

    typer.echo(export_file(file, onnx, fetch, load))


@app.command()
def explain(
    file: File, fetch: Fetches = [],  # noqa: B006
    training: Annotated[bool, typer.Option("--train", help="explain the step that `train` repeats")] = False,
    section: Annotated[list[str], typer.Option(help="only this part: summary, program, source, ...")] = [],  # noqa: B006
) -> None:
    """Show what the compiler makes of a graph: rules, kernels, memory, source."""
    from .explain import explain_file

    typer.echo(explain_file(file, fetch, training, section))


@app.command()
def bench(
    file: File, feed: Feeds = [], fetch: Fetches = [],  # noqa: B006
    training: Annotated[bool, typer.Option("--train", help="time the step that `train` repeats")] = False,
    repeats: Annotated[int, typer.Option(min=1, help="steps to run; the shortest times count")] = 20,
) -> None:
    """Time each kernel of a run, beside what it moves and computes and what the machine can do."""
    from .bench import bench_file

    typer.echo(bench_file(file, feed, fetch, training, repeats))


@app.command()
def ops(
    name: Annotated[str | None, typer.Argument(help="one of them, for its documentation")] = None,
    category: Annotated[str | None, typer.Option(help="only those of a category")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="what of TensorFlow's core is not here")] = False,
) -> None:
    """List the operations, or document one."""
    from .missing import list_missing
    from .ops import document_op, list_ops

    if missing:
        list_missing()
    elif name is None:
        list_ops(category)
    else:
        document_op(name)


@app.command()
def edit(file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="a graph to open")] = None) -> None:
    """Open the editor: draw graphs, run and train them, see what the compiler did."""
    from .edit import edit as open_editor

    open_editor(file)


@app.command()
def doctor() -> None:
    """Check that everything works here, and say how to mend what does not."""
    from .doctor import examine

    if not examine():
        raise typer.Exit(1)


@cache_app.callback()
def cache(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        show()


@cache_app.command()
def show() -> None:
    """Say where compiled kernels are kept and how many."""
    from .cache import describe_cache

    typer.echo(describe_cache())


@cache_app.command()
def clear() -> None:
    """Remove all compiled kernels; they are compiled again when they are needed."""
    from .cache import clear_cache

    typer.echo(clear_cache())


def main() -> None:
    """What the installed command calls."""
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    app()
