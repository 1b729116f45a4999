"""Drawn graphs in the engine's ``*.graph.json``, and as text.

A file holds the graph itself, as the engine reads and runs it: ``nodes`` and ``train``. Beside them stands ``view``:

    "view": {"items": [...],        every item as plain.py writes it; an op that is a node leaves its attributes there
             "inside": {"dense": {"nodes": ["dense/kernel", ...], "outputs": ["dense/Relu"]}},    nodes of other cards
             "digest": "..."}       of the nodes; if somebody else changed them, they count and the view lends places

What a graph cannot hold yet, a card that lacks an input perhaps, is in the items with everything that belongs to it.
"""
from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from multiprocessing import get_context
from pathlib import Path, PurePath
from typing import Any

import numpy as np

import graphengine as ge
from graphengine.tools.drawn import files as engine
from graphengine.tools.drawn.draw import decoded, no_array
from graphengine.tools.drawn.train import parse_train

from .apart import end_with_parent, receive, send
from .build import Built, build, in_order, stored_array, weight_bytes
from .document import GraphDocument
from .items import SUBGRAPH, Card, Frame, Item, Note, Ref, Setting, Wire
from .kinds import METRICS, TRAIN, catalog
from .meaning import without_numbers
from .memory import check_memory
from .names import Names
from .plain import from_plain, is_flat, to_plain
from .subgraphs import DEEPEST, lost, too_deep
from .values import INLINE, stored
from .version import ANY, Version, check_replaceable, version_of

Array = np.ndarray[Any, Any]
OWN_KEYS = ("format", "version", "nodes", "train", "view", "arrays")
MAX_ITEMS = 100_000
MOST_SOON, MOST_ITEMS_SOON = 2**20, 200     # bytes of arrays and weights, and items, that are soon saved
ROW, APART = 4, (240.0, 180.0)              # of cards that stand where another one was
OTHER = "file: "                            # begins the names of settings that are parts of the file


# -------------------------------------------------------------------- text

def to_text(document: GraphDocument) -> str:
    """All items, one a line, in an order that does not depend on how they came about. Large arrays stay beside."""
    lines = [json.dumps(to_plain(item), sort_keys=True, ensure_ascii=False) for item in _sorted(document)]
    rows = ",\n".join(f"  {line}" for line in lines)
    return f'{{"graphengine": "drawing", "version": 1, "items": [\n{rows}\n]}}\n'


def _sorted(document: GraphDocument) -> list[Item]:
    return [document.items[ref] for ref in sorted(document.items, key=lambda ref: (ref.kind, str(ref.key)))]


def from_text(text: str, arrays: Mapping[str, Array] | None = None, file: str = "the text") -> GraphDocument:
    """The document that `to_text` wrote.

    Raises
    ------
    FileFormatError
    """
    try:
        raw = json.loads(text)              # less strict than a file's: no edit may keep a journal from being read
    except (ValueError, RecursionError) as error:
        raise ge.errors.FileFormatError(f"it is no JSON: {error}", at=file, fix="use another file") from None
    return from_drawing(raw, arrays, file)


def from_drawing(raw: Any, arrays: Mapping[str, Array] | None = None, file: str = "the text") -> GraphDocument:
    """The document in plain JSON, as `to_text` writes it.

    Raises
    ------
    FileFormatError
    """
    if not isinstance(raw, dict) or raw.get("graphengine") != "drawing":
        raise ge.errors.FileFormatError("it is no drawn graph", at=file, fix="use another file")
    return GraphDocument(_items(raw.get("items"), file), arrays)


def _items(raw: Any, file: str) -> list[Item]:
    """Items that belong together: every wire has its cards, no item is there twice, no wires lead in a circle."""
    if not isinstance(raw, list) or len(raw) > MAX_ITEMS:
        raise ge.errors.FileFormatError("items is no list, or too long", at=file, fix="use another file")
    found: dict[Ref, Item] = {}
    for k, entry in enumerate(raw):
        item = from_plain(entry, f"{file}, item {k}")
        if item.ref in found:
            raise ge.errors.FileFormatError(f"{item.ref.kind} {item.ref.key!r} is there twice", at=f"{file}, item {k}",
                                            fix="remove one of them")
        found[item.ref] = item
    return _checked(found, file)


