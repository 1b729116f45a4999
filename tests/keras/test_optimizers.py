"""Optimizers and schedules against what Keras computed, and promises about the step that they compile to."""
import json
import pathlib

import numpy as np
import pytest

import graphengine as tf
from graphengine import config, keras
from graphengine.errors import AttributeValueError, FailedPreconditionError, InvalidArgumentError
from graphengine.keras import optimizers, registry
from graphengine.keras.optimizers import schedules

RECORDED = json.loads((pathlib.Path(__file__).parent / "optimizers.json").read_text())
STARTS = ([[0.5, -1.0, 2.0], [0.25, 0.0, -0.75]], [1.0, -2.0, 0.5], 0.3)
STEPS = 5


def variables():
    return [tf.Variable(np.float32(x)) for x in STARTS]


def gradients(step):
    """The recorded trainings' gradients: waves of a size of their own for each variable."""
    sizes = enumerate(np.shape(x) for x in STARTS)
    return [tf.constant(np.float32(np.sin(np.arange(np.prod(s)) + step * 1.3 + k).reshape(s) * (0.5 + k)))
            for k, s in sizes]


def trained(optimizer, run=lambda f: f, steps=STEPS):
    own = variables()
    optimizer.build(own)
    step = run(lambda gs: optimizer.apply(gs, own))
    for k in range(steps):
        step(gradients(k))
    optimizer.finalize_variable_values(own)
    return own


@pytest.mark.parametrize("tier", ["at once", "kernels"])
@pytest.mark.parametrize("name", RECORDED["optimizers"])
def test_steps_are_those_of_keras(name, tier):
    case = RECORDED["optimizers"][name]
    optimizer = optimizers.deserialize({"class_name": case["class_name"], "config": case["config"]})
    if tier == "at once":
        found = trained(optimizer)
    else:
        with config.override(tier="kernels"):
            found = trained(optimizer, tf.function)
    for v, expected in zip(found, case["values"], strict=True):
        np.testing.assert_allclose(v.numpy().ravel(), expected, rtol=1e-5, atol=1e-6)
    assert int(optimizer._iterations) == STEPS


@pytest.mark.parametrize("name", RECORDED["optimizers"])
def test_config_makes_an_equal_optimizer(name):
    case = RECORDED["optimizers"][name]
    first = optimizers.deserialize({"class_name": case["class_name"], "config": case["config"]})
    text = json.dumps(optimizers.serialize(first))
    second = optimizers.deserialize(json.loads(text))
    assert type(second) is type(first) and second.get_config() == first.get_config()
    for a, b in zip(trained(first, steps=2), trained(second, steps=2), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("case", RECORDED["schedules"], ids=lambda c: c["class_name"])
def test_schedules_are_those_of_keras(case):
    schedule = schedules.deserialize({"class_name": case["class_name"], "config": case["config"]})
    assert schedule.get_config() == case["config"]
    again = schedules.deserialize(json.loads(json.dumps(schedules.serialize(schedule))))
    compiled = tf.function(again)
    for step, expected in enumerate(case["values"]):
        for rate in (schedule(step), schedule(tf.constant(step)), compiled(tf.constant(step, tf.int64))):
            assert rate.dtype is tf.float32 and rate.shape.rank == 0
            np.testing.assert_allclose(rate.numpy(), expected, rtol=2e-5, atol=1e-7)


def test_names():
    assert type(optimizers.get("adam")) is type(optimizers.get("Adam")) is optimizers.Adam
    assert isinstance(optimizers.get("rmsprop"), optimizers.RMSprop)
    assert isinstance(optimizers.get("adamw"), optimizers.AdamW)
    made = optimizers.SGD()
    assert optimizers.get(made) is made and optimizers.get(None) is None
    with pytest.raises(InvalidArgumentError, match="Adam"):
        optimizers.get("adma")
    assert optimizers.SGD(name="mine").name == "mine"


def test_arguments_are_checked():
    with pytest.raises(InvalidArgumentError, match="did you mean 'beta_1'"):
        optimizers.Adam(beta1=0.5)
    with pytest.raises(InvalidArgumentError, match="clipnorm and clipvalue"):
        optimizers.SGD(clipnorm=1.0, clipvalue=1.0)
    for arguments in ({"momentum": 1.5}, {"gradient_accumulation_steps": 1}, {"use_ema": True, "ema_momentum": 2.0},
                      {"use_ema": True, "ema_overwrite_frequency": 0.5}):
        with pytest.raises(AttributeValueError):
            optimizers.SGD(**arguments)
    with pytest.raises(AttributeValueError):
        schedules.ExponentialDecay(0.1, 0, 0.5)
    with pytest.raises(InvalidArgumentError):
        schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2])


