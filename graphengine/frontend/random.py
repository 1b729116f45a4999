"""Random numbers: functions with TensorFlow's names that draw tensors, and dropout.

A function without ``stateless_`` in its name makes a node that gives other numbers in each run and in each step of
`run_steps`. Its state belongs to the session and follows from two seeds: that of the graph (`set_seed`) and that of
the op (``seed=``). With neither, each session begins somewhere else. A ``stateless_`` function is a function of its
seed alone. Both give TensorFlow's own numbers for equal seeds, at once and in graphs, except for `gamma` and
`categorical`, which are made in another way. `set_seed` begins sequences of what is computed at once again; a function
that has been traced goes on with its own.
"""
from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .. import dtypes
from ..dtypes import DType, as_dtype
from ..errors import AttributeValueError, DTypeError, ShapeError
from ..ir.eager import EagerTensor
from ..ir.graph import Graph, get_default_graph, is_drawing, no_graph, receiving_graph, seed_of
from ..ir.node import Tensor
from ..ops.language import L
from ..ops.philox import AdvanceState, RandomState, blocks_behind
from ..ops.rules import as_int
from ..ops.state import Const
from .build import convert_to_tensor
from .pieces import known_value
from .variables import Variable

SEED_OF_GRAPH = 87654321                    # TensorFlow's, where only the op has a seed
LARGEST_SEED = 2**31 - 1
ALGORITHMS = ("auto_select", "philox", 1, 3)            # also as TensorFlow numbers them

Draw = Callable[[Any, Any], Any]            # numbers for the shape of a tensor, from a state
Source = Callable[[Draw], Any]              # has numbers drawn for a shape from a state, both of which it knows


# -------------------------------------------------------------------- seeds and states

def set_seed(seed: int | None) -> None:
    """Let all random ops made from now on follow from a seed.

    Inside ``with graph.as_default():`` it is the seed of that graph; outside of all graphs, that of every graph which
    has none of its own.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     tf.random.set_seed(0)
    ...     print(tf.Session().run(tf.nn.dropout(tf.ones([8]), rate=0.5, seed=1)))
    [2. 0. 0. 2. 2. 2. 2. 2.]
    """
    get_default_graph().seed = None if seed is None else int(seed)
    if not is_drawing():
        _at_once.restart(None if seed is None else int(seed))


def seeds(graph: Graph, seed: int | None) -> tuple[int | None, int]:
    """The two seeds of an op, as TensorFlow combines them."""
    return _combined(seed_of(graph), seed, _states(graph) if seed is None else 0)


_counted: WeakKeyDictionary[Graph, tuple[int, int]] = WeakKeyDictionary()   # nodes looked at, states among them


def _states(graph: Graph) -> int:
    """How many states the graph has; nodes that were counted before are not looked at again."""
    seen, count = _counted.get(graph, (0, 0))
    count += sum(isinstance(n.op, RandomState) for n in graph.nodes[seen:])
    _counted[graph] = len(graph.nodes), count
    return count


def _combined(whole: int | None, seed: int | None, drawn: int) -> tuple[int | None, int]:
    if whole is None and seed is None:
        return None, 0
    drawn = drawn if seed is None else int(seed)
    first = (SEED_OF_GRAPH if whole is None else whole) % LARGEST_SEED
    second = drawn % LARGEST_SEED
    return first, LARGEST_SEED if (first, second) == (0, 0) else second     # both 0 means no seed in TensorFlow


def fresh(like: Any, seed: int | None, kind: str, draw: Draw, order: bool = False) -> Any:
    """Numbers from a state of their own, which moves on whenever they are drawn.

    kind : of numbers; computed at once, equal kinds with equal seeds have one state
    order : whether the numbers are an order
    """
    if isinstance(like, EagerTensor):
        return draw(like, _at_once.next(seed, kind, blocks_behind(like.array.size, order)))
    graph = receiving_graph(like.graph)
    owner = graph.root                      # a state that a loop's body draws from goes on from step to step
    with owner.control_dependencies(None):
        state = owner.add(RandomState(*seeds(owner, seed)), (), "state").outputs[0]
    advanced = graph.add(AdvanceState(order), (state, like), "advance")
    with graph.control_dependencies([advanced]):
        return draw(like, state)


