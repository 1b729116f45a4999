"""The layers of the engine, held by reading its import statements; nothing is imported to find out.

Every import counts, those inside functions and under TYPE_CHECKING as well: an arrow is an arrow. A test's
message begins with the first edge that is not allowed, as file, line and sentence.
"""

import ast
import dataclasses
import pathlib
import re
import sys

import networkx
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Unit -> the units that it may import directly. What stands in one row of the table beside each other does not
# see each other; "then" and the order of the first row are an order from left to right.
BELOW = {
    "errors": "",
    "values": "",
    "later": "",
    "version": "",
    "config": "errors values later version",
    "dtypes": "config errors",
    "ir": "dtypes",
    "ops": "ir",
    "interpret": "ops",
    "autodiff": "interpret",
    "rewrite": "interpret",
    "io": "interpret",
    "schedule": "ops",
    "codegen": "schedule",
    "runtime": "codegen",
    "pipeline": "runtime autodiff rewrite io",
    "frontend": "pipeline",
    "data": "frontend",
    # The surface: files that only name what is public. Tools are part of it (`graphengine.explain`) and use it, and so
    # do the surfaces of earlier versions, which hold all of it.
    "__init__": "keras data tools compat",
    "keras": "data frontend",
    "tools": "__init__",
    "compat": "__init__ frontend",
    "__main__": "tools",
}
SURFACE = ("__init__", "keras")

JIT = ("numba", "llvmlite")
JIT_HOMES = ("graphengine/runtime/", "graphengine/codegen/abi.py", "graphengine/codegen/kernels/")
QT = ("PySide6", "shiboken6", "pyqtgraph")
BELOW_IR = ("errors", "values", "later", "version", "config", "dtypes")
LIGHT = {                                  # what they may import
    "errors": {"numpy"}, "values": set(), "later": set(), "version": set(),
    "config": {"numpy"}, "dtypes": {"numpy", "ml_dtypes"},
}


# Files of one unit that need each other while they run, and why; everything else inside a unit has an order, too.
KNOTS = {
    ("ops/apply.py", "ops/language.py", "ops/operands.py", "ops/registry.py", "ops/state.py"):
        "operators of tensors apply ops, and a list as an operand is itself the result of an op",
    ("frontend/autograph/convert.py", "frontend/autograph/statements.py", "frontend/control.py",
     "frontend/drawing.py", "frontend/folds.py"):
        "functions given to `cond` are converted, and a converted `if` is a `cond`",
    ("runtime/layout.py", "runtime/nested.py"): "the body of a loop is laid out as the program around it",
}


@dataclasses.dataclass(frozen=True, order=True)
class Import:
    """One imported name: `from graphengine.ir import Graph` is module "graphengine.ir", name "Graph"."""

    path: str  # of the importing file, from the checkout's root, with forward slashes
    line: int
    module: str
    name: str = ""

    def __str__(self):
        statement = f"from {self.module} import {self.name}" if self.name else f"import {self.module}"
        return f"{self.path}:{self.line}: {statement}"

    @property
    def package(self):
        return self.module.partition(".")[0]


def python_files(root, folder):
    return sorted(p for p in (root / folder).rglob("*.py") if "__pycache__" not in p.parts)


def imports(root, *folders):
    """Every import of the folders' files in order of path and line, relative ones resolved."""
    found = []
    for folder in folders:
        for file in python_files(root, folder):
            path = file.relative_to(root).as_posix()
            for node in ast.walk(ast.parse(file.read_text(encoding="utf8"), path)):
                found += [Import(path, node.lineno, *target) for target in targets(node, file.relative_to(root))]
    return sorted(found)


