"""Recurrent and attention layers, masks and wrappers against what Keras 3.15.1 computed."""
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from keras_sequences import called, cases, counts, numbers, ramp, weights_of

import graphengine as tf
from graphengine import keras
from graphengine.errors import AttributeValueError, InvalidArgumentError, ShapeError
from graphengine.frontend.structure import flatten
from graphengine.keras import layers
from graphengine.keras.masks import get_mask

RECORDED = json.loads((Path(__file__).parent.parent / "data/keras/sequences.json").read_text())
CASES = cases()
COMPILED = ("lstm/begin/mask", "lstm/backwards/mask", "gru/all", "gru_before/last", "simple_rnn/zeros/mask",
            "both/concat", "stacked", "each/dense", "heads/mask", "heads/mask/shown", "shared_heads/options",
            "Attention/mask")


def compare(name, run):
    make, inputs, told, as_list = CASES[name]
    expected = RECORDED[name]
    layer = make(layers)
    called(layer, inputs, told, as_list)
    assert [[w.name.split("/")[-1].split(":")[0], list(w.shape)] for w in layer.weights] == expected["weights"]
    layer.set_weights(weights_of(layer))
    tensors = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        for x in tensors:
            tape.watch(x)
        results = flatten(run(lambda *xs: called(layer, xs, told, as_list))(*tensors))[1]
        total = sum(tf.reduce_sum(y * ramp(tuple(y.shape))) for y in results)
    assert [list(y.shape) for y in results] == [shape for shape, _ in expected["results"]]
    for y, (_, values) in zip(results, expected["results"], strict=True):
        np.testing.assert_allclose(np.ravel(y), values, rtol=1e-5, atol=2e-6)
    found = tape.gradient(total, [*tensors, *layer.trainable_variables])
    for g, values in zip(found, expected["gradients"], strict=True):
        if values is None or g is None:         # a path without influence: none, or zeros
            assert not np.any(values or 0) and not np.any(0 if g is None else g)
        else:
            np.testing.assert_allclose(np.ravel(g), values, rtol=5e-5, atol=5e-6)


@pytest.mark.parametrize("name", CASES)
def test_equals_keras(name):
    compare(name, lambda call: call)


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_equals_keras(name):
    compare(name, tf.function)


@pytest.mark.parametrize("name", [n for n in CASES if "config" in RECORDED[n]])
def test_configurations_are_those_of_keras(name):
    """A layer is made from Keras's configuration, has at least its entries, and comes back from its own."""
    make, inputs, told, as_list = CASES[name]
    theirs = RECORDED[name]["config"]
    cls = type(make(layers))
    made = cls.from_config(theirs)
    ours = made.get_config()
    assert set(theirs) <= set(ours)
    assert ours["dtype"] == "float32"
    nested = {key for key in theirs if isinstance(theirs[key], (dict, list))}
    assert {k: ours[k] for k in theirs if k not in nested} == {k: theirs[k] for k in theirs if k not in nested}
    again = cls.from_config(json.loads(json.dumps(keras.registry.serialize_keras_object(ours))))
    for layer in (made, again):
        called(layer, inputs, told, as_list)
    assert [w.shape for w in again.weights] == [w.shape for w in made.weights]


# -------------------------------------------------------------------- how loops are compiled

def kernels(text):
    """Names of the kernels inside each loop, from what `explain` prints."""
    inside, found = [], []
    for line in str(text).partition("== program ==")[2].partition("== memory ==")[0].splitlines():
        if "each step of" in line:
            inside = []
            found.append(inside)
        elif line.startswith("     "):
            inside.append(line.split(" <- ")[1].split("(")[0])
    return found


def test_a_step_of_a_memory_is_a_product_and_one_kernel():
    """The inputs' products are made for all steps at once, before the loop."""
    layer = layers.LSTM(8)
    x = tf.constant(numbers((4, 6, 5), 0))
    layer(x)
    ((product, rest),) = kernels(tf.function(lambda x: layer(x)).explain(x))
    assert product == "batch_matmul"
    assert rest.count("sigmoid") == 3 and rest.count("tanh") == 2


