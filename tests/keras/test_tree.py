"""`keras.tree` gives what Keras gives, as text, or an error of the same kind."""
from __future__ import annotations

import importlib.util
import json
from collections import deque
from pathlib import Path

import pytest

from graphengine.keras import tree

FOLDER = Path(__file__).parents[1] / "data"
KNOWN = json.loads((FOLDER / "keras_tree.json").read_text(encoding="utf8"))
_spec = importlib.util.spec_from_file_location("keras_tree", FOLDER / "keras_tree.py")
recorded = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recorded)


def test_all_calls_are_recorded():
    assert list(KNOWN) == recorded.calls()


@pytest.mark.parametrize("call", KNOWN)
def test_as_keras(call):
    assert recorded.result(tree, call) == KNOWN[call]


def test_none_in_a_shallow_structure_is_a_leaf():
    assert tree.map_structure_up_to([None, [None, None]], str, [[1, 1], [2, 2]]) == ["[1, 1]", ["2", "2"]]


def test_a_deque_keeps_its_length():
    assert tree.map_structure(str, deque([1, 2], 2)).maxlen == 2


def test_parents_come_before_their_children_or_after_them():
    seen = []
    tree.traverse(seen.append, [(1, 2), {"a": 4}])
    assert seen == [[(1, 2), {"a": 4}], (1, 2), 1, 2, {"a": 4}, 4]
    seen = []
    tree.traverse(seen.append, [(1, 2), {"a": 4}], top_down=False)
    assert seen == [1, 2, (1, 2), 4, {"a": 4}, [(1, 2), {"a": 4}]]


def test_errors_name_what_differs():
    with pytest.raises(ValueError, match=r"\[1\] and \(1,\)"):
        tree.assert_same_structure([1], (1,))
    with pytest.raises(ValueError, match=r"'b'.*and.*'c'"):
        tree.assert_same_paths({"a": 1, "b": 2}, {"a": 1, "c": 2})
    with pytest.raises(ValueError, match="1 values for a structure with 2 leaves"):
        tree.pack_sequence_as([1, 2], [3])
