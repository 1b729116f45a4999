"""The list of kernels written by hand: complete, readable without numba, keyed by the text of its files."""

import ast
import pathlib
import subprocess
import sys

import pytest
from handwritten import FROM_C, compiled, foreign_symbols

from graphengine.codegen.kernels import library

FOLDER = pathlib.Path(library.__file__).parent


def test_names_and_fingerprints_need_no_numba():
    program = (
        "import sys; from graphengine.codegen.kernels import library;"
        "print(len({library.fingerprint(n) for n in library.names()}) == len(library.names()));"
        "print('numba' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["True", "False"]


def local_imports(path):
    """Files of the package that a file of it imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1] / (node.module or "").replace(".", "/")
            candidates = [folder.with_suffix(".py"), *(folder / f"{alias.name}.py" for alias in node.names)]
            yield from (c.resolve() for c in candidates if c.is_file())


@pytest.mark.parametrize("module", library.FILES)
def test_fingerprints_cover_every_file(module):
    listed = {(FOLDER / file).resolve() for file in library.FILES[module]}
    assert (FOLDER / f"{module}.py").resolve() in listed
    assert {needed for file in listed for needed in local_imports(file)} <= listed


def test_fingerprint_follows_the_text(tmp_path, monkeypatch):
    for file in library.FILES["gather"]:
        target = tmp_path / "kernels" / file
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((FOLDER / file).read_bytes())
    before = library.fingerprint("gather_4_i32")
    monkeypatch.setattr(library, "_HERE", tmp_path / "kernels")
    assert library.fingerprint.__wrapped__("gather_4_i32") == before
    (tmp_path / "kernels" / "gather.py").write_text("# changed", encoding="utf8")
    assert library.fingerprint.__wrapped__("gather_4_i32") != before


@pytest.mark.parametrize("name", library.names())
def test_objects_call_the_c_library_only(name):
    assert foreign_symbols(compiled(name)) <= FROM_C


def test_symbols_carry_the_name():
    assert "gather_8_i64" in compiled("gather_8_i64").inspect_llvm()
