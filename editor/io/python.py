"""A drawn graph as a Python program that builds it again, trains it where it says how, and prints the same numbers.

Each card becomes a line in the names that the person gave; the nodes of the program's graph are those of the document,
name by name. Ops that have no function of their own are added the way files describe them.
"""
from __future__ import annotations

import base64
import inspect
import io
import keyword
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import graphengine as ge
from graphengine import keras
from graphengine.tools.drawn.draw import SEED, UPDATES, seed_of
from graphengine.tools.drawn.files import write_file

from ..model.build import Built, build, chosen_seed, in_order, stored_array, weights_of
from ..model.catalog import Field, Kind
from ..model.document import GraphDocument
from ..model.items import Card
from ..model.kinds import CONST, PLACEHOLDER, VARIABLE, catalog
from ..model.values import NON_FINITE, array_of, is_array
from ..run.graph import MOST_ROWS

Array = np.ndarray[Any, Any]
WIDTH = 110                                 # of a line
INLINE = 64                                 # elements of an array that stand in the text; others come from a file
UNKNOWN_SIZE = 8                            # rows that random numbers get for a size that is not known
TAKEN = {"build", "main", "graph", "training", "session", "random", "feeds", "np", "tf", "keras", "zlib", "base64",
         "Path", "ARRAYS", "unpacked", "flat", "add_node", "part", "label", "value", "name", "names", "variable",
         "weights", "updates", "feeds_of", "known"}


def save_python(document: GraphDocument, path: str | os.PathLike[str]) -> None:
    """Write the program; large arrays go into ``NAME_arrays.npz`` beside it.

    Raises
    ------
    OSError if the system refuses.
    """
    target = Path(path)
    beside = target.with_name(f"{target.stem}_arrays.npz")      # NAME.npz may well be the data that train
    program = Program(document, beside.name)
    source = program.source()
    if program.arrays:
        packed = io.BytesIO()
        stored: dict[str, Any] = {name: _bytes(array) for name, array in program.arrays.items()}
        np.savez_compressed(packed, **stored)
        write_file(beside, packed.getvalue())
    write_file(target, source.encode())


def python_source(document: GraphDocument) -> str:
    """The program as one text; large arrays are packed into it."""
    return Program(document).source()