class _States:
    """States of ops that are computed at once, as TensorFlow's: one for each seed of an op and kind of numbers.

    An op without a seed of its own gets a new one in each call, which follows from the seed of all.
    """

    def __init__(self) -> None:
        self.restart(None)

    def restart(self, seed: int | None) -> None:
        """Begin all sequences again."""
        self.seed = seed
        self.seeds = Random(seed)           # also those of TensorFlow come from Python's generator
        self.states: dict[Any, Any] = {}

    def next(self, seed: int | None, kind: str, blocks: int) -> EagerTensor:
        """The state to draw from now; one that is kept moves on by so many blocks."""
        if seed is None and self.seed is not None:
            return EagerTensor(self._start(self.seeds.randint(0, LARGEST_SEED)))
        key = seed, kind
        if key not in self.states:
            self.states[key] = self._start(seed)
        state = self.states[key]
        self.states[key] = state + np.array([blocks, 0, 0])
        return EagerTensor(state.copy())

    def _start(self, seed: int | None) -> Any:
        return RandomState(*_combined(self.seed, seed, 0)).start()


_at_once = _States()


def state_of(seed: int) -> Any:
    """The state that an op with this seed begins at, as an array."""
    return RandomState(*_combined(_at_once.seed, seed, 0)).start()


def source_of_seeds() -> Random | None:
    """What seeds of ops without one come from since the last `set_seed`; None if they come from anywhere."""
    return None if _at_once.seed is None else _at_once.seeds


def generator(seed: int | None) -> np.random.Generator:
    """numpy's generator for what draws in Python, such as the order of samples: it follows from the seeds as ops do."""
    if seed is not None:
        return np.random.default_rng([x or 0 for x in _combined(_at_once.seed, seed, 0)])
    with no_graph():
        return np.random.default_rng(int(uniform([], 0, LARGEST_SEED, dtypes.int64)))


def _fixed(like: Any, seed: Any, alg: str, draw: Draw) -> Any:
    """Numbers that follow from two seeds alone."""
    if alg not in ALGORITHMS:
        raise AttributeValueError(f"alg={alg!r}; it takes one of {ALGORITHMS}", op="random")
    return draw(like, L.state_of_seed(convert_to_tensor(seed)))


# -------------------------------------------------------------------- shapes

def like(shape: Any) -> Any:
    """A tensor of this shape, of which nobody reads the elements.

    shape : sizes, or ``shape(x)`` of a tensor, or a list of both sizes and elements of such
    """
    if isinstance(shape, Tensor) and shape.node.op.name == "shape_of":
        return shape.node.inputs[0]
    parts = shape if isinstance(shape, (list, tuple)) else (shape,)
    if any(isinstance(s, (Tensor, Variable)) and not _axis_of(s) for s in parts):      # known when it runs
        return L.broadcast_to(np.zeros((), np.int32), list(shape) if isinstance(shape, tuple) else shape)
    if isinstance(shape, (list, tuple)) and any(_axis_of(s) for s in shape):
        rank = len(shape)
        lines = []
        for k, size in enumerate(shape):
            x, axis = _axis_of(size) or (L.broadcast_to(np.zeros((), np.int32), (int(known_value(size, "size")),)), 0)
            lines.append(L.reshape(_line(x, axis), tuple(-1 if j == k else 1 for j in range(rank))))
        return L.add_n([sum(lines[1:], lines[0])])
    sizes = known_value(list(shape) if isinstance(shape, tuple) else shape, "shape").reshape(-1).tolist()
    return L.broadcast_to(np.zeros((), np.int32), tuple(sizes))


def _axis_of(size: Any) -> tuple[Any, int] | None:
    """The tensor and the axis of ``shape(x)[axis]``."""
    node = size.node if isinstance(size, Tensor) else None
    if node is None or node.op.name != "get_item" or node.inputs[0].node.op.name != "shape_of":
        return None
    (entry,) = node.op.index
    return node.inputs[0].node.inputs[0], int(entry)


def _line(x: Any, axis: int) -> Any:
    """A tensor with the one axis of `x`."""
    others = [k for k in range(x.rank) if k != axis % x.rank]
    return L.reduce_max(L.zeros_like(x, dtypes.int32), others)


# -------------------------------------------------------------------- uniform and normal numbers