def test_gradients_have_to_fit():
    optimizer = optimizers.SGD(0.5)
    with pytest.raises(FailedPreconditionError):
        optimizer.apply([tf.constant(1.0)])
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
    optimizer.build([a, b])
    with pytest.warns(UserWarning, match="Gradients do not exist for variables .*b"):
        optimizer.apply([tf.constant(1.0), None])
    assert (float(a), float(b)) == (0.5, 2.0)
    with pytest.raises(InvalidArgumentError, match="No gradients"):
        optimizer.apply([None, None])
    with pytest.raises(InvalidArgumentError, match="built for"):
        optimizer.apply_gradients([(tf.constant(1.0), tf.Variable(3.0))])
    with pytest.raises(InvalidArgumentError, match="1 gradients for 2"):
        optimizer.apply([tf.constant(1.0)])
    assert optimizer.apply([]) is None and int(optimizer.iterations) == 1


def test_learning_rate_is_set_without_a_new_trace():
    optimizer, w = optimizers.SGD(0.5), tf.Variable(1.0)
    optimizer.build([w])
    step = tf.function(lambda g: optimizer.apply([g], [w]))
    step(tf.constant(1.0))
    optimizer.learning_rate = 0.25
    step(tf.constant(1.0))
    assert float(w) == 0.25 and float(optimizer.learning_rate) == 0.25
    assert step.experimental_get_tracing_count() == 1
    scheduled = optimizers.SGD(schedules.ExponentialDecay(0.5, 1, 0.5))
    with pytest.raises(TypeError, match="schedule"):
        scheduled.learning_rate = 0.1
    scheduled.learning_rate = schedules.InverseTimeDecay(0.5, 1, 1.0)
    assert float(scheduled.learning_rate) == 0.5
    assert float(optimizers.SGD(lambda: 0.125).learning_rate) == 0.125