def _checked(found: Mapping[Ref, Item], file: str) -> list[Item]:
    """Items by their places, if they belong together."""
    for item in found.values():
        if isinstance(item, Wire):
            missing = next((c for c in (item.source, item.target) if Ref("card", c) not in found), None)
            if missing is not None:
                raise ge.errors.FileFormatError(f"a wire ends at {missing!r}, which is not there", at=file,
                                                fix="remove the wire")
    document = GraphDocument(found.values())
    circle = {c.id for c in document.cards} - {c.id for c in in_order(document)}
    if circle:
        raise ge.errors.FileFormatError(f"wires lead in a circle through {min(circle)!r}", at=file, fix="remove one")
    for ref in lost(document):
        raise ge.errors.FileFormatError(f"{ref.kind} {ref.key!r} lies in no subgraph that the graph holds", at=file,
                                        fix="remove its parent")
    deep = too_deep(document.cards)
    if deep is not None:
        raise ge.errors.FileFormatError(f"subgraph {deep!r} lies in more than {DEEPEST - 1} others", at=file,
                                        fix="take subgraphs apart")
    return list(found.values())


# -------------------------------------------------------------------- saving

def save(document: GraphDocument, path: str | os.PathLike[str], known: Version | None = ANY) -> Version | None:
    """Write a document; the old file stays whole if that fails.

    known : the version that may be overwritten

    Returns
    -------
    the version that was written

    Raises
    ------
    FileFormatError for what a file cannot hold, ChangedMeanwhileError if the file is another one, OSError if the
    system refuses.
    """
    version = _write(document, path, known)
    document.mark_saved()
    return version


def is_soon_saved(document: GraphDocument) -> bool:
    """Whether to save a document takes no longer than somebody waits for without noticing."""
    most = MOST_SOON - sum(array.nbytes for array in document.arrays.values())
    return len(document.items) <= MOST_ITEMS_SOON and most >= 0 and weight_bytes(document) <= most


