"""Which of TensorFlow's kinds an error is: what programs catch, and the numbers of the kinds."""
import pickle

import numpy as np
import pytest

import graphengine as tf

CODES = {                                   # recorded from TensorFlow 2.21
    "CANCELLED": 1, "UNKNOWN": 2, "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8, "FAILED_PRECONDITION": 9, "ABORTED": 10, "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12, "INTERNAL": 13, "UNAVAILABLE": 14, "DATA_LOSS": 15, "UNAUTHENTICATED": 16,
}


@pytest.mark.parametrize("kind", CODES)
def test_each_kind_is_made_and_caught_as_in_tensorflow(kind):
    name = "".join(word.capitalize() for word in kind.split("_")) + "Error"
    with pytest.raises(tf.errors.OpError, match="what went wrong") as caught:
        raise getattr(tf.errors, name)(None, None, "what went wrong")
    error = caught.value
    assert type(error).__name__ == name and error.message == "what went wrong" and error.op is None
    assert error.error_code == getattr(tf.errors, kind) == CODES[kind]
    assert type(pickle.loads(pickle.dumps(error))) is type(error)


def test_an_error_of_a_number():
    error = tf.errors.OpError(None, None, "lost", tf.errors.DATA_LOSS)
    assert (error.message, error.error_code, tf.errors.OK) == ("lost", 15, 0)


@pytest.mark.parametrize("wrong", [
    lambda: tf.gather(tf.constant([1.0, 2.0]), [5]),
    lambda: tf.constant([1.0, 2.0])[5],
    lambda: tf.constant(1) + tf.constant(1.0),
    lambda: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3])),
    lambda: tf.ones([2]) + tf.ones([3]),
    lambda: tf.reshape(tf.ones([3]), [2]),
    lambda: tf.debugging.assert_equal(tf.constant(1), tf.constant(2)),
    lambda: tf.debugging.check_numerics(tf.constant(np.nan), "found"),
], ids=["gather", "index", "dtypes", "matmul", "sizes", "reshape", "assert_equal", "check_numerics"])
def test_what_an_operation_refuses_is_an_invalid_argument(wrong):
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        wrong()
    assert caught.value.error_code == tf.errors.INVALID_ARGUMENT
    assert not isinstance(caught.value, tf.errors.OutOfRangeError)      # which ends loops over data


def test_python_cannot_decide_on_a_tensor_of_a_graph():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32)
        for use in (bool, list):
            with pytest.raises(tf.errors.OperatorNotAllowedInGraphError) as caught:
                use(x)
            assert isinstance(caught.value, TypeError)


def test_files(tmp_path):
    path = tmp_path / "x"
    with pytest.raises(tf.errors.NotFoundError) as caught:
        tf.io.gfile.GFile(path).read()
    assert caught.value.error_code == tf.errors.NOT_FOUND and isinstance(caught.value, FileNotFoundError)
    path.write_text("x")
    for wrong in (lambda: tf.io.gfile.copy(path, path), lambda: tf.io.gfile.mkdir(tmp_path)):
        with pytest.raises(tf.errors.AlreadyExistsError, match=r"x|File exists") as caught:
            wrong()
        assert isinstance(caught.value, FileExistsError)
    assert tf.io.gfile.get_registered_schemes() == [""]


def test_each_number_of_an_error_has_its_class():
    kinds = tf.compat.v1.errors
    for name, number in CODES.items():
        kind = kinds.exception_type_from_error_code(number)
        assert kind.__name__ == "".join(map(str.capitalize, name.split("_"))) + "Error"
        assert kinds.error_code_from_exception_type(kind) == number


@pytest.mark.parametrize("arguments", [
    ((), {"node_def": None, "op": None, "message": "m"}), ((None, None), {"message": "m"}),
    ((None,), {"op": None, "message": "m"}),
    ((None, None, "m"), {}), (("m",), {})])
def test_errors_are_made_with_tensorflows_arguments(arguments):
    positional, named = arguments
    error = tf.errors.NotFoundError(*positional, **named)
    assert error.message == "m" and error.error_code == tf.errors.NOT_FOUND
    error = tf.errors.OpError(None, None, "m", 9)
    assert (error.message, error.error_code) == ("m", 9)
    assert tf.errors.OpError(None, None, message="m", error_code=9).error_code == 9


@pytest.mark.parametrize(("wrong", "match"), [
    (lambda: tf.argsort([2.0, 1.0], stable=[7, 8]), "stable=.7, 8.; it takes a single value"),
    (lambda: tf.reduce_max([1.0], keepdims="yes"), "keepdims='yes'; it takes True or False"),
    (lambda: tf.norm([1.0], ord=[7, 8]), "norm: ord="),
    (lambda: tf.norm([1.0], axis=[]), "names 0 axes"),
    (lambda: tf.concat([[1.0]], [[1, 2], [3]]), "not a whole number"),
    (lambda: tf.stack(True), "stack: values=True; it takes a list of tensors"),
    (lambda: tf.add_n([]), "add_n: inputs=.*one at least"),
    (lambda: tf.repeat([1.0, 2.0], -1), "-1 is negative"),
    (lambda: tf.reverse_sequence([[1.0]], [1], "abc"), "axis='abc'; it takes a whole number"),
    (lambda: tf.unstack([[1.0]], axis=9), "axis 9 is outside"),
    (lambda: tf.split([1.0, 2.0], [1, 1], axis=9), "axis 9 is outside"),
    (lambda: tf.range([1, 2]), "range: limit has shape|range: start has shape"),
    (lambda: tf.eye(2, num_columns=-1), "eye: a matrix of 2 by -1"),
    (lambda: tf.linalg.lu(3.0), "linalg.lu: input has shape"),
    (lambda: tf.unravel_index([1], 5), "is a single number; it takes a list"),
    (lambda: tf.debugging.assert_less(np.ones(2), np.ones(3)), "sizes differ"),
    (lambda: tf.image.random_brightness(np.zeros((2, 2, 3)), "much"), "image.random_brightness: max_delta='much'"),
    (lambda: tf.image.central_crop(np.zeros((2, 2, 3)), [0.5, 0.5]), "image.central_crop: central_fraction="),
    (lambda: tf.math.sobol_sample(-1, 2), "math.sobol_sample: dim=-1"),
    (lambda: tf.slice(tf.constant([1.0, 2.0]), [1], [4]), "slice: a block of 4 from 1"),
])
def test_arguments_that_mean_nothing_are_named(wrong, match):
    with pytest.raises(tf.errors.InvalidArgumentError, match=match):
        wrong()