class Program:
    """The lines of a program.

    Parameters
    ----------
    document : what it builds
    file : name of the .npz file of the large arrays; None: they stand in the text

    Attributes
    ----------
    arrays : the large ones, after `source`
    """

    def __init__(self, document: GraphDocument, file: str | None = None) -> None:
        self.document, self.file = document, file
        self.arrays: dict[str, Array] = {}
        self.built: Built = build(document, plain=True)
        self._names: dict[str, str] = {}                # card -> Python's name of its result
        self._many: set[str] = set()                    # cards whose result is a list
        self._variables: set[str] = set()               # cards whose result is a Variable
        self._folded: set[str] = set()                  # constants that stand in their variable
        self._uses: set[str] = set()                    # of the pieces that a program may need
        self._order = _reading_order(document)
        self._rehearses = any(self._knows_training(card) for card in document.cards)

    def source(self) -> str:
        body = self._body()
        train = self.built.graph.document.get("train")
        ending = self._main_of_training(train) if train is not None else self._main_of_run()
        weights = self._weights()
        pieces = [*self._top(train is not None), *self._helpers(), *self._build(body, train, weights), "", "", *ending,
                  "", "", 'if __name__ == "__main__":', "    main()", ""]
        return "\n".join(pieces)

    # ------------------------------------------------ frame of the program

    def _top(self, trains: bool) -> list[str]:
        lines = ['"""A graph that was drawn in graphengine\'s editor; it needs the packages numpy and graphengine."""']
        standard = [name for name in ("base64", "zlib") if "unpacked" in self._uses and self.arrays and not self.file]
        lines += [f"import {name}" for name in standard]
        reads = not trains and bool(self.built.data)
        if trains or reads or (self.arrays and self.file):
            lines.append("from pathlib import Path")
        lines += ["", "import numpy as np"] if self._needs_numpy(trains) else []
        lines += ["", "import graphengine as tf"]
        lines += ["from graphengine import keras"] if "keras" in self._uses else []
        lines += ["from graphengine.tools.drawn.draw import add_node"] if "add_node" in self._uses else []
        lines += ["from graphengine.tools.watch import feeds_of"] if reads else []
        return [*lines, ""]

    def _needs_numpy(self, trains: bool) -> bool:
        return not trains or bool(self.arrays) or "np" in self._uses

    def _helpers(self) -> list[str]:
        lines = []
        if self.arrays and self.file:
            lines += [f"ARRAYS = np.load(Path(__file__).with_name({_quoted(self.file)}))", ""]
        elif self.arrays:
            lines += ["# Large arrays, packed.", "ARRAYS = {"]
            for name, array in self.arrays.items():
                text = base64.b85encode(zlib.compress(np.ascontiguousarray(_bytes(array)).tobytes(), 9)).decode()
                parts = [text[k:k + 96] for k in range(0, len(text), 96)]
                lines += [f"    {_quoted(name)}: (", *(f"        {_quoted(part)}" for part in parts), "    ),"]
            lines += ["}", ""]
        if "unpacked" in self._uses:
            read = "ARRAYS[name]" if self.file else (
                "np.frombuffer(zlib.decompress(base64.b85decode(ARRAYS[name])), np.uint8)")
            lines += ["", "def unpacked(name, dtype, shape):", f"    stored = {read}",
                      "    return stored.view(tf.as_dtype(dtype).as_numpy_dtype).reshape(shape)", ""]
        if "flat" in self._uses:
            lines += ["", "def flat(results):",
                      "    is_list = isinstance(results, (list, tuple))",
                      "    return [r for part in results for r in flat(part)] if is_list else [results]", ""]
        return lines

    def _build(self, body: list[str], train: Any, weights: list[str]) -> list[str]:
        lines = ["", f"def build({'training=False' if self._rehearses else ''}):",
                 '    """The graph; nodes are called as in the editor."""',
                 "    with tf.Graph().as_default() as graph:", *(f"        {line}" if line else "" for line in body)]
        if not body:
            lines.append("        pass")
        lines += [*weights, *self._updates()]
        if train is not None:
            lines += f'graph.document["train"] = {_pretty(train, 30)}'.replace("\n", "\n    ").join(
                ("    ", "")).splitlines()
        return [*lines, "    return graph"]

    def _main_of_training(self, train: Mapping[str, Any]) -> list[str]:
        lines = ["def main():"]
        if not self._rehearses:
            return [*lines, "    training = tf.Training(build(), Path(__file__).parent)", "    training.fit()",
                    '    for part in ("train", "test"):',
                    "        for label, value in training.evaluate(part).items():",
                    '            print(f"{part} {label}: {value:.6g}")']
        numbers = {"loss": train["loss"], **train.get("metrics", {})}
        return [*lines, "    training = tf.Training(build(training=True), Path(__file__).parent)", "    training.fit()",
                "    with build().as_default(), tf.Session() as session:",
                "        session.run(tf.global_variables_initializer())",
                "        known = session.variables()     # not where random numbers of training have got to",
                "        session.load_variables({k: v for k, v in training.weights().items() if k in known})",
                '        for part in ("train", "test"):',
                "            if len(next(iter(training.data(part).values()))):",
                f"                for label, name in {_pretty(numbers, WIDTH)}.items():",
                '                    value = session.run(name if ":" in name else f"{name}:0", training.data(part))',
                '                    print(f"{part} {label}: {value:.6g}")']

    def _main_of_run(self) -> list[str]:
        read = {wire.source for wire in self.document.wires}
        shown = [tensor.name for (card, _), tensor in self.built.tensors.items()
                 if card not in read and card in self.built.nodes]
        lines = ["def main():", "    random = np.random.default_rng(0)", "    feeds = {"]
        data = self.built.data
        fed = {name for source in data for name in source["feeds"]}
        if fed:
            given = f"data = {_pretty(data, 30)}".replace("\n", "\n    ")
            lines[2:] = [*f"    {given}".splitlines(),
                         "    found = feeds_of(build(), str(Path(__file__).parent), data=data)",
                         f"    feeds = {{name: rows[:{MOST_ROWS}] for name, rows in found.items()}}",
                         "    count = len(next(iter(feeds.values())))", "    feeds |= {"]
        begin = len(lines)
        for card in self._order:
            if card.kind == PLACEHOLDER and card.id in self.built.nodes and card.id not in fed:
                lines.append(f"        {_quoted(card.id)}: {self._example(card)},")
        lines += ["    }"] if len(lines) > begin else []
        if lines[-1].endswith("{"):
            lines = lines[:-2] if fed else [lines[0], "    feeds = {}"]
        if not shown:
            return ["def main():", '    print(f"{len(build().nodes)} nodes")']
        return [*lines, "    with build().as_default(), tf.Session() as session:",
                "        session.run(tf.global_variables_initializer())",
                *(f"        {line}" for line in _assignment("names", f"[{', '.join(map(_quoted, shown))}]")),
                "        for name, value in zip(names, session.run(names, feeds)):",
                '            print(f"{name} = {value}")']

    def _example(self, card: Card) -> str:
        if card.example is not None and is_array(card.example):
            array = array_of(card.example, self.document.arrays)
            if array is not None:
                return self._array(array, f"{card.id} example")
        dtype, shape = self.built.tensors[card.id, 0].dtype, self.built.tensors[card.id, 0].shape
        known = (None,) if shape.rank is None else tuple(shape)
        parts = [str(s if isinstance(s, int) else UNKNOWN_SIZE if k or not self.built.data else "count")
                 for k, s in enumerate(known)]
        sizes = f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        kind = f'"{dtype.name}"' if dtype.name in np.sctypeDict else f"tf.{dtype.name}.as_numpy_dtype"
        made = f"random.standard_normal({sizes})" if dtype.is_floating else f"random.integers(0, 2, {sizes})"
        return f"{made}.astype({kind})"

    def _weights(self) -> list[str]:
        """Values that were saved with the document, for the variables of layers."""
        saved = weights_of(self.document)
        nodes = [v.handle_in(self.built.graph).node for v in ge.global_variables(self.built.graph)]
        known = {node.name: tuple(node.outputs[0].shape) for node in nodes if node.op.is_shared}
        names = [name for name in saved if name in known and saved[name].shape == known[name]]
        if not names:
            return []
        lines = ["        weights = {"]
        for name in names:
            lines += [f"            {_quoted(name)}: {self._array(np.asarray(saved[name]), f'{name} weights')},"]
        return [*lines, "        }", "        for variable in tf.global_variables():",
                "            value = weights.get(variable.node.name)", "            if value is not None:",
                "                with tf.init_scope():", "                    variable.assign(value)"]

    def _updates(self) -> list[str]:
        """The assignments of layers that go with a step of training: moving averages."""
        if not self._rehearses:
            return []
        graph = build(self.document, training=True, layers=self.built.layers, plain=True).graph
        names = [node.name for node in graph.get_collection(UPDATES)]
        if not names:
            return []
        return ["    if training:",
                *(f"        {line}" for line in _assignment("updates", f"[{', '.join(map(_quoted, names))}]")),
                "        for name in updates:",
                f"            graph.add_to_collection({_quoted(UPDATES)}, graph.get_operation_by_name(name))"]

    # ------------------------------------------------ cards

    def _body(self) -> list[str]:
        self._fold()
        lines: list[str] = []
        for card in self._order:
            if card.id in self.built.problems or card.id in self.built.left_out:
                why = self.built.problems.get(card.id)
                said = str(why.problem if why is not None else "it reads one that is missing").splitlines()[0]
                lines.append(f"# {_quoted(card.id)} is left out: {said}"[:WIDTH])
            elif card.id in self.built.nodes and card.id not in self._folded:
                lines += self._card(card, catalog()[card.kind])
            elif card.bypassed:
                self._names[card.id] = self._operands(card)[0]
        return lines

    def _fold(self) -> None:
        """Constants that are the initial value of one variable stand in its line."""
        for card in self.document.cards:
            wires = self.document.wires_into(card.id)
            if card.kind == VARIABLE and 0 in wires:
                source = self.document.card(wires[0].source)
                only = len(self.document.wires_from(wires[0].source)) == 1
                named = any(card.id == f"{other}" for c in self.document.cards for other in c.after)
                if source is not None and source.kind == CONST and source.id == f"{card.id}/initial_value" and only \
                        and not named and not source.after and source.id in self.built.nodes:
                    self._folded.add(source.id)

    def _card(self, card: Card, kind: Kind) -> list[str]:
        operands = self._operands(card)
        call, scope = self._call(card, kind, operands)
        count = sum(1 for owner, _ in self.built.tensors if owner == card.id)
        if count > 1:
            self._many.add(card.id)
            if scope:
                self._uses.add("flat")
                call = f"flat({call})"
        name = self._names[card.id] = self._identifier(card.id)
        lines = _assignment(name, call)
        if scope:
            inside = _quoted(f"{card.id}/")
            layer = self.built.layers.get(card.id)
            if layer is not None and (layer.weights or kind.field(SEED) is not None):
                lines.insert(0, f"graph.shared_scope = {inside}     # of the names of variables")
            lines = [f"with tf.name_scope({inside}):", *(f"    {line}" for line in lines)]
        waits = [self._result(a, 0) for a in card.after if a in self._names]
        if waits:
            head = f"with tf.control_dependencies([{', '.join(waits)}]):"
            lines = [head, *(f"    {line}" for line in lines)]
        return lines

    def _operands(self, card: Card) -> list[str]:
        wires = self.document.wires_into(card.id)
        kind = catalog()[card.kind]
        sockets = {k: kind.input(k) for k in wires}
        return ["" if w.source in self._folded else self._result(w.source, w.output) for k, w in wires.items()
                if (socket := sockets[k]) is None or socket.carries == "tensor"]

    def _result(self, card: str, output: int) -> str:
        """The expression of a card's output; one that is bypassed is its operand."""
        name = self._names[card]
        return f"{name}[{output}]" if card in self._many else name

    def _call(self, card: Card, kind: Kind, operands: list[str]) -> tuple[str, bool]:
        """The expression of a card, and whether it is drawn in a scope of the card's name."""
        family, _, name = card.kind.partition("/")
        given = {f.name: card.attributes[f.name] for f in kind.fields
                 if f.name in card.attributes and card.attributes[f.name] != f.default}
        if family == "op":
            return self._op(card, kind, operands, given), False
        if family == "random":
            given = {SEED: seed_of(chosen_seed(self.document), card.id, SEED), **given}
            shape = f"tf.shape({operands[0]})" if operands else self._literal(given["shape"], kind.field("shape"), card)
            words = [f"{key}={self._literal(value, kind.field(key), card)}"
                     for key, value in given.items() if key != "shape"]
            return f"tf.random.{name}({', '.join([shape, *words])})", True
        self._uses.add("keras")
        if family == "layer":
            return self._layer(card, kind, operands, given), True
        words = [f"{key}={self._literal(value, kind.field(key), card)}" for key, value in given.items()]
        if family == "loss":
            return f"keras.losses.{name}({', '.join(words)})({', '.join(operands)})", True
        function = f"{name}.{name}" if inspect.ismodule(getattr(keras.metrics, name)) else name
        call = f"keras.metrics.{function}({', '.join([*operands, *words])})"
        return f"tf.reduce_mean(tf.cast({call}, tf.float32))", True

    def _op(self, card: Card, kind: Kind, operands: list[str], given: Mapping[str, Any]) -> str:
        named = f"name={_quoted(card.id)}"
        if card.kind == CONST:
            return f"tf.constant({self._constant(card)}, {named})"
        if card.kind == PLACEHOLDER:
            dtype = card.attributes.get("dtype", "float32")
            shape = self._literal(card.attributes.get("shape"), None, card)
            return f"tf.placeholder(tf.{dtype}, {shape}, {named})"
        words = [f"{key}={self._literal(value, kind.field(key), card)}" for key, value in given.items()]
        if card.kind == VARIABLE:
            self._variables.add(card.id)
            first = operands[0]
            if not first:
                source = self.document.card(self.document.wires_into(card.id)[0].source)
                assert source is not None
                first = re.sub(r", (tf\.\w+)$", r", dtype=\1", self._constant(source))
            return f"tf.Variable({', '.join([first, *words, named])})"
        wires = self.document.wires_into(card.id)
        method = card.kind.partition("/")[2]
        if 0 in wires and wires[0].source in self._variables and hasattr(ge.Variable, method) and not words:
            return f"{operands[0]}.{method}({', '.join([*operands[1:], named])})"
        function = _function(card.kind)
        if function is None:
            return self._node(card, operands)
        listed = [f"[{', '.join(operands)}]"] if kind.inputs and kind.inputs[0].many else operands
        return f"tf.{function}({', '.join([*listed, *words, named])})"

    def _node(self, card: Card, operands: list[str]) -> str:
        """A node as files describe it."""
        self._uses.add("add_node")
        attributes = dict(card.attributes)
        fetched = [f"{_quoted(name)}: {self._array(stored_array(self.document, name), name)}"
                   for name in dict.fromkeys(_arrays_in(attributes))]
        parts = [_quoted(card.kind.partition("/")[2]), _quoted(card.id), f"[{', '.join(operands)}]"]
        if attributes:
            parts.append(_pretty(attributes, 10**9))
        if fetched:
            parts.append(f"arrays={{{', '.join(fetched)}}}")
        return f"add_node({', '.join(parts)})"

    def _layer(self, card: Card, kind: Kind, operands: list[str], given: Mapping[str, Any]) -> str:
        name = card.kind.partition("/")[2]
        words = []
        for f in kind.fields:
            value = given.get(f.name, f.default)
            if f.name == SEED and value is None:
                words.append(f"{SEED}={seed_of(chosen_seed(self.document), card.id, SEED)}")
            elif f.name.endswith("initializer") and value is not None:
                start = self._initializer(card, f.name, value)
                if start is not None or f.name in given:
                    words.append(f"{f.name}={start or self._literal(value, f, card)}")
            elif f.name in given:
                words.append(f"{f.name}={self._literal(value, f, card, listed=tuple)}")
        words.append(f"name={_quoted(card.id.replace('/', '_'))}")
        cls = getattr(keras.layers, name)
        called = [f"[{', '.join(operands)}]"] if cls.takes_list else operands
        if self._knows_training(card):
            called = [*called, "training=training"]
        return f"keras.layers.{name}({', '.join(words)})({', '.join(called)})"

    def _initializer(self, card: Card, field: str, value: Any) -> str | None:
        """An initializer with the seed that the editor gives it; None if nothing in it is random."""
        made = keras.initializers.get(value)
        config = made.get_config() if isinstance(made, keras.initializers.Initializer) else {}
        if config.get("seed", 0) is not None:
            return None
        defaults = {p.name: p.default for p in inspect.signature(type(made)).parameters.values()}
        config = {k: v for k, v in config.items() if k in defaults and v != defaults[k] and k != "seed"}
        seed = seed_of(chosen_seed(self.document), card.id, field)
        words = [f"{k}={_pretty(v, WIDTH)}" for k, v in config.items()]
        return f"keras.initializers.{type(made).__name__}({', '.join([*words, f'seed={seed}'])})"

    def _knows_training(self, card: Card) -> bool:
        family, _, name = card.kind.partition("/")
        cls = getattr(keras.layers, name, None) if family == "layer" else None
        return cls is not None and "training" in inspect.signature(cls.call).parameters

    # ------------------------------------------------ values

    def _constant(self, card: Card) -> str:
        """Value and dtype of a constant."""
        value = card.attributes["value"]
        array = array_of(value, self.document.arrays)
        assert array is not None, "it was built"
        text = self._array(array, card.id)
        return text if text.startswith(("np.", "unpacked(")) else f"{text}, tf.{value['dtype']}"

    def _array(self, array: Array, name: str) -> str:
        """An array: a number, lists, or a large one by name."""
        dtype = ge.as_dtype(array.dtype).name
        if array.size > INLINE:
            self._uses.add("unpacked")
            self.arrays[name] = array
            return f"unpacked({_quoted(name)}, {_quoted(dtype)}, {array.shape})"
        if not array.size:
            self._uses.add("np")
            return f"np.zeros({array.shape}, tf.{dtype}.as_numpy_dtype)"
        return self._numbers(array.astype("float32") if dtype == "bfloat16" else array)

    def _numbers(self, array: Array) -> str:
        if array.ndim:
            return "[" + ", ".join(self._numbers(row) for row in array) + "]"
        value = array.item()
        if isinstance(value, float):
            return self._float(value if array.dtype.itemsize == 8 else float(str(array[()])))
        return repr(value)

    def _float(self, value: float) -> str:
        if np.isfinite(value):
            return repr(value)
        self._uses.add("np")
        return "np.nan" if np.isnan(value) else "np.inf" if value > 0 else "-np.inf"

    def _literal(self, value: Any, field: Field | None, card: Card, listed: type = list) -> str:
        """An attribute's value in Python."""
        form = field.form if field is not None else ""
        if is_array(value):
            array = array_of(value, self.document.arrays)
            assert array is not None, "it was built"
            self._uses.add("np")
            text = self._array(array, f"{card.id} {field.name if field is not None else ''}")
            return text if text.startswith(("np.", "unpacked(")) else f"np.array({text}, {_quoted(array.dtype.name)})"
        if isinstance(value, str) and form == "dtype":
            return f"tf.{value}"
        if isinstance(value, str) and value in NON_FINITE and form not in ("text", "choice"):
            return self._float(float(value))
        if isinstance(value, float):
            return self._float(value)
        if isinstance(value, list | tuple):
            parts = [self._literal(v, field, card, listed) for v in value]
            if listed is tuple:
                return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"
            return "[" + ", ".join(parts) + "]"
        return _pretty(value, WIDTH)

    def _identifier(self, card: str) -> str:
        """A name of Python's for a card, that no other card has."""
        name = re.sub(r"\W", "_", card, flags=re.ASCII).strip("_") or "x"
        name = f"_{name}" if name[0].isdigit() else name
        taken = TAKEN | set(self._names.values())
        wanted, k = name, 0
        while name in taken or keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in dir(__builtins__):
            k += 1
            name = f"{wanted}_{k}"
        return name