def save_apart(text: str, arrays: Mapping[str, Array], path: str, known: Version | None = ANY) -> Version | None:
    """Write the document that `to_text` wrote, in a process of its own: the first values of weights, which a file has,
    may take long and all memory, which goes with it.

    known : as of `save`

    Returns
    -------
    the version that was written

    Raises
    ------
    as `save`; ChildProcessError if the process was ended.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_saver, args=(theirs,), name="saves a graph", daemon=True)
    process.start()
    theirs.close()
    try:
        send(ours, (text, arrays, path, known))
        answer: Exception | Version | None = receive(ours)
    except (EOFError, OSError):             # those of the file are sent
        answer = ChildProcessError("the process that writes it was ended, perhaps because memory ran out")
    ours.close()
    process.join()
    process.close()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _saver(pipe: Any) -> None:
    end_with_parent()
    try:
        text, arrays, path, known = receive(pipe)
        check_replaceable(path, known)
        document = from_text(text, arrays)
        check_memory(document)
        version = _write(document, path, known)
    except Exception as error:              # it is for who waits
        send(pipe, error)
    else:
        send(pipe, version)


def _write(document: GraphDocument, path: str | os.PathLike[str], known: Version | None) -> Version | None:
    written: list[Version | None] = []

    def check(new: Path) -> None:
        check_replaceable(path, known)
        written.append(version_of(new))     # once it has its name, another program may write to it

    built = build(document)
    parts = {name.removeprefix(OTHER): document.setting(name) for name in _others(document)}
    parts["view"] = _view(document, built)
    held = _without_lost(parts, document.arrays)
    built.graph.document.update(engine.with_arrays(held, lambda name: stored_array(document, name)))
    engine.save(built.graph, path, check=check)
    return written[0]


def _without_lost(value: Any, arrays: Mapping[str, Array]) -> Any:
    """The same JSON; where an array is named that is not there, the name is left out, so that the rest can be saved."""
    if isinstance(value, dict):
        if set(value) == engine.KEYS[0] and not (isinstance(value["array"], str) and value["array"] in arrays):
            value = {"dtype": value["dtype"], "shape": value["shape"]}
        return {key: _without_lost(item, arrays) for key, item in value.items()}
    return [_without_lost(item, arrays) for item in value] if isinstance(value, list) else value


def _others(document: GraphDocument) -> list[str]:
    """Names of settings that are parts of the file which the editor does not know."""
    return [s.name for s in document.items.values() if isinstance(s, Setting) and s.name.startswith(OTHER)]


def _view(document: GraphDocument, built: Built) -> dict[str, Any]:
    nodes = engine.nodes_of(built.graph, lambda name, array: name, "the graph")
    items, inside = [], {}
    written = {node["id"] for node in nodes}
    skipped = set(_others(document))
    for item in _sorted(document):
        if isinstance(item, Setting) and item.name in skipped:
            continue
        plain = to_plain(item)
        if isinstance(item, Card) and item.id in built.nodes:
            if item.kind.startswith("op/"):
                plain.pop("attributes", None)
                plain.pop("after", None)
            else:
                mine = set(built.nodes[item.id])
                hidden = [n for n in written if n in mine or n.removesuffix("/initial_value") in mine]
                count = sum(1 for card, _ in built.tensors if card == item.id)
                inside[item.id] = {
                    "nodes": sorted(hidden),
                    "outputs": [built.tensors[item.id, k].name.removesuffix(":0") for k in range(count)]}
        items.append(plain)
    return {"items": items, "inside": inside, "digest": digest(nodes)}


def digest(nodes: list[dict[str, Any]]) -> str:
    """What tells whether nodes are still those that the view was made for; values of arrays do not count."""
    bare = engine.rename_arrays(without_numbers(nodes), lambda value: "")
    return hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()[:16]


# -------------------------------------------------------------------- opening

def open_document(path: str | os.PathLike[str]) -> GraphDocument:
    """The document in a file; cards that have no place yet stand at (0, 0), so that they can be laid out.

    Raises
    ------
    FileFormatError that says what is wrong, OSError if the system refuses.
    """
    head = engine.beginning(path)
    if b'"graphengine": "drawing"' in head:
        apart: dict[str, Array] = {}
        return from_drawing(_with_large_apart(engine.plain(path), apart), apart, os.fspath(path))
    raw, arrays = engine.read(path)
    return from_engine(raw, arrays, os.fspath(path))


def _with_large_apart(value: Any, arrays: dict[str, Array]) -> Any:
    """The same JSON; large arrays are put beside, where nobody goes through them number by number."""
    if isinstance(value, dict):
        if set(value) == engine.KEYS[1] and isinstance(value["values"], list) and len(value["values"]) > INLINE:
            with contextlib.suppress(ge.errors.GraphEngineError):       # what is wrong is said on its card
                return stored(np.asarray(decoded(value, no_array)), arrays)
        return {key: _with_large_apart(item, arrays) for key, item in value.items()}
    return [_with_large_apart(item, arrays) for item in value] if isinstance(value, list) else value


def from_engine(raw: Mapping[str, Any], arrays: Mapping[str, Array], file: str) -> GraphDocument:
    """The document of a graph as plain JSON, large arrays named by `engine.store`."""
    if "nodes" not in raw:
        raise ge.errors.FileFormatError("the file has no nodes", at=file, fix='add "nodes": []')
    nodes = raw["nodes"]
    engine.check_nodes(nodes, file)
    view = raw.get("view")
    drawn: list[dict[str, Any]] = view.get("items", []) if isinstance(view, dict) else []
    if not isinstance(drawn, list) or not all(isinstance(entry, dict) for entry in drawn):
        raise ge.errors.FileFormatError("view.items is no list of items", at=file, fix='remove "view"')
    for node in nodes:
        if not is_flat(node):
            raise ge.errors.FileFormatError("its attributes nest too deeply", at=f"{file}, node {node['id']}",
                                            fix="make them flatter")
    if isinstance(view, dict) and view.get("digest") == digest(nodes):
        items = _items(_completed(drawn, nodes), file)
    else:
        items = _changed_by_others(nodes, raw.get("train"), drawn, view, file)
    rest = {f"{OTHER}{key}": value for key, value in raw.items() if key not in OWN_KEYS}
    items += [Setting(key, value) for key, value in rest.items()]
    return GraphDocument(items, arrays)


def _completed(drawn: list[dict[str, Any]], nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items of a view with the attributes of the nodes that they stand for."""
    by_name = {node["id"]: node for node in nodes}
    found = []
    for entry in drawn:
        node = by_name.get(str(entry.get("id", ""))) if entry.get("item") == "card" else None
        if node is not None and entry.get("kind") == f"op/{node['op']}":
            entry = {**entry, "attributes": node.get("attributes", {})}
            if node.get("after"):
                entry["after"] = node["after"]
        found.append(entry)
    return found


