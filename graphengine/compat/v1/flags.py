"""Options of a command line, and the program that is run with them: what programs take from absl by TensorFlow 1."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import AttributeValueError, suggestion


class FlagValues:
    """The values of all options: those of the command line once it is read, the defaults where it has none."""

    def __init__(self) -> None:
        self.__dict__.update(_parser=argparse.ArgumentParser(allow_abbrev=False), _defaults={}, _values={}, _read=None)

    def __call__(self, argv: Sequence[str], known_only: bool = False) -> list[str]:
        """Read a command line, whose first word is the program; what is no option comes back."""
        found, rest = self.__dict__["_parser"].parse_known_args(list(argv)[1:])
        if rest and not known_only and any(word.startswith("--") for word in rest):
            self.__dict__["_parser"].error(f"unknown option {rest[0]}")
        self.__dict__["_values"].update(vars(found))
        self.__dict__["_read"] = list(argv)
        return [argv[0], *rest]

    def define(self, name: str, default: Any, help: str | None, **settings: Any) -> None:
        """Add an option; one that comes after the command line was read finds its value there, too."""
        parser, argv = self.__dict__["_parser"], self.__dict__["_read"]
        text = help and help.replace("%", "%%")
        parser.add_argument(f"--{name}", dest=name, default=default, help=text, **settings)
        if settings.get("type") is _truth:
            parser.add_argument(f"--no{name}", dest=name, default=default, action="store_const", const=False)
        self.__dict__["_defaults"][name] = default
        if argv is not None:
            self.__dict__["_values"][name] = getattr(parser.parse_known_args(argv[1:])[0], name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__dict__["_read"] is None and self.__dict__["_defaults"]:
            self(sys.argv, known_only=True)
        known = {**self.__dict__["_defaults"], **self.__dict__["_values"]}
        if name not in known:
            raise AttributeError(f"there is no option {name!r}; {suggestion(name, known) or 'define it'}")
        return known[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__dict__["_defaults"]:
            raise AttributeError(f"there is no option {name!r}")
        self.__dict__["_values"][name] = value

    def flag_values_dict(self) -> dict[str, Any]:
        """All options and their values."""
        return {name: getattr(self, name) for name in self.__dict__["_defaults"]}


FLAGS = FlagValues()


def _definition(convert: Callable[[str], Any], what: str) -> Callable[..., None]:
    def define(name: str, default: Any, help: str | None = None, **_: Any) -> None:
        FLAGS.define(name, default, help, type=convert)

    define.__doc__ = f"Add an option whose value is {what}."
    return define


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "t", "1", "yes", "false", "f", "0", "no"):
        raise AttributeValueError(f"{text!r} is neither true nor false", op="flags")
    return text.lower() in ("true", "t", "1", "yes")


DEFINE_string = _definition(str, "a text")
DEFINE_integer = _definition(int, "a whole number")
DEFINE_float = _definition(float, "a number")
DEFINE_list = _definition(lambda text: text.split(","), "a list, with commas between its parts")


class _Collected(argparse.Action):
    """Values of an option that is given several times: in the place of the default, not behind it."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [values] if before is self.default else [*before, values])


def _collection(convert: Callable[[str], Any], what: str) -> Callable[..., None]:
    def define(name: str, default: Any, help: str | None = None, **_: Any) -> None:
        alone = default is None or isinstance(default, (str, int, float))
        given = default if default is None else [default] if alone else list(default)
        FLAGS.define(name, given, help, type=convert, action=_Collected)

    define.__doc__ = f"Add an option that may be given several times: a list of {what}."
    return define


DEFINE_multi_string = _collection(str, "texts")
DEFINE_multi_integer = _collection(int, "whole numbers")
DEFINE_multi_float = _collection(float, "numbers")


def DEFINE_bool(name: str, default: Any, help: str | None = None, **_: Any) -> None:
    """Add an option that is true or false: ``--name``, ``--name=false``, ``--noname``."""
    FLAGS.define(name, default, help, type=_truth, nargs="?", const=True)


DEFINE_boolean = DEFINE_bool


def DEFINE_enum(name: str, default: Any, enum_values: Sequence[str], help: str | None = None, **_: Any) -> None:
    """Add an option whose value is one of several texts."""
    FLAGS.define(name, default, help, choices=list(enum_values))


def run(main: Callable[[list[str]], Any] | None = None, argv: Sequence[str] | None = None) -> None:
    """Read the command line and call the program's `main` with what is no option; its result is the exit code."""
    program = main if main is not None else sys.modules["__main__"].main  # type: ignore[attr-defined]
    sys.exit(program(FLAGS(sys.argv if argv is None else list(argv))))


__all__ = [
    "DEFINE_bool", "DEFINE_boolean", "DEFINE_enum", "DEFINE_float", "DEFINE_integer", "DEFINE_list",
    "DEFINE_multi_float", "DEFINE_multi_integer", "DEFINE_multi_string", "DEFINE_string", "FLAGS", "FlagValues", "run",
]