def _reading_order(document: GraphDocument) -> list[Card]:
    """Cards as a person would write them: each right before its first reader.

    Where values change, or the order is said, it is the order in which the document itself is built.
    """
    built = in_order(document)
    simple = (CONST, PLACEHOLDER, VARIABLE)
    if any(c.after or (c.kind.startswith("op/") and c.kind not in simple and not _is_plain(c.kind)) for c in built):
        return built
    cards = {card.id: card for card in built}
    found: dict[str, Card] = {}
    for last in built:
        if document.wires_from(last.id):
            continue
        trail = [(last.id, iter(document.wires_into(last.id).values()))]
        while trail:
            card, wires = trail[-1]
            wire = next(wires, None)
            if wire is None:
                found.setdefault(card, cards[card])
                trail.pop()
            elif wire.source not in found and wire.source in cards:
                trail.append((wire.source, iter(document.wires_into(wire.source).values())))
    return list(found.values())


def _is_plain(kind: str) -> bool:
    return kind in catalog() and _function(kind) is not None


@cache
def _function(key: str) -> str | None:
    """The public function of an op, with the shortest of its names; None if it has none."""
    kind = catalog()[key]
    op = kind.key.partition("/")[2]
    found = []
    for word in kind.words:
        place: Any = ge
        for part in word.split("."):
            place = getattr(place, part, None) if part.isidentifier() else None
        if getattr(getattr(place, "op", None), "name", None) == op:
            found.append(word)
    return min(found, key=lambda word: word.count("."), default=None)


