"""The engine's graph that a drawn graph means."""
from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import graphengine as ge
from graphengine.tools.drawn.draw import Drawing, becomes_nodes, decoded
from graphengine.tools.drawn.train import parse_train

from .catalog import REQUIRED, Kind
from .document import GraphDocument
from .items import SUBGRAPH, Card, Wire
from .kinds import DATASETS, METRICS, PLACEHOLDER, TRAIN, catalog, shipped_rows

ROWS_KEYS = ("scale", "train_rows")


@dataclass
class Built:
    """A graph of the engine and what in it belongs to which card.

    graph : its `document` has the `train` section, if there is a Train card that is complete
    tensors : the result of each card's output
    nodes : names of the nodes of each card
    problems : the error of each card that is not in the graph because of itself
    left_out : cards that are not in the graph because of others
    layers : the layer of each card; given to another `build` of the same document, both graphs share weights
    data : what feeds placeholders, as under `data` in a `train` section; with or without a Train card
    data_problem : why there are no such data though something is to feed a placeholder
    """

    graph: ge.Graph
    tensors: dict[tuple[str, int], ge.Tensor] = field(default_factory=dict)
    nodes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: dict[str, ge.errors.GraphEngineError] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    layers: dict[str, Any] = field(default_factory=dict)
    data: list[dict[str, Any]] = field(default_factory=list)
    data_problem: ge.errors.GraphEngineError | None = None
    _card_of: dict[str, str] = field(default_factory=dict)

    def card_of(self, node: str) -> str | None:
        """The card that a node of the graph belongs to."""
        if not self._card_of:
            self._card_of.update({n: card for card, names in self.nodes.items() for n in names})
        return self._card_of.get(node)


def in_order(document: GraphDocument) -> list[Card]:
    """The cards, each after those that it reads or waits for; otherwise by name. Cards on a cycle are left out."""
    cards = {card.id: card for card in document.cards}
    left: dict[str, int] = {}
    readers: dict[str, list[str]] = {}
    for card in cards.values():
        before = {w.source for w in document.wires_into(card.id).values()} | {a for a in card.after if a in cards}
        left[card.id] = len(before)
        for source in before:
            readers.setdefault(source, []).append(card.id)
    ready = sorted((c for c, count in left.items() if not count), reverse=True)
    found: list[Card] = []
    while ready:
        card = cards[ready.pop()]
        found.append(card)
        fresh = []
        for reader in readers.get(card.id, ()):
            left[reader] -= 1
            if not left[reader]:
                fresh.append(reader)
        if fresh:
            ready = sorted([*ready, *fresh], reverse=True)
    return found


def build(document: GraphDocument, training: bool = False, layers: Mapping[str, Any] | None = None,
          plain: bool = False) -> Built:
    """The graph of a document. What does not fit is left out, with all that reads it.

    Parameters
    ----------
    training : whether layers behave as in training
    layers : `Built.layers` of another build of the same document, to share its weights
    plain : weights have dtypes and shapes alone, and take no memory: the graph cannot run
    """
    names = [card.id for card in document.cards if card.kind != SUBGRAPH]
    drawing = Drawing(lambda name, dtype, shape: stored_array(document, name), training=training,
                      seed=chosen_seed(document), layers=dict(layers or {}), names=names, plain=plain)
    built = Built(drawing.graph, layers=drawing.layers)
    for card in in_order(document):
        kind = catalog().get(card.kind)
        if card.kind == SUBGRAPH:
            continue                        # its cards are nodes, it is none
        if kind is None:
            built.problems[card.id] = ge.errors.NotFoundError(f"there is no {card.kind!r}", fix="remove the card")
        elif becomes_nodes(card.kind):
            _add(document, drawing, built, card, kind)
    try:
        built.data = data_sections(document, built)
    except ge.errors.GraphEngineError as error:
        built.data_problem = error
    train = next((c for c in document.cards if c.kind == TRAIN), None)
    if train is not None:
        try:
            drawing.graph.document["train"] = train_section(document, built, train)
        except ge.errors.GraphEngineError as error:
            built.problems[train.id] = error
    if not plain:
        _load_weights(document, drawing.graph)
    return built


def weight_bytes(document: GraphDocument) -> int:
    """Bytes of all variables of a document's graph, none of which are made."""
    return bytes_of(build(document, plain=True).graph)


def bytes_of(graph: ge.Graph, variables: Iterable[Any] | None = None) -> int:
    """Bytes of variables of a graph, of all if it is None."""
    chosen = ge.global_variables(graph) if variables is None else variables
    return sum(math.prod(v.shape.numbers()) * v.dtype.size for v in chosen)


