"""Calls of `keras.tree` as expressions, with what Keras 3.15 gives for each, as text.

    python tests/data/keras_tree.py > tests/data/keras_tree.json      # where Keras is installed
"""

CASES = """
is_nested(1); is_nested([]); is_nested(()); is_nested({}); is_nested(None); is_nested('ab'); is_nested(P(1, 2)); is_nested(deque([1])); is_nested(O(a=1)); is_nested(range(3)); is_nested({1, 2}); is_nested(np.ones(2))
flatten(1); flatten(None); flatten([]); flatten([[1, 2, 3], [4, [5], [[6]]]]); flatten({'b': 1, 'a': [2, None]}); flatten(O(b=1, a=2)); flatten(P(1, (2, 3))); flatten({100: 'world!', 6: 'Hello'}); flatten(deque([1, [2]])); flatten(D(int, {'z': 1, 'y': 2})); flatten([[None]]); flatten({}); flatten(['ab', (1,)]); flatten([{}]); flatten({'a': {}}); flatten({1: 2, 'a': 3})
flatten_with_path([{'foo': 42}]); flatten_with_path(P(1, [2])); flatten_with_path({'b': (1, 2), 'a': 3}); flatten_with_path(1); flatten_with_path([]); flatten_with_path(O(b=1, a=2)); flatten_with_path(deque([5, 6]))
map_structure(lambda v: v ** 2, [[1], [2], [3]]); map_structure(lambda x, y: x * y, [[1], [2]], [[3], [4]]); map_structure(lambda v: v * 2, P(1, 2)); map_structure(lambda v: v, {'b': 1, 'a': 2}); map_structure(str, None); map_structure(str, None, none_is_leaf=False); map_structure(str, [1, None]); map_structure(str, [1, None], none_is_leaf=False); map_structure(lambda v: v + 1, O(b=1, a=2)); map_structure(lambda v: v + 1, deque([1])); map_structure(lambda v: v + 1, D(int, {'a': 1})); map_structure(lambda x, y: x, [1, 2], [1]); map_structure(lambda x, y: x, [1, 2], (1, 2)); map_structure(lambda x, y: x, [1], [[1]]); map_structure(lambda x, y: x, {'a': 1}, {'b': 1}); map_structure(lambda x, y: x, {'a': 1}, O(a=1)); map_structure(3, [1]); map_structure(str); map_structure(lambda x, y: (x, y), [1, None], [2, 3]); map_structure(lambda x, y: x + y, 1, 2); map_structure(lambda x, y: x, P(1, 2), (1, 2)); map_structure(lambda x, y: x, 1, [2]); map_structure(lambda v: v + 1, {'b': {'d': 1, 'c': 2}, 'a': 3})
map_structure_up_to([0, 0], lambda a, b: (a, b), [1, [2]], [[3], 4]); map_structure_up_to([[0]], str, [1]); map_structure_up_to([0], str, [1, 2]); map_structure_up_to(0, str, [1, 2]); map_structure_up_to({'a': 0}, str, {'a': [1]}); map_structure_up_to([0], str)
assert_same_structure([(0, 1)], [(2, 3)]); assert_same_structure([0], (0,)); assert_same_structure([0], [0, 1]); assert_same_structure([0], [[0]]); assert_same_structure({'a': 1}, O(a=2)); assert_same_structure({'a': 1}, {'b': 1}); assert_same_structure(P(0, 1), Q(0, 1)); assert_same_structure(1, 2); assert_same_structure(1, [1]); assert_same_structure([1], 1); assert_same_structure([None], [1]); assert_same_structure({'a': 1}, D(int, {'a': 2})); assert_same_structure({'b': 1, 'a': 2}, {'a': 1, 'b': 2}); assert_same_structure([], []); assert_same_structure([1], deque([1])); assert_same_structure((1,), [1])
assert_same_paths([0, 1], (2, 3)); assert_same_paths(P(0, 1), Q(2, 3)); assert_same_paths([0], [0, 1]); assert_same_paths({'a': 1}, {'b': 1}); assert_same_paths([[0]], [0]); assert_same_paths(P(0, 1), (2, 3)); assert_same_paths({0: 1}, [1])
pack_sequence_as((('a', 'b'), ('c', 'd', 'e'), 'f'), [1, 2, 3, 4, 5, 6]); pack_sequence_as({'key3': {'c': ('alpha', 'beta'), 'a': 'gamma'}, 'key1': {'e': 'val1', 'd': 'val2'}}, ['val2', 'val1', 3.0, 1.0, 2.0]); pack_sequence_as(1, [5]); pack_sequence_as([1, 2], [5]); pack_sequence_as([1], [5, 6]); pack_sequence_as(O(b=1, a=2), [3, 4]); pack_sequence_as([None, 1], [3, 4]); pack_sequence_as(1, [5, 6]); pack_sequence_as(P(0, [0]), [1, 2]); pack_sequence_as([1], 5); pack_sequence_as([], []); pack_sequence_as([1], (7,))
lists_to_tuples([1, [2, (3, [4])], {'a': [5]}]); lists_to_tuples(1); lists_to_tuples([]); lists_to_tuples(P([1], 2))
map_shape_structure(lambda s: s, (1, None)); map_shape_structure(lambda s: len(s), {'b': (1, 2), 'a': [3]}); map_shape_structure(len, [(1, 2), (None,)]); map_shape_structure(len, [[(1, 2)], (3,)]); map_shape_structure(lambda s: s, ())
traverse(lambda x: None, [(1, 2), [3]]); traverse(lambda x: x * 2 if isinstance(x, int) else None, [(1, 2), {'a': 3}]); traverse(lambda x: T if x == 1 else None, [1, 2]); traverse(lambda x: 'p' if isinstance(x, tuple) else None, [(1, 2), 3]); traverse(lambda x: sum(x) if isinstance(x, tuple) else None, [((1, 2), 3), 3], top_down=False); traverse(lambda x: x, [[1]], top_down=False); traverse(lambda x: T, [1]); traverse(lambda x: None, 5); traverse(lambda x: None, {'b': 1, 'a': [2]}); traverse(3, [1])
"""

def calls():
    return [c.strip() for line in CASES.strip().splitlines() for c in line.split("; ")]


def result(tree, call):
    from collections import OrderedDict, defaultdict, deque, namedtuple

    import numpy as np

    names = {"P": namedtuple("P", "x y"), "Q": namedtuple("Q", "x y"), "O": OrderedDict, "D": defaultdict,
             "deque": deque, "np": np, "T": tree.MAP_TO_NONE, "tree": tree}
    try:
        return repr(eval("tree." + call, names))
    except (TypeError, ValueError) as error:
        return "TypeError" if isinstance(error, TypeError) else "ValueError"


if __name__ == "__main__":
    import json

    import keras

    print(json.dumps({c: result(keras.tree, c) for c in calls()}, indent=0))