def targets(node, file):
    """(module, name) pairs that a syntax node imports; `file` is relative to the root."""
    match node:
        case ast.Import(names=names):
            return [(alias.name, "") for alias in names]
        case ast.ImportFrom(module=module, names=names, level=0):
            return [(module, alias.name) for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            package = file.parent.parts[: len(file.parent.parts) - (level - 1)]
            return [(".".join([*package, *([module] if module else [])]), alias.name) for alias in names]
        case ast.Call(func=ast.Name("import_module" | "__import__") | ast.Attribute(attr="import_module")):
            match node.args:
                case [ast.Constant(str(module))] if not module.startswith("."):
                    return [(module, "")]
    return []


def unit_of_file(path):
    """The unit of the table that a file of graphengine/ belongs to."""
    first, *rest = path.split("/")[1:]
    return first if rest else first.removesuffix(".py")


def unit_of_target(root, edge):
    """The unit that an import of graphengine means; a name that is no module is the surface's."""
    parts = [*edge.module.split("."), *([edge.name] if edge.name else [])]
    if len(parts) == 1:
        return "__init__"
    package = root / parts[0]
    is_module = (package / parts[1]).is_dir() or (package / f"{parts[1]}.py").is_file()
    return parts[1] if is_module or parts[1] in BELOW else "__init__"


def reach(unit):
    """All units below a unit. The two that may import each other, surface and tools, both appear."""
    seen, todo = set(), BELOW[unit].split()
    while todo:
        lower = todo.pop()
        if lower not in seen:
            seen.add(lower)
            todo += BELOW[lower].split()
    return seen


def edges_up(root):
    """Imports inside graphengine that leave the table's directions."""
    for file in python_files(root, "graphengine"):
        path = file.relative_to(root).as_posix()
        if unit_of_file(path) not in BELOW:
            yield f"{path}: graphengine.{unit_of_file(path)} stands in no layer: give it a place in BELOW"
            return
    for edge in imports(root, "graphengine"):
        if edge.package != "graphengine":
            continue
        source, target = unit_of_file(edge.path), unit_of_target(root, edge)
        if source != target and target not in reach(source):
            allowed = ", ".join(u for u in BELOW if u in reach(source)) or "nothing of graphengine"
            yield f"{edge}: {source} may not import {target}, only {allowed}"


def packages_out_of_place(root):
    """Imports of other distributions where they do not belong."""
    for edge in imports(root, "graphengine", "editor", "samples"):
        in_engine = edge.path.startswith("graphengine/")
        unit = unit_of_file(edge.path) if in_engine else ""
        if edge.package in JIT and not edge.path.startswith(JIT_HOMES):
            yield f"{edge}: {edge.package} is imported in {', '.join(JIT_HOMES)} and nowhere else"
        elif edge.package in QT and not edge.path.startswith("editor/"):
            yield f"{edge}: Qt is for editor/, the engine runs without it"
        elif edge.package in QT and edge.path.startswith("editor/model/"):
            yield f"{edge}: editor/model is plain Python, without Qt"
        elif edge.package in ("editor", "samples", "tests") and in_engine:
            yield f"{edge}: the engine does not know the {edge.package} that use it"
        elif unit in BELOW_IR and edge.package not in {*LIGHT[unit], "graphengine", *sys.stdlib_module_names}:
            yield f"{edge}: {unit} needs numpy and the standard library only"


def private_uses(root):
    """Imports by tools, editor and samples of what is not public.

    Samples see what a user's program sees. The editor has, beside it, the interfaces made for it in tools (explain).
    Tools show every stage from inside, so they may name its module, but not a name that it keeps to itself.
    """
    for edge in imports(root, "graphengine/tools", "editor", "samples"):
        if edge.package != "graphengine":
            continue
        public = SURFACE if edge.path.startswith("samples/") else (*SURFACE, "tools")
        if any(is_private(part) for part in [*edge.module.split("."), edge.name]):
            yield f"{edge}: a leading underscore keeps a name inside its module"
        elif not edge.path.startswith("graphengine/") and unit_of_target(root, edge) not in public:
            yield f"{edge}: not public; import it from graphengine or graphengine.keras"


def is_private(name):
    return name.startswith("_") and not name.endswith("__")


def imports_while_running(root, folder):
    """(file, file) for each import of a file of the folder that is not for types only; packages' own files left out."""
    for file in python_files(root, folder):
        tree = ast.parse(file.read_text(encoding="utf8"))
        for_types = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.If)
                     and ast.unparse(node.test) == "TYPE_CHECKING" for inner in ast.walk(node)}
        for node in ast.walk(tree):
            for module, name in [] if id(node) in for_types else targets(node, file.relative_to(root)):
                stem = root.joinpath(*module.split("."))
                found = [f for f in ((stem / name).with_suffix(".py"), stem.with_suffix(".py")) if f.is_file()]
                if found and found[0].is_relative_to(root / folder):
                    yield file, found[0]


def knots(root):
    """Groups of files that import each other, in whatever way round, beside those that KNOTS allows."""
    for folder in ("graphengine", "editor"):
        edges = networkx.DiGraph(list(imports_while_running(root, folder)))
        for group in networkx.strongly_connected_components(edges):
            names = tuple(sorted(f.relative_to(root / folder).as_posix() for f in group))
            if len(names) > 1 and names not in KNOTS:
                yield f"{folder}: files that import each other: {', '.join(names)}"


RULES = (edges_up, packages_out_of_place, private_uses, knots)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_imports(rule):
    problems = list(rule(ROOT))
    assert not problems, "\n".join(problems)


def test_layers_have_one_direction():
    """Only surfaces and tools, which are at the top, reach themselves."""
    assert {unit for unit in BELOW if unit in reach(unit)} == {"__init__", "tools", "compat"}