def test_one_loop_forward_and_one_backward():
    """The loop backward computes no product of the forward one again."""
    layer = layers.LSTM(8)
    x = tf.constant(numbers((4, 6, 5), 0))
    layer(x)

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(x))
        return tape.gradient(total, layer.trainable_variables)

    forward, backward = kernels(gradients.explain(x))
    assert forward.count("batch_matmul") == 1
    assert backward.count("batch_matmul") <= 2


def test_another_batch_and_more_steps_trace_nothing_again():
    layer = layers.GRU(3)
    layer(numbers((2, 5, 4), 0))
    call = tf.function(lambda x: layer(x), input_signature=[tf.TensorSpec([None, None, 4])])
    for shape in ((2, 5, 4), (3, 5, 4), (1, 9, 4)):
        x = tf.constant(numbers(shape, 1))
        np.testing.assert_allclose(call(x), layer(x), rtol=1e-5, atol=1e-6)
    assert call.experimental_get_tracing_count() == 1


# -------------------------------------------------------------------- masks in models

def test_masks_pass_from_embedding_to_memory():
    words = np.array([[3, 1, 2, 0, 0], [1, 4, 0, 0, 0]], "int32")
    inputs = keras.Input(shape=(5,), dtype="int32")
    vectors = layers.Embedding(6, 3, mask_zero=True)(inputs)
    model = keras.Model(inputs, layers.LSTM(4)(vectors))
    short = model(words[1:])
    embedding, memory = model.layers[1:]
    np.testing.assert_allclose(short, memory(embedding(words[1:])), rtol=1e-5, atol=1e-7)
    alone = memory(tf.constant(np.asarray(embedding(words[1:]))[:, :2]))
    np.testing.assert_allclose(short, alone, rtol=1e-5, atol=1e-7)


def test_masks_of_results():
    x = layers.Masking()(numbers((2, 4, 3), 0) * counts(2, 4)[..., None])
    np.testing.assert_array_equal(get_mask(x), counts(2, 4))
    np.testing.assert_array_equal(get_mask(layers.GRU(2, return_sequences=True)(x)), counts(2, 4))
    assert get_mask(layers.GRU(2)(x)) is None
    both = layers.Bidirectional(layers.GRU(2, return_sequences=True, return_state=True))(x)
    assert [get_mask(y) is None for y in both] == [False, True, True]
    np.testing.assert_array_equal(get_mask(layers.TimeDistributed(layers.Dense(2))(x)), counts(2, 4))
    np.testing.assert_array_equal(get_mask(layers.MultiHeadAttention(1, 2)(x, x)), counts(2, 4))


def test_heads_see_the_masks_of_their_inputs():
    x = layers.Masking()(numbers((2, 4, 3), 0) * counts(2, 4)[..., None])
    heads = layers.MultiHeadAttention(2, 3)
    told = heads(tf.constant(np.asarray(x)), tf.constant(np.asarray(x)), query_mask=tf.constant(counts(2, 4)),
                 value_mask=tf.constant(counts(2, 4)))
    np.testing.assert_allclose(heads(x, x), told, rtol=1e-6)


# -------------------------------------------------------------------- states, chance, cells of one's own

def test_states_go_on_from_batch_to_batch():
    x = numbers((2, 6, 3), 0)
    layer = layers.LSTM(4, stateful=True)
    layer(x[:, :3])
    parts = layer(x[:, 3:])
    whole = layers.LSTM(4)
    whole(x)
    whole.set_weights(layer.get_weights())
    layer.reset_state()
    np.testing.assert_allclose(layer(x), whole(x), rtol=1e-6)
    layer.reset_state()
    layer(x[:, :3])
    np.testing.assert_allclose(layer(x[:, 3:]), whole(x), rtol=1e-5, atol=1e-7)
    assert parts.shape == (2, 4) and len(layer.weights) == 3
    with pytest.raises(ShapeError, match="remembers 2 sequences"):
        layer(numbers((3, 6, 3), 0))