def _changed_by_others(
    nodes: list[dict[str, Any]], train: Any, drawn: list[dict[str, Any]], view: Any, file: str
) -> list[Item]:
    """Items of nodes that are no longer those of the view: they count, and what the nodes never held is kept."""
    inside = view.get("inside", {}) if isinstance(view, dict) else {}
    found = {item.ref: item for item in _with_places(_of_nodes(nodes, train, file), drawn, inside)}
    held = {node["id"] for node in nodes} | set(inside if isinstance(inside, dict) else ())
    kept: list[Item] = [from_plain(entry, f"{file}, view") for entry in drawn]
    for item in kept:
        is_unfinished = isinstance(item, Card) and item.kind.startswith("op/") and item.id not in held
        is_subgraph = isinstance(item, Card) and item.kind == SUBGRAPH
        if isinstance(item, Setting) or is_unfinished or is_subgraph:
            found.setdefault(item.ref, item)
    for item in kept:
        if isinstance(item, Wire) and item.target not in held and all(
                Ref("card", end) in found for end in (item.source, item.target)):
            found.setdefault(item.ref, item)
    loose = GraphDocument(found.values())
    for ref in lost(loose):                 # a node has the name of what was their subgraph
        item = found[ref]
        assert isinstance(item, Card | Frame | Note), "others lie nowhere"
        found[ref] = dataclasses.replace(item, parent="")
    return _checked(_without_circles(found, held), file)


def _without_circles(found: dict[Ref, Item], held: set[str]) -> dict[Ref, Item]:
    """Items without what leads unfinished cards, those that are not held, in a circle; nodes lead in none."""
    loose = GraphDocument(found.values())
    circle = {card.id for card in loose.cards} - {card.id for card in in_order(loose)}
    kept: dict[Ref, Item] = {}
    for ref, item in found.items():
        if isinstance(item, Wire) and item.target in circle - held and item.source in circle:
            continue
        if isinstance(item, Card) and item.id in circle - held:
            item = dataclasses.replace(item, after=tuple(id for id in item.after if id not in circle))
        kept[ref] = item
    return kept


def _with_places(items: Iterable[Item], drawn: list[dict[str, Any]], inside: Any) -> Iterable[Item]:
    """Items at the places that cards of the same name have in a view, with its frames and notes.

    Wires go the way of those with the same ends. The nodes of a card that is no node, by `inside`, stand around its
    place, in its subgraph.
    """
    places, ways = {}, {}
    for entry in drawn:
        if entry.get("item") == "card":
            item = from_plain({"kind": "", **entry}, "view")
            assert isinstance(item, Card)
            places[item.id] = item
        elif entry.get("item") == "wire":
            item = from_plain(entry, "view")
            assert isinstance(item, Wire)
            ways[item.source, item.output, item.target, item.input] = item
        elif entry.get("item") in ("frame", "note"):
            yield from_plain(entry, "view")
    around = _around(places, inside)
    for item in items:
        old = places.get(item.id) if isinstance(item, Card) else None
        if isinstance(item, Wire):
            way = ways.get((item.source, item.output, item.target, item.input))
            item = item if way is None else dataclasses.replace(item, bends=way.bends, portal=way.portal)
        elif isinstance(item, Card) and item.id in around:
            x, y, parent = around[item.id]
            item = dataclasses.replace(item, x=x, y=y, parent=parent)
        if isinstance(item, Card) and old is not None:
            item = dataclasses.replace(item, x=old.x, y=old.y, width=old.width, collapsed=old.collapsed,
                                       preview=old.preview, example=old.example, parent=old.parent)
        yield item