def test_weight_decay_leaves_out_what_it_is_told():
    kernel, bias, other = (tf.Variable(1.0, name=n) for n in ("kernel", "bias", "other"))
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[other], var_names=["bias"])
    optimizer.apply([tf.constant(0.0)] * 3, [kernel, bias, other])
    assert [float(v) for v in (kernel, bias, other)] == [0.75, 1.0, 1.0]
    with pytest.raises(FailedPreconditionError):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_state_is_saved_and_loaded():
    first, second = optimizers.Adam(0.1, amsgrad=True), optimizers.Adam(0.3, amsgrad=True)
    own = trained(first, steps=2)
    store = {}
    first.save_own_variables(store)
    assert [v.shape for v in first.variables] == [np.shape(store[str(k)]) for k in range(len(store))]
    with pytest.warns(UserWarning, match="Skipping"):
        second.load_own_variables(store)
    others = [tf.Variable(v.numpy()) for v in own]
    second.build(others)
    second.load_own_variables(store)
    for optimizer, held in ((first, own), (second, others)):
        optimizer.apply(gradients(3), held)
    for a, b in zip(own, others, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    second.set_weights([v.numpy() for v in first.variables])
    assert int(second.iterations) == int(first.iterations) == 3


def test_slots_stand_where_keras_has_them():
    """Files hold an optimizer's variables by their numbers."""
    def shapes(optimizer):
        optimizer.build(variables())
        return [tuple(v.shape) for v in optimizer.variables]

    assert shapes(optimizers.Adam())[:5] == [(), (), (2, 3), (2, 3), (3,)]
    assert shapes(optimizers.RMSprop(momentum=0.5))[:6] == [(), (), (2, 3), (3,), (), (2, 3)]
    assert shapes(optimizers.Adam(amsgrad=True))[-3:] == [(2, 3), (3,), ()]
    assert shapes(optimizers.Nadam())[-1] == ()
    assert shapes(optimizers.Adafactor()) == [(), (), (2,), (3,), (2, 3), (), (), (3,), (), (), ()]


@registry.register_keras_serializable("tests")
class Heavy(optimizers.Optimizer):
    """An optimizer as a user of Keras writes it."""

    def __init__(self, learning_rate=0.5, name="heavy", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, m * 0.5 - gradient * learning_rate)
        self.assign_add(variable, m)


@pytest.mark.parametrize("run", [lambda f: f, tf.function])
def test_optimizers_of_users(run):
    optimizer, w = Heavy(), tf.Variable(1.0)
    optimizer.build([w])
    step = run(lambda g: optimizer.apply_gradients([(g, w)]))
    for _ in range(2):
        step(tf.constant(1.0))
    assert float(w) == 1.0 - 0.5 - 0.75
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is Heavy and float(again.learning_rate) == 0.5


def test_float64_and_zero_size():
    v, empty = tf.Variable(np.ones(3)), tf.Variable(np.zeros((0, 2), np.float32))
    optimizer = optimizers.Adam(0.1)
    optimizer.build([v, empty])
    step = tf.function(lambda: optimizer.apply([tf.ones([3], tf.float64), tf.zeros([0, 2])], [v, empty]))
    step()
    np.testing.assert_allclose(v.numpy(), 0.9, rtol=1e-6)


# -------------------------------------------------------------------- what is compiled

def compiled_step(optimizer):
    rng = np.random.default_rng(0)
    sizes = (20, 32), (32,), (32, 3), (3,)
    weights = [tf.Variable(rng.standard_normal(s).astype("float32"), name=f"w{k}") for k, s in enumerate(sizes)]
    optimizer.build(weights)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            z = tf.nn.relu(x @ weights[0] + weights[1]) @ weights[2] + weights[3]
            loss = tf.reduce_mean(tf.square(z - y))
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step.explain(np.zeros((16, 20), "float32"), np.zeros((16, 3), "float32")).compilation


@pytest.mark.parametrize("name, arguments, kernels", [
    ("SGD", {"momentum": 0.9}, 2),          # of weights the product makes the step itself
    ("RMSprop", {}, 1), ("Adagrad", {}, 1), ("Adadelta", {}, 1), ("Adam", {}, 1),
    ("AdamW", {"amsgrad": True}, 1), ("Adamax", {}, 1), ("Nadam", {}, 1), ("Ftrl", {}, 1),
    ("Lion", {}, 2),                        # its step and its memory have nothing in common but what they read
])
def test_each_variable_is_updated_in_place_by_one_kernel(name, arguments, kernels):
    program = compiled_step(getattr(optimizers, name)(**arguments)).program
    assert not [i for i in program.instructions if "copy" in i.title]
    for variable in ("w0", "w1", "w2", "w3"):
        homes = {b.index for b in program.buffers
                 if b.kind == "state" and b.name.rpartition("/")[2].startswith(variable)}
        writers = [i for i in program.instructions if homes & set(i.writes)]
        assert len(homes) > 1 and len(writers) <= kernels, variable
        assert homes <= {b for i in writers for b in i.writes}


def test_adam_takes_one_kernel_more_for_each_product_that_descent_makes_the_step_of():
    """What it needs from the number of the step is computed where that is counted."""
    calls = [len(compiled_step(optimizer).program.instructions) for optimizer in (
        optimizers.SGD(), optimizers.Adam(), optimizers.Adam(learning_rate=0.5, clipvalue=1.0))]
    assert calls[0] + 2 == calls[1] == calls[2]


def test_lamb_stands_still_where_a_gradient_has_faded():
    """After 100 steps what Keras gives; after 700 its direction has no length, and the variable is finite."""
    own, found = tf.Variable([3.0, 4.0]), []
    optimizer = optimizers.Lamb(0.1)
    step = tf.function(lambda g: optimizer.apply([g], [own]))
    for k in range(700):
        step(tf.constant([0.01, 0.02] if k == 0 else [0.0, 0.0]))
        found.append(own.numpy())
    np.testing.assert_allclose(found[99], [-315.616455, -314.631805], rtol=1e-4)
    assert np.isfinite(found[-1]).all()
    np.testing.assert_array_equal(found[-1], found[-20])


def several():
    found = optimizers.OptimizerMap(optimizers.SGD(0.1), {"a": optimizers.Adam(0.1)})
    found["b.*"] = optimizers.RMSprop(0.1)
    return found


def named_variables():
    return [keras.Variable(np.float32(x), name=name) for x, name in zip(STARTS, ("a", "bias", "c"), strict=True)]


def test_several_optimizers_are_each_of_its_variables():
    """What Keras 3.15 computes; the paths are names here."""
    wanted = [[0.3330034, -1.233503, 1.891303, 0.3057806, 0.2461038, -0.6187285], [0.8251081, -2.097402, 0.3222977],
              [0.255587]]
    for run in (lambda f: f, tf.function):
        optimizer, own = optimizers.MultiOptimizer(several()), named_variables()
        step = run(lambda gs, o=optimizer, v=own: o.apply(gs, v))
        for k in range(STEPS):
            if k == 0:
                optimizer.build(own)
            step(gradients(k))
        for v, expected in zip(own, wanted, strict=True):
            np.testing.assert_allclose(v.numpy().ravel(), expected, rtol=1e-5, atol=1e-6)
        assert int(optimizer.iterations) == STEPS and len(optimizer.variables) == 11
    again = optimizers.MultiOptimizer.from_config(json.loads(json.dumps(optimizer.get_config())))
    assert [type(o).__name__ for o in again.optimizers] == ["Adam", "RMSprop", "SGD"]
    with pytest.raises(AttributeError, match="no learning rate"):
        again.learning_rate


def test_several_optimizers_in_a_model(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="first"), keras.layers.Dense(1)])
    choices = optimizers.OptimizerMap(optimizers.Adam(), {".*first/kernel": optimizers.Muon()})
    model.compile(optimizers.MultiOptimizer(choices), "mse")
    x, y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    for a, b in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    model.fit(x, y, verbose=0)
    again.fit(x, y, verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), again.predict(x, verbose=0), rtol=1e-6)