@pytest.mark.parametrize("rates", [{"dropout": 0.5}, {"recurrent_dropout": 0.5},
                                   {"dropout": 0.3, "recurrent_dropout": 0.4}])
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_dropping_is_for_training_and_the_same_in_all_steps(kind, rates):
    """With a state that only adds up its inputs, each step adds the same share of them."""
    x = np.ones((3, 5, 4), "float32")
    layer = getattr(layers, kind)(6, seed=1, **rates)
    np.testing.assert_array_equal(layer(x), layer(x, training=False))
    assert np.abs(np.asarray(layer(x, training=True)) - np.asarray(layer(x))).max() > 1e-3
    if kind == "SimpleRNN" and rates == {"dropout": 0.5}:
        sums = layers.SimpleRNN(2, "linear", recurrent_initializer="identity", dropout=0.5, return_sequences=True)
        y = np.asarray(sums(x, training=True))
        np.testing.assert_allclose(np.diff(y, axis=1), np.repeat(y[:, :1], 4, 1), rtol=1e-4, atol=1e-5)


class Leak(keras.Layer):
    """A cell of a user's: a leaky sum, of which the output is twice the state."""

    state_size = 3

    def build(self, input_shape):
        self.rate = self.add_weight((), "ones")

    def call(self, inputs, states):
        (state,) = states
        state = 0.5 * state + self.rate * inputs
        return 2.0 * state, [state]