def _around(places: Mapping[str, Card], inside: Any) -> dict[str, tuple[float, float, str]]:
    """Places, and the subgraph, of nodes that are inside a card: in rows that begin where it is."""
    found = {}
    for id, parts in inside.items() if isinstance(inside, dict) else ():
        names = parts.get("nodes") if isinstance(parts, dict) else None
        whole = places.get(id)
        if whole is not None and isinstance(names, list):
            for k, name in enumerate(name for name in names if isinstance(name, str) and name not in places):
                found[name] = whole.x + k % ROW * APART[0], whole.y + k // ROW * APART[1], whole.parent
    return found


def _of_nodes(nodes: list[dict[str, Any]], train: Any, file: str) -> list[Item]:
    """Cards for nodes, with what the `train` section says."""
    found: list[Item] = []
    names = {node["id"] for node in nodes}
    for node in nodes:
        after = tuple(node.get("after", ()))
        found.append(Card(node["id"], f"op/{node['op']}", node.get("attributes", {}), after=after))
        for number, text in enumerate(node.get("inputs", ())):
            source, position = engine.parse_reference(text, file, node["id"])
            found.append(Wire(source, position, node["id"], number))
    return found if train is None else [*found, *_of_train(train, names, file)]


def _of_train(train: Any, names: set[str], file: str) -> list[Item]:
    """The cards of a `train` section: sources of data, optimizer, training."""
    new = Names(names).new
    spec = parse_train(train, file).as_json()
    found: list[Item] = []
    data = spec["data"] if isinstance(spec["data"], list) else [spec["data"]]
    for source in data:
        card, wires = _of_source(source, names, new)
        found += [card, *wires]
    optimizer = dict(spec["optimizer"])
    kind = f"optimizer/{optimizer.pop('name')}"
    tuned = Card(new(catalog()[kind].name), kind, optimizer)
    own: dict[str, Any] = {key: spec[key] for key in ("epochs", "batch_size", "shuffle", "seed") if key in spec}
    own = {"batch_size": None, "seed": None, **own}
    card = Card(new("train"), TRAIN, own)
    found += [tuned, card, Wire(tuned.id, 0, card.id, 1)]
    for number, name in ((0, spec["loss"]), *enumerate(spec.get("metrics", {}).values(), METRICS)):
        source, position = engine.parse_reference(name, file, None)
        if source not in names:
            raise ge.errors.FileFormatError(f"train names {name!r}, but there is no such node", at=file,
                                            fix="correct the name")
        found.append(Wire(source, position, card.id, number))
    return found


def _of_source(
    source: Mapping[str, Any], names: set[str], new: Callable[[str], str]
) -> tuple[Card, list[Wire]]:
    path = PurePath(source.get("file", ""))
    kinds = {".csv": "csv", ".npz": "npz", ".npy": "npy", ".png": "image"}
    kind = source.get("dataset") or ("random" if "random" in source else kinds[path.suffix])
    attributes: dict[str, Any] = dict(source.get("random", {}))
    if "file" in source:
        attributes["file"] = source["file"]
    feeds = source["feeds"]
    outputs = [s.name for s in catalog()[f"data/{kind}"].outputs]
    if not outputs:
        attributes["feeds"] = feeds
    of = {name: name if not outputs else columns for name, columns in feeds.items()}
    if "scale" in source:
        attributes["scale"] = {of[name]: scale for name, scale in source["scale"].items()}
    if source.get("train_rows") is not None:
        attributes["train_rows"] = source["train_rows"]
    card = Card(new(path.stem or str(kind)), f"data/{kind}", attributes)
    order = outputs or sorted(feeds)
    return card, [Wire(card.id, order.index(of[name]), name, 0) for name in feeds if name in names]