def chosen_seed(document: GraphDocument) -> int:
    """What random first values follow from: the document's setting, 0 where there is none."""
    value = document.setting("seed")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def stored_array(document: GraphDocument, name: str) -> Any:
    """A large array of the document.

    Raises
    ------
    NotFoundError
    """
    if not isinstance(name, str) or name not in document.arrays:
        raise ge.errors.NotFoundError(f"the array {name!r} is not there", fix="set the value again")
    return document.arrays[name]


def _add(document: GraphDocument, drawing: Drawing, built: Built, card: Card, kind: Kind) -> None:
    if any(w.source in built.problems or w.source in built.left_out for w in document.wires_into(card.id).values()):
        built.left_out.add(card.id)
        return
    try:
        operands = _operands(document, built, card, kind)
        if card.bypassed and operands:
            built.tensors[card.id, 0] = operands[0]
            return
        _check_complete(card, kind)
        first = len(drawing.graph.nodes)
        waits = [drawing.graph.by_name[n] for a in card.after for n in built.nodes.get(a, ())[-1:]]
        results = drawing.card(card.id, card.kind, card.attributes, operands, waits)
    except ge.errors.GraphEngineError as error:
        built.problems[card.id] = error
        return
    built.tensors.update({(card.id, k): t for k, t in enumerate(results)})
    built.nodes[card.id] = tuple(node.name for node in drawing.graph.nodes[first:])


def _check_complete(card: Card, kind: Kind) -> None:
    for f in kind.fields:
        if f.default is REQUIRED and f.name not in card.attributes:
            raise ge.errors.InvalidArgumentError(f"{f.name} is not given", fix=f"set {f.name}: {f.doc}")


def _operands(document: GraphDocument, built: Built, card: Card, kind: Kind) -> list[ge.Tensor]:
    found = []
    for number, wire in enumerate(operand_wires(document, card, kind)):
        if wire is None:
            socket = kind.input(number)
            raise ge.errors.InvalidArgumentError(f"{socket.name if socket else number} is not connected",
                                                 fix="connect it")
        tensor = built.tensors.get((wire.source, wire.output))
        if tensor is None:
            raise ge.errors.NotFoundError(f"{wire.source} has no output {wire.output}", fix="connect another one")
        found.append(tensor)
    return found


def operand_wires(document: GraphDocument, card: Card, kind: Kind) -> list[Wire | None]:
    """The wires of a card's operands, None where one is missing that has to be there."""
    wires = {k: w for k, w in document.wires_into(card.id).items() if kind.takes_tensor(k)}
    needed = sum(1 for s in kind.inputs if s.carries == "tensor" and not s.optional)
    return [wires.get(number) for number in range(max([needed - 1, *wires]) + 1)]


# -------------------------------------------------------------------- training

def train_section(document: GraphDocument, built: Built, card: Card) -> dict[str, Any]:
    """The `train` section of the engine's documents for a Train card.

    Raises
    ------
    GraphEngineError for what is missing, or no part of such a section.
    """
    wires = document.wires_into(card.id)
    for number, name in ((0, "the loss"), (1, "an optimizer")):
        if number not in wires:
            raise ge.errors.InvalidArgumentError(f"{name} is not connected", fix=f"connect {name}")
    loss = built.tensors.get((wires[0].source, wires[0].output))
    optimizer = document.card(wires[1].source)
    if loss is None or optimizer is None:
        raise ge.errors.InvalidArgumentError("the loss cannot be computed", fix=f"look at {wires[0].source}")
    data = data_sections(document, built)
    if not data:
        raise ge.errors.InvalidArgumentError("no data feeds a placeholder", fix="connect a source of data to one")
    fields = catalog()[TRAIN].fields
    own = {f.name: card.attributes.get(f.name, f.default) for f in fields}
    metrics = {}
    for number in sorted(wires):
        tensor = built.tensors.get((wires[number].source, wires[number].output))
        if number >= METRICS and tensor is not None:
            metrics[wires[number].source] = tensor.name.removesuffix(":0")
    section = {
        "data": data[0] if len(data) == 1 else data, "loss": loss.name.removesuffix(":0"),
        "optimizer": {"name": optimizer.kind.partition("/")[2], **optimizer.attributes},
        "epochs": own["epochs"], "batch_size": own["batch_size"], "seed": own["seed"], "metrics": metrics,
    }
    if not own["shuffle"]:
        section["shuffle"] = False
    section = {key: value for key, value in section.items() if value is not None and value != {}}
    parse_train(section, "the document")
    return section