@pytest.mark.parametrize("run", [lambda f: f, tf.function], ids=["at_once", "compiled"])
def test_cells_of_ones_own(run):
    x = numbers((2, 4, 3), 0)
    layer = layers.RNN(Leak(), return_sequences=True, return_state=True)
    layer(x)
    outputs, last = run(lambda x, mask: layer(x, mask=mask))(tf.constant(x), tf.constant(counts(2, 4)))
    state, shown, expected = np.zeros((2, 3)), np.zeros((2, 3)), []
    for step in range(4):
        here = counts(2, 4)[:, step, None]
        state = np.where(here, 0.5 * state + x[:, step], state)
        shown = np.where(here, 2 * state, shown)
        expected.append(shown)
    np.testing.assert_allclose(outputs, np.stack(expected, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last, state, rtol=1e-5, atol=1e-6)


def test_no_step_gives_the_first_states():
    begin = [numbers((2, 3), 0), numbers((2, 3), 1)]
    outputs, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(
        np.zeros((2, 0, 4), "float32"), initial_state=begin)
    assert outputs.shape == (2, 0, 3)
    np.testing.assert_array_equal(h, begin[0])
    np.testing.assert_array_equal(c, begin[1])


def test_shapes_that_are_told_before():
    assert layers.LSTM(3).compute_output_shape((None, 5, 2)) == (None, 3)
    assert layers.GRU(3, return_sequences=True).compute_output_shape((None, None, 2)) == (None, None, 3)
    assert layers.Bidirectional(layers.LSTM(3)).compute_output_shape((4, 5, 2)) == (4, 6)
    assert layers.TimeDistributed(layers.Dense(7)).compute_output_shape((None, 5, 2)) == (None, 5, 7)
    x = keras.Input((None, 4))
    y, weights = layers.MultiHeadAttention(2, 3)(x, x, return_attention_scores=True)
    assert tuple(y.shape) == (None, None, 4) and tuple(weights.shape) == (None, 2, None, None)
    assert tuple(layers.LSTM(3, return_sequences=True)(x).shape) == (None, None, 3)


def test_models_of_sequences_come_back_from_their_configurations():
    """Layers with several inputs are built from the shapes of each."""
    x = numbers((2, 6, 3), 0)
    inputs = keras.Input((None, 3))
    h = layers.Masking()(inputs)
    h = layers.Bidirectional(layers.LSTM(2, return_sequences=True, dropout=0.2, recurrent_dropout=0.2))(h)
    h = layers.TimeDistributed(layers.Dense(4, "relu"))(h)
    h = layers.MultiHeadAttention(2, 3, dropout=0.1)(h, h, use_causal_mask=True)
    h = layers.Attention(use_scale=True)([h, h])
    h, state = layers.GRU(3, return_state=True)(h)
    h = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)])(layers.RepeatVector(3)(h), initial_state=None)
    model = keras.Model(inputs, [h, state])
    again = keras.Functional.from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    for a, b in zip(model(x), again(x), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(model(x), tf.function(lambda x: again(x))(tf.constant(x)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


# -------------------------------------------------------------------- training

def test_a_network_learns_to_remember():
    """The sign of the first of five numbers, after the others have passed."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(128, 5, 1)).astype("float32")
    y = (x[:, 0, 0] > 0).astype("float32")
    tf.random.set_seed(3)
    model = keras.Sequential([keras.Input((5, 1)), layers.LSTM(8), layers.Dense(1)])
    optimizer = keras.optimizers.Adam(0.03)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            cost = tf.reduce_mean((model(x, training=True)[:, 0] - y) ** 2)
        gradients = tape.gradient(cost, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return cost

    history = [float(step(x, y)) for _ in range(60)]
    assert history[-1] < 0.05 < 0.3 < history[0]


# -------------------------------------------------------------------- errors

def test_errors_name_the_argument():
    with pytest.raises(AttributeValueError, match="units=0"):
        layers.LSTM(0)
    with pytest.raises(AttributeValueError, match="merge_mode='add'"):
        layers.Bidirectional(layers.LSTM(2), merge_mode="add")
    with pytest.raises(AttributeValueError, match="True for one layer"):
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2))
    with pytest.raises(AttributeValueError, match="state_size"):
        layers.RNN(layers.Dense(2))
    with pytest.raises(ShapeError, match="cannot be unrolled"):
        layers.GRU(2, unroll=True)(keras.Input((None, 3)))
    with pytest.raises(ShapeError, match="size of batches"):
        layers.GRU(2, stateful=True)(keras.Input((4, 3)))
    with pytest.raises(ShapeError, match="3 axes"):
        layers.GRU(2)(np.zeros((2, 3), "float32"))
    with pytest.raises(InvalidArgumentError, match="query, value"):
        layers.Attention()(np.zeros((2, 3, 4), "float32"))
    with pytest.raises(ShapeError, match="differ in length"):
        x = np.zeros((2, 3, 4), "float32")
        layers.MultiHeadAttention(1, 2)(x, x, np.zeros((2, 5, 4), "float32"))
    with pytest.raises(AttributeValueError, match="num_key_value_heads=3"):
        layers.GroupQueryAttention(2, 4, 3)
    with pytest.raises(ShapeError, match="have no steps"):
        layers.TimeDistributed(layers.Dense(2))(np.zeros((2, 3), "float32"))


def test_each_step_draws_its_own():
    """As Keras, which calls the layer once for each step."""
    layer = layers.TimeDistributed(layers.Dropout(0.5, seed=1))
    first = [[1, 0, 1], [0, 0, 0], [1, 0, 1], [1, 0, 1]]
    np.testing.assert_array_equal(layer(np.ones((2, 4, 3), "float32"), training=True)[0], 2.0 * np.array(first))


@pytest.mark.parametrize("inner", [layers.BatchNormalization, partial(layers.Dropout, 0.5)])
def test_more_steps_are_no_more_to_compile(inner):
    found = []
    for steps in (3, 30):
        with tf.Graph().as_default() as graph:
            layers.TimeDistributed(inner())(tf.placeholder(tf.float32, [None, steps, 4]), training=True)
            found.append(len(graph.get_operations()))
    assert found[0] == found[1]


@pytest.mark.parametrize("steps", [3, None])
def test_losses_of_steps_are_added_up(steps):
    inner = keras.Sequential([layers.ActivityRegularization(l2=0.5), layers.BatchNormalization()])
    inputs = keras.Input((steps, 2))
    model = keras.Model(inputs, layers.TimeDistributed(inner)(inputs))
    model.compile("sgd", lambda wanted, found: 0.0 * found)
    x = np.arange(12, dtype="float32").reshape(2, 3, 2)
    assert model.fit(x, x, verbose=0).history["loss"][0] == pytest.approx(0.5 * np.sum(x**2) / len(x))