def test_optimizers_by_path_are_checked():
    choices = several()
    assert isinstance(choices["b1"], optimizers.RMSprop) and isinstance(choices["other"], optimizers.SGD)
    with pytest.raises(InvalidArgumentError, match="already"):
        choices["a"] = optimizers.SGD()
    with pytest.raises(AttributeValueError, match="one kind"):
        choices["x"] = optimizers.MultiOptimizer(several())
    choices[".*s"] = optimizers.SGD()
    with pytest.raises(InvalidArgumentError, match="both match 'bias'"):
        choices["bias"]
    with pytest.raises(TypeError, match="no optimizer"):
        optimizers.OptimizerMap("sgd")


def test_muon_leaves_to_adam_what_is_no_matrix():
    optimizer = optimizers.Muon(exclude_layers=["out"])
    shapes = {"kernel": (3, 2), "embeddings": (4, 2), "out": (2, 2), "bias": (2,)}
    own = [keras.Variable(np.ones(s, np.float32), name=n) for n, s in shapes.items()]
    optimizer.build(own)
    assert [v.name.rpartition("_")[2] for v in optimizer.variables[2:]] == [
        "momentum", "momentum", "velocity", "momentum", "velocity", "momentum", "velocity"]


def test_schedule_free_keeps_some_of_the_mean():
    with pytest.raises(AttributeValueError, match=r"beta_1=0.* is outside \(0, 1\]"):
        keras.optimizers.ScheduleFreeAdamW(beta_1=0.0)


@pytest.mark.parametrize("clipnorm", [None, 100.0])
def test_slices_as_a_gradient(clipnorm):
    """By hand: 0.5 times the sums of the slices of each row."""
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    slices = tf.IndexedSlices(tf.constant([[1.0, 1.0], [2.0, 4.0], [1.0, 0.0]]), tf.constant([2, 0, 2]))
    optimizers.SGD(0.5, clipnorm=clipnorm).apply_gradients([(slices, v)])
    assert v.numpy().tolist() == [[0.0, 0.0], [3.0, 4.0], [4.0, 5.5]]