def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Numbers in [minval, maxval), each as likely as any other; other ones in each run.

    Parameters
    ----------
    shape : sizes; also ``shape(x)`` or a list with elements of it
    minval, maxval : numbers or tensors that broadcast to `shape`; `maxval` is 1 for floats if None
    dtype : float32, float64, int32 or int64
    seed : of the op; see `set_seed`

    Raises
    ------
    AttributeValueError for whole numbers without `maxval`, or if known limits leave nothing between them.
    """
    source = lambda draw: fresh(like(shape), seed, f"uniform {as_dtype(dtype).name}", draw)
    return uniform_by(source, minval, maxval, dtype, name or "random_uniform")


def stateless_uniform(
    shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, name: str | None = None,
    alg: str = "auto_select",
) -> Any:
    """Numbers in [minval, maxval), a function of two seeds.

    Parameters
    ----------
    seed : two whole numbers, or a tensor of them
    minval, maxval : as for `uniform`; None for both: whole numbers of any size

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.Session().run(tf.random.stateless_uniform([4], seed=[1, 2], maxval=10, dtype=tf.int32)))
    [0 9 4 9]
    """
    source = lambda draw: _fixed(like(shape), seed, alg, draw)
    return uniform_by(source, minval, maxval, dtype, name or "stateless_random_uniform")


def uniform_by(source: Source, minval: Any, maxval: Any, dtype: Any, name: str) -> Any:
    """Uniform numbers from a source."""
    kind, low, high, draw = _uniform(minval, maxval, dtype)
    with _scope(name) as scope:
        return _stretched(kind, source(draw), low, high, scope)


def _uniform(minval: Any, maxval: Any, dtype: Any) -> tuple[DType, Any, Any, Draw]:
    """The dtype, the limits, and what draws: floats in [0, 1), or whole numbers between the limits."""
    kind = as_dtype(dtype)
    if not kind.is_integer:
        return kind, minval, 1 if maxval is None else maxval, _floats(L.random_uniform, kind)
    if minval is None and maxval is None:
        return kind, None, None, lambda like, state: L.random_bits(like, state, kind)
    if maxval is None or minval is None:
        raise AttributeValueError(f"{kind.name} numbers want minval and maxval", op="random.uniform")
    low, high = convert_to_tensor(minval, kind), convert_to_tensor(maxval, kind)
    _check_order(low, high)
    return kind, low, high, lambda like, state: L.random_uniform_int(like, state, low, high)


def _check_order(low: Any, high: Any) -> None:
    least, end = [
        x.array if isinstance(x, EagerTensor) else x.node.op.value.array if isinstance(x.node.op, Const) else None
        for x in (low, high)
    ]
    if least is not None and end is not None and (least >= end).any():
        raise AttributeValueError(f"minval={least} is not below maxval={end}", op="random.uniform")


def _stretched(kind: DType, numbers: Any, low: Any, high: Any, scope: str) -> Any:
    """Floats of [0, 1) in [low, high); whole numbers are there already."""
    if kind.is_integer or (_is(low, 0) and _is(high, 1)):
        return L.identity(numbers, name=scope)
    least = convert_to_tensor(low, kind)
    return L.add(numbers * (convert_to_tensor(high, kind) - least), least, name=scope)


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normal numbers, other ones in each run.

    Parameters
    ----------
    shape : sizes; also ``shape(x)`` or a list with elements of it
    mean, stddev : numbers or tensors; the result is differentiable with respect to them
    dtype : float32 or float64
    seed : of the op; see `set_seed`
    """
    source = lambda draw: fresh(like(shape), seed, f"normal {as_dtype(dtype).name}", draw)
    return normal_by(source, L.random_normal, mean, stddev, dtype, name or "random_normal")