def data_sections(document: GraphDocument, built: Built) -> list[dict[str, Any]]:
    """The description of each source of data that feeds placeholders of the graph, with what it feeds.

    Raises
    ------
    InvalidArgumentError for a source that is not complete.
    """
    sources: dict[str, dict[str, Any]] = {}
    for placeholder in document.cards:
        feed = document.wires_into(placeholder.id).get(0)
        source = document.card(feed.source) if feed is not None and placeholder.kind == PLACEHOLDER else None
        if feed is None or source is None or placeholder.id not in built.nodes:
            continue
        section = sources.setdefault(source.id, _source(source))
        outputs = feed_outputs(source)
        if feed.output >= len(outputs):
            raise ge.errors.InvalidArgumentError(f"{source.id} has no output {feed.output}", fix="connect another one")
        name, columns = outputs[feed.output]
        section["feeds"][placeholder.id] = columns
        scales = source.attributes.get("scale")
        scale = scales.get(name) if isinstance(scales, Mapping) else None
        if scale is not None:
            section.setdefault("scale", {})[placeholder.id] = scale
    return list(sources.values())


def whole_source(card: Card) -> dict[str, Any]:
    """The description of all that a source of data gives, by the names of its outputs.

    Raises
    ------
    InvalidArgumentError if it is not complete.
    """
    found = {**_source(card), "feeds": dict(feed_outputs(card))}
    scales = card.attributes.get("scale")
    return {**found, "scale": scales} if isinstance(scales, Mapping) and scales else found


def _source(card: Card) -> dict[str, Any]:
    """The description of a source of data, without feeds."""
    name = card.kind.partition("/")[2]
    found: dict[str, Any] = {}
    if catalog()[card.kind].field("file") is not None:
        if not card.attributes.get("file"):
            raise ge.errors.InvalidArgumentError(f"{card.id} names no file", fix="choose a file")
        found["file"] = card.attributes["file"]
    elif name == "random":
        known = ("distribution", "shape", "low", "high", "seed")
        values = {f.name: card.attributes.get(f.name, f.default) for f in catalog()[card.kind].fields}
        found["random"] = {key: values[key] for key in known if key in values}
    else:
        found["dataset"] = name
    rows = card.attributes.get("train_rows")
    return {**found, "feeds": {}, **({"train_rows": rows} if rows is not None else {})}


def feed_outputs(card: Card) -> list[tuple[str, Any]]:
    """Name of each output of a source of data, and its columns or the array that it is; by name, as files have them."""
    feeds = card.attributes.get("feeds")
    if isinstance(feeds, Mapping) and feeds:
        return sorted(feeds.items())
    kind = catalog().get(card.kind)
    return [(socket.name, socket.name) for socket in kind.outputs] if kind is not None else []


def fed_row(card: Card, output: int) -> tuple[int, ...] | None:
    """The shape of one row of what a source of data feeds, where that is known without reading files."""
    outputs = feed_outputs(card)
    if output >= len(outputs):
        return None
    name, columns = outputs[output]
    source = card.kind.partition("/")[2]
    if source == "csv":
        return (len(columns),) if isinstance(columns, list) else ()
    if source == "random":
        shape = card.attributes.get("shape", catalog()[card.kind].fields[1].default)
        return tuple(shape[1:]) if isinstance(shape, list) else ()
    return shipped_rows(source)[name][0] if source in DATASETS else None


def feeds_classes(card: Card, output: int) -> bool:
    """Whether a source of data is known to feed one whole number a row."""
    if fed_row(card, output) != ():
        return False
    source = card.kind.partition("/")[2]
    if source in DATASETS:
        return shipped_rows(source)[feed_outputs(card)[output][0]][1]
    return card.attributes.get("distribution") == "integers"


# -------------------------------------------------------------------- weights

def weights_of(document: GraphDocument) -> dict[str, Any]:
    """The values of variables that were saved with the document, by the variable's name."""
    found = {}
    saved = document.setting("weights")
    for name, value in saved.items() if isinstance(saved, dict) else ():
        with contextlib.suppress(ge.errors.GraphEngineError):       # one that is lost has its first value
            found[name] = decoded(value, lambda key, dtype, shape: stored_array(document, key))
    return found


def _load_weights(document: GraphDocument, graph: ge.Graph) -> None:
    saved = weights_of(document)
    if saved:
        for variable in ge.global_variables(graph):
            node = variable.handle_in(graph).node
            value = saved.get(node.name)
            if value is not None and node.op.is_shared and value.shape == tuple(variable.shape):
                variable.assign(value)