PLANTED = [
    # path, its source, the rule that must catch it, what the message must say
    ("graphengine/ir/node.py", "from ..ops import registry", edges_up, "node.py:1: .* ir may not import ops"),
    ("graphengine/ir/a/b.py", "from ... import ops", edges_up, "ir may not import ops"),
    ("graphengine/ir/node.py", "def f():\n    import graphengine.runtime.cache", edges_up, "node.py:2: .* runtime"),
    ("graphengine/ops/math.py", "import importlib\nimportlib.import_module('graphengine.io')", edges_up, "import io"),
    ("graphengine/ops/math.py", "from graphengine import Graph", edges_up, "ops may not import __init__"),
    ("graphengine/errors.py", "from .dtypes import DType", edges_up, "errors may not import dtypes"),
    ("graphengine/rewrite/fold.py", "from graphengine import autodiff", edges_up, "may not import autodiff"),
    ("graphengine/interpret.py", "from .rewrite import fold", edges_up, "interpret may not import rewrite"),
    ("graphengine/schedule/fuse.py", "from ..rewrite import fold", edges_up, "schedule may not import rewrite"),
    ("graphengine/runtime/runner.py", "from .. import pipeline", edges_up, "runtime may not import pipeline"),
    ("graphengine/frontend/tensor.py", "from ..keras import layers", edges_up, "frontend may not import keras"),
    ("graphengine/data/rows.py", "from ..tools import explain", edges_up, "data may not import tools"),
    ("graphengine/helpers.py", "", edges_up, "graphengine.helpers stands in no layer"),
    ("graphengine/codegen/emit.py", "import numba", packages_out_of_place, "numba is imported in"),
    ("graphengine/tools/doctor.py", "import llvmlite.binding", packages_out_of_place, "llvmlite is imported in"),
    ("samples/fast.py", "from numba import njit", packages_out_of_place, "numba is imported in"),
    ("graphengine/tools/cli.py", "from PySide6 import QtCore", packages_out_of_place, "Qt is for editor/"),
    ("editor/model/layout.py", "from PySide6.QtCore import QPointF", packages_out_of_place, "plain Python"),
    ("graphengine/dtypes.py", "import networkx", packages_out_of_place, "dtypes needs numpy"),
    ("graphengine/errors.py", "import ml_dtypes", packages_out_of_place, "errors needs numpy"),
    ("graphengine/tools/cli.py", "import editor", packages_out_of_place, "does not know the editor"),
    ("samples/iris.py", "from graphengine.frontend import session", private_uses, "not public"),
    ("samples/iris.py", "from graphengine import runtime", private_uses, "not public"),
    ("editor/runner.py", "import graphengine.pipeline", private_uses, "not public"),
    ("graphengine/tools/cli.py", "from graphengine.pipeline import _stages", private_uses, "underscore"),
    ("graphengine/ir/show.py", "def f():\n    from .node import Node", knots, "each other: ir/node.py, ir/show.py"),
]

ALLOWED = {
    "graphengine/__init__.py": "from . import data, keras\nfrom .tools import explain\n__version__ = '0'",
    "graphengine/__main__.py": "from .tools import cli",
    "graphengine/keras.py": "from .data import rows",
    "graphengine/dtypes.py": "import numpy\ndef f():\n    import ml_dtypes\nfrom .errors import ShapeError",
    "graphengine/ir/node.py": "import networkx\nfrom . import show\nfrom .. import dtypes\nfrom ..errors import Fault",
    "graphengine/io/weights.py": "from ..interpret import run",
    "graphengine/runtime/compiler.py": "import numba\nfrom ..codegen import emit\nfrom ..ops.registry import find",
    "graphengine/codegen/abi.py": "import numba",
    "graphengine/codegen/kernels/gemm.py": "import llvmlite.ir",
    "graphengine/pipeline.py": "from . import autodiff, rewrite, io, schedule, codegen, runtime, interpret, ops",
    "graphengine/tools/explain.py": "from graphengine import __version__\nfrom ..pipeline import compile",
    "editor/model/document.py": "import graphengine as ge\nfrom graphengine.tools import explain",
    "editor/scene/canvas.py": "from PySide6 import QtWidgets\nfrom ..model import document",
    "samples/iris.py": "import graphengine as tf\nfrom graphengine import keras\nfrom graphengine.keras import layers",
}


@pytest.fixture
def tree(tmp_path):
    for path, source in ALLOWED.items():
        write(tmp_path / path, source)
    for unit in BELOW:
        if not (tmp_path / f"graphengine/{unit}.py").exists():
            write(tmp_path / f"graphengine/{unit}/__init__.py", "")
    return tmp_path


def write(file, source):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf8")


def test_allowed_imports_pass(tree):
    assert [problem for rule in RULES for problem in rule(tree)] == []


@pytest.mark.parametrize(("path", "source", "rule", "message"), PLANTED, ids=[f"{p}: {s}" for p, s, *_ in PLANTED])
def test_planted_import_is_caught(tree, path, source, rule, message):
    write(tree / path, source)
    problems = list(rule(tree))
    assert len(problems) == 1
    assert re.search(message, problems[0])