def stateless_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, name: str | None = None,
    alg: str = "auto_select",
) -> Any:
    """Normal numbers, a function of two seeds."""
    source = lambda draw: _fixed(like(shape), seed, alg, draw)
    return normal_by(source, L.random_normal, mean, stddev, dtype, name or "stateless_random_normal")


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normal numbers within two standard deviations of the mean, other ones in each run."""
    source = lambda draw: fresh(like(shape), seed, f"truncated {as_dtype(dtype).name}", draw)
    return normal_by(source, L.random_truncated_normal, mean, stddev, dtype, name or "truncated_normal")


def stateless_truncated_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, name: str | None = None,
    alg: str = "auto_select",
) -> Any:
    """Normal numbers within two standard deviations of the mean, a function of two seeds."""
    source = lambda draw: _fixed(like(shape), seed, alg, draw)
    return normal_by(source, L.random_truncated_normal, mean, stddev, dtype, name or "stateless_truncated_normal")


def normal_by(source: Source, op: Callable[..., Any], mean: Any, stddev: Any, dtype: Any, name: str) -> Any:
    """Normal numbers from a source, by an op that makes them of mean 0 and standard deviation 1."""
    with _scope(name) as scope:
        return _scaled(source(_floats(op, dtype)), mean, stddev, scope)


def _scope(name: str) -> AbstractContextManager[str]:
    return get_default_graph().name_scope(name)


def _floats(op: Callable[..., Any], dtype: Any) -> Draw:
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise DTypeError(f"dtype is {kind.name}; random numbers of this kind are fractions", op="random",
                         fix="dtype=float32")
    return lambda like, state: op(like, state, kind)


def _scaled(numbers: Any, mean: Any, stddev: Any, scope: str) -> Any:
    spread = numbers if _is(stddev, 1) else numbers * stddev
    return L.identity(spread, name=scope) if _is(mean, 0) else L.add(spread, mean, name=scope)


def _is(value: Any, number: int) -> bool:
    return isinstance(value, (int, float)) and value == number


# -------------------------------------------------------------------- gamma numbers, choices, orders

def gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Numbers of gamma distributions, other ones in each run: `shape` of them for each alpha and beta.

    Parameters
    ----------
    shape : sizes of the first axes of the result
    alpha : shape of the distributions, positive
    beta : inverse scale, positive; 1 if None. The result is differentiable with respect to it

    Shapes
    ------
    alpha, beta : broadcast against each other
    result : `shape`, then that of alpha and beta together
    """
    with _scope(name or "random_gamma") as scope:
        first = like(shape)
        whole = _together(alpha, beta, dtype)
        for _ in range(whole.rank):
            first = L.expand_dims(first, -1)
        return _divided(fresh(_copied(whole, first), seed, "gamma", L.random_gamma), beta, scope)


def stateless_gamma(
    shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = dtypes.float32, name: str | None = None,
    alg: str = "auto_select",
) -> Any:
    """Numbers of gamma distributions, a function of two seeds.

    Shapes
    ------
    alpha, beta : broadcast to `shape`
    result : `shape`
    """
    with _scope(name or "stateless_random_gamma") as scope:
        whole = _copied(_together(alpha, beta, dtype), like(shape))
        return _divided(_fixed(whole, seed, alg, L.random_gamma), beta, scope)


def _together(alpha: Any, beta: Any, dtype: Any) -> Any:
    """Alpha in the shape that it has with beta."""
    x = convert_to_tensor(alpha, None if isinstance(alpha, (Tensor, Variable)) else dtype)
    return x if beta is None else _copied(x, convert_to_tensor(beta, None if isinstance(beta, Tensor) else x.dtype))


def _copied(x: Any, like: Any) -> Any:
    """`x` in the shape that it has together with another tensor."""
    return x + L.zeros_like(like, x.dtype)


def _divided(numbers: Any, beta: Any, scope: str) -> Any:
    scaled = numbers if beta is None else numbers / beta
    return L.maximum(scaled, np.finfo(numbers.dtype.numpy).tiny, name=scope)


