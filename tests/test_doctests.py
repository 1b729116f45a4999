"""Runs the examples in the engine's docstrings.

Modules are found by their text and imported under their own names, so one without an example is not loaded for
it, nor is any twice (an op that registers itself would object), as pytest's own collector of doctests might.
"""

import doctest
import importlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def modules_with_examples():
    files = sorted((ROOT / "graphengine").rglob("*.py"))
    shown = [file.relative_to(ROOT).with_suffix("") for file in files if ">>> " in file.read_text(encoding="utf8")]
    return [".".join(path.parts).removesuffix(".__init__") for path in shown]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report = []
    for case in doctest.DocTestFinder(exclude_empty=True).find(module, globs={**vars(module), "print": print}):
        runner.run(case, out=report.append)
    assert runner.failures == 0, "".join(report)
    assert runner.tries > 0, f"{name} shows an example that doctest does not find"