def _arrays_in(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        if is_array(value) and "array" in value:
            yield value["array"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _arrays_in(part)


def _assignment(name: str, call: str) -> list[str]:
    """A statement, on several lines if it is long; text in quotes is never broken."""
    line = f"{name} = {call}"
    if len(line) <= WIDTH:
        return [line]
    lines: list[str] = []
    start = 0
    pieces = [m.end() for m in re.finditer(r"\"[^\"\\]*\"|'[^'\\]*'|, ", line) if m[0] == ", "]
    for cut, after in zip(pieces, [*pieces[1:], len(line)], strict=True):
        if after - start > WIDTH - (4 if lines else 0) and _is_open(line[:cut]):
            lines.append(line[start:cut].rstrip())
            start = cut
    lines.append(line[start:])
    return [lines[0], *(f"    {part}" for part in lines[1:])]


def _is_open(text: str) -> bool:
    """Whether a bracket is open at the end of a text, so that a line may end there."""
    bare = re.sub(r"\"[^\"\\]*\"|'[^'\\]*'", "", text)
    return sum(bare.count(c) for c in "([{") > sum(bare.count(c) for c in ")]}")


def _quoted(text: str) -> str:
    """A text in double quotes, as far as Python needs no escapes for it."""
    plain = repr(text)
    return f'"{text}"' if plain == f"'{text}'" and '"' not in text else plain


def _pretty(value: Any, room: int) -> str:
    """A JSON value in Python, its objects with a line for each entry where they do not fit into `room`."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        line = "{" + ", ".join(f"{_quoted(str(k))}: {_pretty(v, 10**9)}" for k, v in value.items()) + "}"
        if len(line) <= room:
            return line
        rows = [f"{_quoted(str(k))}: {_pretty(v, WIDTH - 20)}," for k, v in value.items()]
        return "{\n" + "\n".join("    " + row.replace("\n", "\n    ") for row in rows) + "\n}"
    if isinstance(value, list | tuple):
        brackets = "[]" if isinstance(value, list) else "()"
        comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return brackets[0] + ", ".join(_pretty(v, 10**9) for v in value) + comma + brackets[1]
    return repr(value)


def _bytes(array: Array) -> Array:
    """An array as bytes, which every dtype can be read back from."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)