def categorical(
    logits: Any, num_samples: int, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Classes drawn with the probabilities ``softmax(logits)``, other ones in each run.

    Shapes
    ------
    logits : (batch, classes)
    result : (batch, num_samples), int64 if `dtype` is None
    """
    x = convert_to_tensor(logits)
    with _scope(name or "categorical") as scope:
        shares = fresh(_choices(x, num_samples), seed, "categorical", _floats(L.random_uniform, dtypes.float64))
        return L.choose(x, shares, dtypes.int64 if dtype is None else dtype, name=scope)


def stateless_categorical(
    logits: Any, num_samples: int, seed: Any, dtype: Any = dtypes.int64, name: str | None = None,
    alg: str = "auto_select",
) -> Any:
    """Classes drawn with the probabilities ``softmax(logits)``, a function of two seeds."""
    x = convert_to_tensor(logits)
    with _scope(name or "stateless_categorical") as scope:
        shares = _fixed(_choices(x, num_samples), seed, alg, _floats(L.random_uniform, dtypes.float64))
        return L.choose(x, shares, dtype, name=scope)


def _choices(logits: Any, num_samples: Any) -> Any:
    """Lends the shape (batch, num_samples)."""
    if logits.shape.rank not in (None, 2):
        raise ShapeError(f"logits has shape {logits.shape}; it has two axes, (batch, classes)", op="random.categorical")
    return _copied(L.reduce_max(logits, 1, True), L.broadcast_to(np.float32(0), [1, num_samples]))


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """The slices of a tensor along its first axis in random order, another one in each run."""
    x = convert_to_tensor(value)
    with _scope(name or "random_shuffle") as scope:
        return L.gather(x, fresh(_line(x, 0), seed, "shuffle", L.random_order, order=True), name=scope)


def stateless_shuffle(value: Any, seed: Any, alg: str = "auto_select", name: str | None = None) -> Any:
    """The slices of a tensor along its first axis in an order that follows from two seeds."""
    x = convert_to_tensor(value)
    with _scope(name or "stateless_shuffle") as scope:
        return L.gather(x, _fixed(_line(x, 0), seed, alg, L.random_order), name=scope)


# -------------------------------------------------------------------- seeds from seeds

def split(seed: Any, num: int = 2, alg: str = "auto_select") -> Any:
    """`num` new pairs of seeds from one.

    Shapes
    ------
    seed : (2,)
    result : (num, 2)

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.Session().run(tf.random.split([1, 2], num=2)))
    [[1105988140 1738052849]
     [-335576002  370444179]]
    """
    seeds = convert_to_tensor(seed)
    return stateless_uniform([as_int(num), 2], seeds, None, None, seeds.dtype, alg=alg)


def fold_in(seed: Any, data: Any, alg: str = "auto_select") -> Any:
    """A new pair of seeds from a pair and a whole number, such as that of a step."""
    number = convert_to_tensor(data)
    return L.stack([stateless_uniform([], seed, None, None, number.dtype, alg=alg), number])


# -------------------------------------------------------------------- dropout

def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Any:
    """Elements set to 0 at random, and the others divided by ``1 - rate`` so that the mean stays; others in each run.

    Parameters
    ----------
    x : float tensor
    rate : chance of an element to become 0, in [0, 1)
    noise_shape : sizes of what is decided at random: 1 for an axis along which elements share their fate, None for
        the size that x has; the shape of `x` if None
    seed : of the op; see `set_seed`

    Raises
    ------
    AttributeValueError for a rate outside [0, 1).

    References
    ----------
    Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting".
    """
    def noise_of(like: Any, draw: Draw) -> Any:
        return fresh(like, seed, f"uniform {like.dtype.name}", draw)

    return _dropped(x, rate, noise_shape, name, noise_of)


def stateless_dropout(
    x: Any, rate: Any, seed: Any, rng_alg: str = "auto_select", noise_shape: Any = None, name: str | None = None
) -> Any:
    """`dropout` as a function of two seeds."""
    return _dropped(x, rate, noise_shape, name, lambda like, draw: _fixed(like, seed, rng_alg, draw))


def general_dropout(
    x: Any, rate: Any, uniform_sampler: Callable[..., Any], noise_shape: Any = None, name: str | None = None
) -> Any:
    """`dropout` with numbers in [0, 1) from a function of a shape and a dtype."""
    def noise_of(like: Any, draw: Draw) -> Any:
        known = like.shape.is_fully_defined()
        return uniform_sampler(shape=tuple(like.shape) if known else L.shape_of(like), dtype=like.dtype)

    return _dropped(x, rate, noise_shape, name, noise_of)


def _dropped(x: Any, rate: Any, noise_shape: Any, name: str | None, noise_of: Callable[[Any, Draw], Any]) -> Any:
    value = convert_to_tensor(x)
    if not value.dtype.is_floating:
        raise DTypeError(f"x is {value.dtype.name}; only fractions can be scaled", op="dropout", fix="cast(x, float32)")
    if isinstance(rate, (int, float)) and not 0 <= rate < 1:
        raise AttributeValueError(f"rate={rate} is outside [0, 1)", op="dropout")
    with _scope(name or "dropout") as scope:
        if _is(rate, 0):
            return L.identity(value, name=scope)
        share = convert_to_tensor(rate, None if isinstance(rate, Tensor) else value.dtype)
        noise = noise_of(_noise_like(value, noise_shape), _floats(L.random_uniform, value.dtype))
        return L.where(noise >= share, value * (1 / (1 - share)), 0, name=scope)


def _noise_like(x: Any, noise_shape: Any) -> Any:
    """Lends the noise its shape."""
    if noise_shape is None:
        return x
    if isinstance(noise_shape, Tensor) or None not in noise_shape:
        return like(noise_shape)
    if x.rank != len(noise_shape):
        raise ShapeError(f"noise_shape {tuple(noise_shape)} has not the axes of x, {x.shape}", op="dropout")
    sizes = [s if n is None else n for s, n in zip(x.shape, noise_shape, strict=True)]
    if any(n not in (1, None, s) for s, n in zip(x.shape, noise_shape, strict=True)):
        raise ShapeError(f"noise_shape {tuple(noise_shape)} does not broadcast to x, {x.shape}", op="dropout")
    return L.reduce_max(x, [k for k, s in enumerate(sizes) if s == 1], True)

